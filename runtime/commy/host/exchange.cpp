#include <commy/base/log.hpp>
#include <commy/host/exchange.hpp>
#include <commy/host/mail_clerk.hpp>
#include <commy/host/nearest.hpp>
#include <commy/host/remote_actor.hpp>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace commy::host {

using namespace std::chrono_literals;
using memory::cell_kind;
using message::name_place;
using message::parcel;
using message::protocol_line;

namespace {

/// At our end actors that stand for others have this long to end, too: they do
/// nothing but to answer those who wait.
constexpr auto stand_ins_end_within = 5s;
/// Names that are looked through for one that was meant; enough for a person.
constexpr std::size_t names_compared = 1024;

/// What `take_refusal` reads: a code, then the text.
std::vector<std::byte> refusal_bytes(ask_error why, std::string_view text) {
  const auto size = std::min<std::size_t>(text.size(), 180);
  std::vector<std::byte> bytes(1 + size);
  bytes[0] = static_cast<std::byte>(why);
  std::memcpy(bytes.data() + 1, text.data(), size);
  return bytes;
}

/// Another process's text, for people and their terminals.
std::string printable(std::span<const std::byte> bytes) {
  std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (auto& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  }
  return text;
}

ask_error to_ask_error(deliver_error why) noexcept {
  switch (why) {
    case deliver_error::mailbox_full:
      return ask_error::mailbox_full;
    case deliver_error::out_of_memory:
      return ask_error::out_of_memory;
    case deliver_error::unknown_message:
    case deliver_error::wrong_size:
    case deliver_error::invalid_bytes:
      return ask_error::handler_failed;
    case deliver_error::unknown_name:
    case deliver_error::stopped:
      break;
  }
  return ask_error::receiver_stopped;
}

/// Who asked one request from another process.
class remote_asker final : public actors::wire_asker {
public:
  remote_asker(std::shared_ptr<exchange> by, const actors::peer& asker,
               std::uint64_t correlation, message_id request) noexcept
      : exchange_{std::move(by)},
        asker_{asker},
        correlation_{correlation},
        request_{request} {}

  void answer(std::span<const std::byte> reply) noexcept override {
    exchange_->send(asker_, {.id = request_,
                             .bytes = reply,
                             .kind = cell_kind::reply,
                             .correlation = correlation_});
    delete this;
  }
  void refuse(ask_error why, std::string_view text) noexcept override {
    try {
      const auto bytes = refusal_bytes(why, text);
      exchange_->send(asker_, {.id = request_,
                               .bytes = bytes,
                               .kind = cell_kind::refusal,
                               .correlation = correlation_});
    } catch (const std::bad_alloc&) {
      exchange_->count_lost_answer();  // The asker's timeout is the answer.
    }
    delete this;
  }

private:
  std::shared_ptr<exchange> exchange_;
  actors::peer asker_;
  std::uint64_t correlation_;
  message_id request_;
};

std::vector<protocol_line> lines_of(const wire_port& port) {
  std::vector<protocol_line> lines;
  for (const auto& entry : port.protocol())
    lines.push_back({entry.id, entry.layout});
  return lines;
}

/// "process 12 (sampler) of segment 'shop'"
std::string title_of(const segment& shared, memory::slot_index index) {
  const auto& slot = shared.engine()->img().slot(index);
  std::array<char, 64> name{};
  for (std::size_t i = 0; i < slot.name.size(); ++i) {
    const auto bytes = slot.name[i].load(std::memory_order_relaxed);
    std::memcpy(name.data() + 8 * i, &bytes, 8);
  }
  name.back() = '\0';
  const memory::slot_word who{slot.word.load(std::memory_order_relaxed)};
  const std::string called =
      printable(std::as_bytes(std::span{name}.first(std::strlen(name.data()))));
  return "process " + std::to_string(who.pid()) +
         (called.empty() ? "" : " (" + called + ")") + " of segment '" +
         shared.name() + "'";
}

/// Both, if short; else what is around the first difference.
void add_difference(failure_detail& to, std::string_view wanted,
                    std::string_view found) {
  constexpr std::size_t shown = 80;
  std::size_t from = 0;
  if (std::max(wanted.size(), found.size()) > shown) {
    const auto [w, f] =
        std::mismatch(wanted.begin(), wanted.end(), found.begin(), found.end());
    const auto same = static_cast<std::size_t>(w - wanted.begin());
    from = same > shown / 2 ? same - shown / 2 : 0;
  }
  const auto part = [&](std::string_view text) {
    return text.substr(std::min(from, text.size()), shown);
  };
  const auto* const before = from == 0 ? "" : "...";
  to.text.append("here ").append(before).append(part(wanted));
  to.text.append(", there ").append(before).append(part(found));
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
    actor_system& actors, peer_watch& peers, const segment& shared) {
  auto box = message::inbox::open(shared);
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

// --- What comes.

bool exchange::take(const parcel& p) {
  switch (p.kind()) {
    case cell_kind::message:
      return deliver(p);
    case cell_kind::request:
      return deliver_request(p);
    case cell_kind::reply:
      pending_.reply(p.correlation(), p.sender(), p.id(), p.bytes());
      return false;
    case cell_kind::refusal:
      take_refusal(p);
      return false;
    case cell_kind::watch:
      take_watch(p);
      return false;
    case cell_kind::ended:
      take_ended(p);
      return false;
  }
  return false;
}

std::optional<wire_port> exchange::port_of(std::uint32_t number) const {
  std::string name;
  {
    const std::lock_guard hold{mutex_};
    const auto at = published_.find(number);
    if (at == published_.end()) return std::nullopt;
    if (at->second.port) return at->second.port;
    name = at->second.name;
  }
  const auto port = actors_.find_port(name);
  if (!port) return std::nullopt;
  return *port;
}

void exchange::count_refused(const parcel& p, std::string_view why) {
  // relaxed: counts, and this thread alone decides on its own figure.
  const auto count = refused_.fetch_add(1, std::memory_order_relaxed) + 1;
  // The first, second, fourth, ...: a flood is told of without being one.
  if (!std::has_single_bit(count)) return;
  log(log_level::warning, "host",
      "a message of another process to " + std::string{p.target()} +
          " was refused (" + std::to_string(count) +
          " so far): " + std::string{why});
}

actors::peer exchange::sender_of(const parcel& p) const {
  const auto ring = memory::ring_of(engine()->img(), p.sender());
  // acquire, pairs with the store when the inbox was opened.
  return {p.sender(),
          ring ? ring.header->reader.load(std::memory_order_acquire) : 0};
}

bool exchange::deliver(const parcel& p) {
  const auto port = port_of(p.number());
  if (!port) {
    count_refused(p, describe(deliver_error::unknown_name));
    // Whoever still sends to it is told once more.
    tell_ended(sender_of(p), p.number(), {});
    return false;
  }
  const auto done = port->deliver(p.id(), p.bytes(), p.owner());
  if (!done) count_refused(p, done.error().message());
  return done.has_value();
}

bool exchange::deliver_request(const parcel& p) {
  const auto port = port_of(p.number());
  auto slot = actors::slot_for(*new remote_asker{
      shared_from_this(), sender_of(p), p.correlation(), p.id()});
  if (!port) {
    count_refused(p, describe(deliver_error::unknown_name));
    actors::answer_refused(slot, ask_error::receiver_stopped,
                           "it has stopped in its process");
    return false;
  }
  const auto done = port->deliver(p.id(), p.bytes(), p.owner(), slot);
  if (done) return true;
  const auto why = done.error().message();
  count_refused(p, why);
  actors::answer_refused(slot, to_ask_error(done.error().code()), why);
  return false;
}

void exchange::take_refusal(const parcel& p) {
  // Another process's bytes: a code that we do not know is a failure, too.
  auto why = ask_error::handler_failed;
  if (!p.bytes().empty()) {
    const auto code = std::to_integer<std::uint8_t>(p.bytes()[0]);
    if (code <= static_cast<std::uint8_t>(ask_error::out_of_memory)) {
      why = static_cast<ask_error>(code);
    }
  }
  const auto text = p.bytes().empty() ? p.bytes() : p.bytes().subspan(1);
  pending_.refuse(
      p.correlation(), p.sender(), why,
      printable(text.first(std::min<std::size_t>(text.size(), 180))));
}

void exchange::take_watch(const parcel& p) {
  const auto who = sender_of(p);
  {
    const std::lock_guard hold{mutex_};
    const auto at = published_.find(p.number());
    if (at != published_.end()) {
      auto& watchers = at->second.watchers;
      // Earlier openings of the same inbox are over.
      std::erase_if(watchers,
                    [&](const auto& w) { return w.slot == who.slot; });
      if (watchers.size() < watchers_max) watchers.push_back(who);
      return;
    }
  }
  tell_ended(who, p.number(), {});
}

void exchange::take_ended(const parcel& p) {
  if (p.sender() == engine()->slot()) return take_note(p.correlation());
  std::vector<std::string> reasons;
  const auto bytes = p.bytes().first(std::min(p.bytes().size(), reasons_max));
  for (auto rest = bytes; !rest.empty() && reasons.size() < 8;) {
    const auto end = std::find(rest.begin(), rest.end(), std::byte{'\n'});
    const auto size = static_cast<std::size_t>(end - rest.begin());
    reasons.push_back(printable(rest.first(size)));
    rest = rest.subspan(std::min(size + 1, rest.size()));
  }
  std::vector<actors::cell_handle> over;
  {
    const std::lock_guard hold{mutex_};
    // Only its own: the slot is the ring's word, not the sender's.
    std::erase_if(proxies_, [&](const auto& named) {
      const auto& place = named.second.place;
      if (place.slot != p.sender() || place.actor != p.correlation()) {
        return false;
      }
      over.push_back(named.second.actor);
      return true;
    });
  }
  for (const auto& actor : over) {
    actors::end_because(
        actor, reasons,
        reasons.empty() ? "it has stopped in its process" : reasons.front());
  }
}

// --- What goes.

bool exchange::try_send(const outgoing_mail& mail) noexcept {
  message::ring_producer to{engine(), mail.to.slot, mail.to.reader};
  const auto sent = to.push({.actor = mail.actor,
                             .id = mail.id,
                             .bytes = mail.bytes,
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
        if (!clerk_.tell(mail_clerk::try_later{std::move(later)})) {
          count_lost_answer();
        }
        return;
      }
      case send_error::too_large:
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
  if (peer->gone.exchange(true)) return;
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
  const outgoing_mail to_us{.to = {engine()->slot(), tag_},
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
  peer->gone.store(true);
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

// --- Who is there.

std::shared_ptr<peer_link> exchange::link_to(
    const name_place& place, std::vector<std::shared_ptr<peer_link>>& over) {
  const actors::peer who{place.slot, place.reader};
  std::shared_ptr<peer_link> found;
  std::erase_if(links_, [&](const std::shared_ptr<peer_link>& l) {
    if (l->who.slot != who.slot) return false;
    if (l->who == who) {
      found = l;
      return false;
    }
    over.push_back(l);
    return true;
  });
  if (found != nullptr) return found;
  auto made = std::make_shared<peer_link>();
  made->who = who;
  made->title = title_of(shared_, place.slot);
  // The upper bits of a tag are its slot's generation, see ring_consumer.cpp.
  made->watch_key =
      peers_.add(engine(), place.slot, place.reader >> 36U, made->title,
                 [weak = weak_from_this(), made](const peer_end& end) {
                   if (auto self = weak.lock()) self->note({made, end});
                 });
  links_.push_back(made);
  return made;
}

result<void, remote_error> exchange::compare(
    std::string_view name, const name_place& place,
    std::span<const protocol_line> wanted) const {
  if (!protocols_) return {};
  const auto found = protocols_->find(name, place);
  // Nothing is said of it: its process refuses what it does not take.
  if (!found) return {};
  for (const auto& line : wanted) {
    if (found->lists(line.id)) continue;
    failure_detail detail;
    detail.text.append(name).append(": ");
    if (const auto other = found->same_name(line.layout)) {
      add_difference(detail, line.layout, *other);
    } else {
      detail.text.append("nothing there is called as ")
          .append(line.layout.substr(0, 120));
    }
    return unexpected{remote_error::other_protocol, detail};
  }
  return {};
}

unexpected<remote_error> exchange::not_found(
    std::string_view name, const failure<send_error>& why) const {
  if (why != send_error::name_not_found) {
    return {remote_error::unusable_segment, why.message()};
  }
  std::string text{name};
  text += " in segment '" + shared_.name() + "'";
  const auto names = names_.list(names_compared);
  const std::vector<std::string_view> views{names.begin(), names.end()};
  if (const auto near = nearest(name, views); near && *near != name) {
    text += " (there is '" + std::string{*near} + "')";
  }
  return {remote_error::name_not_found, text};
}

result<found_actor, remote_error> exchange::find(
    std::string_view name, std::span<const protocol_line> wanted,
    std::optional<std::chrono::steady_clock::time_point> deadline,
    const spawn_options& options) {
  const auto place =
      deadline ? names_.wait_for(name, *deadline) : names_.find(name);
  if (!place) return not_found(name, place.error());
  if (auto same = compare(name, *place, wanted); !same) {
    return unexpected{same.error()};
  }
  if (place->slot == engine()->slot() && place->reader == tag_) {
    const auto port = port_of(place->actor);
    if (!port) return unexpected{remote_error::name_not_found, name};
    return found_actor{port, {}};
  }
  const auto actor = stand_in(name, *place, options);
  if (!actor) return unexpected{actor.error()};
  return found_actor{std::nullopt, *actor};
}

result<actors::cell_handle, remote_error> exchange::stand_in(
    std::string_view name, const name_place& place,
    const spawn_options& options) {
  std::vector<std::shared_ptr<peer_link>> over;
  std::optional<result<actors::cell_handle, remote_error>> answer;
  bool is_new = false;
  {
    const std::lock_guard hold{mutex_};
    const auto at = proxies_.find(std::string{name});
    if (closed_) {
      answer = unexpected{remote_error::not_joined, shared_.name()};
    } else if (at != proxies_.end() && at->second.place == place &&
               !at->second.peer->is_gone() &&
               at->second.actor.at->inlet.generation() ==
                   at->second.actor.generation) {
      answer = at->second.actor;
    } else {
      auto peer = link_to(place, over);
      // Called as what it stands for, for people, unless somebody is already.
      const auto title = std::string{name} + "@" + shared_.name();
      auto how = options;
      how.name = title;
      auto made =
          actors_.try_spawn<remote_actor>(how, shared_from_this(), peer, place);
      if (!made) {
        how.name = {};
        made = actors_.try_spawn<remote_actor>(how, shared_from_this(), peer,
                                               place);
      }
      if (made) {
        answer = actors::access::handle(*made);
        proxies_.insert_or_assign(std::string{name},
                                  proxy{place, **answer, peer});
        is_new = true;
      } else {
        answer = unexpected{remote_error::no_actor, made.error().message()};
      }
    }
  }
  for (const auto& link : over) {
    peers_.remove(link->watch_key);
    end_link(link, {}, link->title + " has closed its inbox");
  }
  if (is_new) {
    send({place.slot, place.reader},
         {.actor = place.actor, .kind = cell_kind::watch});
  }
  return *answer;
}

exchange_statistics exchange::statistics() const {
  const auto box = inbox();
  // relaxed: statistics.
  return {
      box == nullptr ? message::inbox_statistics{} : box->box().statistics(),
      pending_.statistics(),
      refused_.load(std::memory_order_relaxed),
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
  for (const auto& link : links) {
    link->gone.store(true);
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
