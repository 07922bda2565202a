#include <commy/base/log.hpp>
#include <commy/host/exchange.hpp>
#include <commy/host/mail_clerk.hpp>
#include <commy/host/peer_text.hpp>
#include <commy/host/remote_actor.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace commy::host {

using namespace std::chrono_literals;
using memory::cell_kind;
using message::parcel;
using message::protocol_line;

namespace {

/// At our end actors that stand for others have this long to end, too: they do
/// nothing but to answer those who wait.
constexpr auto stand_ins_end_within = 5s;

std::vector<protocol_line> lines_of(const wire_port& port) {
  std::vector<protocol_line> lines;
  for (const auto& entry : port.protocol())
    lines.push_back({entry.id, entry.layout});
  return lines;
}

}  // namespace

exchange::exchange(actor_system& actors, peer_watch& peers, segment shared,
                   message::name_table names,
                   std::optional<message::protocol_table> protocols)
    : actors_{actors},
      peers_{peers},
      shared_{std::move(shared)},
      names_{std::move(names)},
      protocols_{std::move(protocols)} {}

exchange::~exchange() = default;

result<std::shared_ptr<exchange>, inbox_error> exchange::open(
    actor_system& actors, peer_watch& peers, const segment& shared,
    const message::inbox_options& options) {
  auto box = message::inbox::open(shared, options);
  if (!box) return unexpected{box.error()};
  auto names = message::name_table::open(shared);
  if (!names) return unexpected{inbox_error::names, names.error().message()};
  std::optional<message::protocol_table> protocols;
  if (auto table = message::protocol_table::open(shared)) {
    protocols.emplace(std::move(*table));
  }
  std::shared_ptr<exchange> made{new exchange{
      actors, peers, shared, std::move(*names), std::move(protocols)}};
  made->tag_ = box->tag();
  // As many as its queue for one receiver, some of them at once.
  auto clerk = actors.try_spawn<mail_clerk>(
      spawn_options{.mailbox_messages = 4 * mail_clerk::waiting_max}, made);
  if (!clerk) {
    return unexpected{inbox_error::detached, clerk.error().message()};
  }
  made->clerk_ = *clerk;
  made->inbox_ = std::make_shared<inbox_reader>(
      actors, std::move(*box),
      [raw = made.get()](const parcel& p) { return raw->take(p); });
  return made;
}

std::shared_ptr<inbox_reader> exchange::inbox() const {
  const std::lock_guard hold{mutex_};
  return inbox_;
}

result<void, inbox_error> exchange::publish(
    std::string_view name, const std::optional<wire_port>& port) {
  const auto box = inbox();
  if (box == nullptr) return unexpected{inbox_error::detached, name};
  auto whom = port;
  if (!whom) {
    if (auto found = actors_.find_port(name)) whom = *found;
  }
  const auto lines = whom ? lines_of(*whom) : std::vector<protocol_line>{};
  // What comes at once, a message or the actor's end, waits for this.
  const std::lock_guard hold{mutex_};
  const auto number = box->box().publish(name, lines);
  if (!number) return unexpected{number.error()};
  auto& ours = published_[*number];
  ours.name = name;
  ours.port = port;
  if (whom) ours.watch = mail_clerk::have_watched(clerk_, whom->receiver());
  return {};
}

void exchange::withdraw(std::string_view name) {
  published ended;
  std::uint32_t number = 0;
  {
    const std::lock_guard hold{mutex_};
    const auto at =
        std::find_if(published_.begin(), published_.end(),
                     [&](const auto& p) { return p.second.name == name; });
    if (at == published_.end()) return;
    number = at->first;
    ended = std::move(at->second);
    published_.erase(at);
  }
  end_published(ended, number, {});
}

void exchange::actor_ended(watch_id watch,
                           const std::vector<std::string>& reasons) {
  published ended;
  std::uint32_t number = 0;
  {
    const std::lock_guard hold{mutex_};
    const auto at =
        std::find_if(published_.begin(), published_.end(),
                     [&](const auto& p) { return p.second.watch == watch; });
    if (at == published_.end()) return;  // Withdrawn before.
    number = at->first;
    ended = std::move(at->second);
    published_.erase(at);
  }
  end_published(ended, number, reasons);
}

void exchange::end_published(const published& ours, std::uint32_t number,
                             const std::vector<std::string>& reasons) {
  if (const auto box = inbox()) box->box().withdraw(ours.name);
  for (const auto& watcher : ours.watchers)
    tell_ended(watcher, number, reasons);
}

void exchange::tell_ended(const actors::peer& whom, std::uint32_t number,
                          const std::vector<std::string>& reasons) noexcept {
  try {
    std::string text;
    for (const auto& reason : reasons) {
      if (!text.empty()) text += '\n';
      text += reason;
    }
    text.resize(std::min(text.size(), reasons_max));
    send(whom, {.bytes = std::as_bytes(std::span{text}),
                .kind = cell_kind::ended,
                .correlation = number});
  } catch (const std::bad_alloc&) {
    return;  // They find out when they send.
  }
}

bool exchange::try_send(outgoing_mail& mail) noexcept {
  std::array<message::carried_loan, memory::loans_max> loans{};
  std::size_t count = 0;
  for (auto& [block, place] : mail.loans)
    loans.at(count++) = {&block, place};
  message::ring_producer to{engine(), mail.to.slot, mail.to.reader};
  const auto sent = to.push({.actor = mail.actor,
                             .id = mail.id,
                             .bytes = mail.bytes,
                             .loans = std::span{loans}.first(count),
                             .kind = mail.kind,
                             .correlation = mail.correlation});
  return sent || (sent.error() != send_error::ring_full &&
                  sent.error() != send_error::no_memory &&
                  sent.error() != send_error::busy);
}

void exchange::send(const actors::peer& to,
                    const message::outgoing& mail) noexcept {
  if (to.reader == 0) return;
  try {
    message::ring_producer producer{engine(), to.slot, to.reader};
    const auto sent = producer.push(mail);
    if (sent) return;
    switch (sent.error().code()) {
      case send_error::ring_full:
      case send_error::no_memory:
      case send_error::busy: {
        outgoing_mail later{to,         mail.kind,
                            mail.actor, mail.correlation,
                            mail.id,    {mail.bytes.begin(), mail.bytes.end()}};
        later.loans.reserve(mail.loans.size());
        for (const auto& [block, place] : mail.loans)
          later.loans.push_back({std::move(*block), place});
        if (!clerk_.tell(mail_clerk::try_later{std::move(later)})) {
          count_lost_answer();
        }
        return;
      }
      case send_error::too_large:
      case send_error::foreign_loan:
        if (mail.kind == cell_kind::reply) {
          const auto text =
              refusal_bytes(ask_error::handler_failed, sent.error().message());
          send(to, {.id = mail.id,
                    .bytes = text,
                    .kind = cell_kind::refusal,
                    .correlation = mail.correlation});
        }
        return;
      default:
        return;  // Nobody is there to be told.
    }
  } catch (const std::bad_alloc&) {
    count_lost_answer();
  } catch (const memory::write_failed&) {
    count_lost_answer();
  }
}

void exchange::note_closed(const std::shared_ptr<peer_link>& peer) noexcept {
  // seq_cst: see peer_link::is_gone(). The first one tells.
  if (peer->gone.exchange(true, std::memory_order_seq_cst)) return;
  try {
    note({peer, std::nullopt});
    peers_.suspect(peer->watch_key);
  } catch (const std::bad_alloc&) {
    return;  // The watch tells it.
  }
}

void exchange::note(news what) {
  std::uint64_t number = 0;
  {
    const std::lock_guard hold{mutex_};
    if (closed_) return;
    number = ++last_note_;
    notes_.emplace(number, std::move(what));
  }
  // A peer that answered and then left must not be taken for one that left
  // without an answer: first what it has sent, then its end.
  outgoing_mail to_us{.to = {engine()->slot(), tag_},
                      .kind = cell_kind::ended,
                      .correlation = number};
  // With a full ring at once: those who wait must not wait for room.
  if (!try_send(to_us)) take_note(number);
}

void exchange::take_note(std::uint64_t number) {
  news what;
  {
    const std::lock_guard hold{mutex_};
    const auto at = notes_.find(number);
    if (at == notes_.end()) return;  // Not from us.
    what = std::move(at->second);
    notes_.erase(at);
  }
  const auto& peer = what.peer;
  if (!what.end) return pending_.end(peer->who, peer->title + " has ended");
  // relaxed: a statistic.
  peers_ended_.fetch_add(1, std::memory_order_relaxed);
  if (!what.end->died) {
    return end_link(peer, {}, peer->title + " has closed its inbox");
  }
  const auto text = peer->title + " " + what.end->how.text();
  log(log_level::info, "host", text);
  end_link(peer, {text}, text);
}

void exchange::end_link(const std::shared_ptr<peer_link>& peer,
                        const std::vector<std::string>& reasons,
                        std::string_view text) {
  // seq_cst, and before the look at its requests: see peer_link::is_gone().
  peer->gone.store(true, std::memory_order_seq_cst);
  // Those who wait come first.
  pending_.end(peer->who, text);
  std::vector<actors::cell_handle> over;
  {
    const std::lock_guard hold{mutex_};
    std::erase_if(proxies_, [&](const auto& named) {
      if (named.second.peer != peer) return false;
      over.push_back(named.second.actor);
      return true;
    });
    std::erase(links_, peer);
  }
  for (const auto& actor : over)
    actors::end_because(actor, reasons, text);
}

exchange_statistics exchange::statistics() const {
  const auto box = inbox();
  // relaxed: statistics.
  return {
      box == nullptr ? message::inbox_statistics{} : box->box().statistics(),
      pending_.statistics(),
      refused_.load(std::memory_order_relaxed),
      returned_count_.load(std::memory_order_relaxed),
      lost_answers_.load(std::memory_order_relaxed),
      peers_ended_.load(std::memory_order_relaxed),
      pending_.pending()};
}

void exchange::close() {
  std::unordered_map<std::uint32_t, published> published_then;
  std::unordered_map<std::string, proxy> proxies;
  std::vector<std::shared_ptr<peer_link>> links;
  std::unordered_map<std::uint64_t, news> notes;
  std::shared_ptr<inbox_reader> box;
  {
    const std::lock_guard hold{mutex_};
    if (closed_) return;
    closed_ = true;
    published_then.swap(published_);
    proxies.swap(proxies_);
    links.swap(links_);
    notes.swap(notes_);
    box.swap(inbox_);
  }
  for (const auto& [number, ours] : published_then) {
    for (const auto& watcher : ours.watchers)
      tell_ended(watcher, number, {});
  }
  box.reset();
  static_cast<void>(say_returned());
  for (const auto& link : links) {
    // seq_cst, and before the end of all requests: see peer_link::is_gone().
    link->gone.store(true, std::memory_order_seq_cst);
    peers_.remove(link->watch_key);
  }
  pending_.end_all("this process has left the segment");
  for (const auto& [name, p] : proxies)
    actors::end_because(p.actor, {}, "this process has left the segment");
  // What still waits for its answer is answered by those who ask.
  actors::end_because(actors::access::handle(clerk_), {}, {});
  const auto wait = [&](const actors::cell_handle& actor) {
    static_cast<void>(actors_.wait_stopped(
        actors::access::make<ref<remote_actor>>(actor), stand_ins_end_within));
  };
  for (const auto& [name, p] : proxies)
    wait(p.actor);
  wait(actors::access::handle(clerk_));
}

}  // namespace commy::host
