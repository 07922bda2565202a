#include <commy/message/inbox.hpp>

#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <unordered_map>

namespace commy::message {

struct inbox::published {
  std::mutex mutex;
  std::unordered_map<std::uint32_t, std::shared_ptr<const std::string>> names;
  std::uint32_t last = 0;  // Numbers are not used twice: 2^32 names are enough.
  // Changes with `names`, under the mutex.
  std::atomic<std::uint64_t> version{1};

  /// What the reader alone has seen of `names`: no lock for each message. A
  /// parcel's name lives here until the next message.
  struct seen_name {
    std::uint64_t version = 0;
    std::uint32_t actor = 0;
    std::shared_ptr<const std::string> name;
  };
  std::array<seen_name, 16> recent;
};

result<inbox, inbox_error> inbox::open(const segment& shared,
                                       const inbox_options& options) {
  if (!shared.writable()) return unexpected{inbox_error::read_only};
  auto names = name_table::open(shared);
  if (!names) return unexpected{inbox_error::names, names.error().message()};
  auto ring = ring_consumer::open(shared.engine(), options);
  if (!ring) return unexpected{ring.error()};
  names->prune();
  std::optional<protocol_table> protocols;
  if (auto table = protocol_table::open(shared)) {
    protocols.emplace(std::move(*table));
  }
  return inbox{std::move(*names), std::move(protocols),
               std::make_unique<ring_consumer>(std::move(*ring))};
}

inbox::inbox(name_table names, std::optional<protocol_table> protocols,
             std::unique_ptr<ring_consumer> ring)
    : names_{std::move(names)},
      protocols_{std::move(protocols)},
      ring_{std::move(ring)},
      published_{std::make_unique<published>()} {}

inbox::inbox(inbox&& other) noexcept = default;

inbox::~inbox() {
  if (ring_ == nullptr || !shared().engine()->usable()) return;
  const auto slot = shared().engine()->slot();
  for (const auto& [actor, name] : published_->names) {
    const name_place place{slot, actor, ring_->tag()};
    names_.withdraw(*name, place);
    if (protocols_) protocols_->withdraw(*name, place);
  }
}

result<std::uint32_t, inbox_error> inbox::publish(
    std::string_view name, std::span<const protocol_line> lines) {
  const std::scoped_lock lock{published_->mutex};
  auto& names = published_->names;
  if (names.size() >= names_max) {
    return unexpected{inbox_error::too_many, name};
  }
  const auto actor = ++published_->last;
  // First here, then there: a message may come at once.
  names.emplace(actor, std::make_shared<const std::string>(name));
  const name_place place{shared().engine()->slot(), actor, ring_->tag()};
  // Before the name: who finds that finds this. Written over another's it does
  // no harm, since it says whose it is.
  if (protocols_ && !lines.empty() && !names_.find(name)) {
    protocols_->publish(name, place, lines);
  }
  const auto done = names_.publish(name, place);
  if (!done) names.erase(actor);
  // release, pairs with the acquire in name_of(): who sees it looks again.
  published_->version.fetch_add(1, std::memory_order_release);
  if (!done) return unexpected{done.error()};
  return actor;
}

std::uint32_t inbox::withdraw(std::string_view name) noexcept {
  const std::scoped_lock lock{published_->mutex};
  for (auto at = published_->names.begin(); at != published_->names.end();
       ++at) {
    if (*at->second != name) continue;
    const auto actor = at->first;
    const name_place place{shared().engine()->slot(), actor, ring_->tag()};
    names_.withdraw(name, place);
    if (protocols_) protocols_->withdraw(name, place);
    published_->names.erase(at);
    published_->version.fetch_add(1, std::memory_order_release);
    return actor;
  }
  return 0;
}

[[gnu::always_inline]] inline const std::string* inbox::name_of(
    std::uint32_t actor) {
  auto& seen = published_->recent[actor % published_->recent.size()];
  const auto version = published_->version.load(std::memory_order_acquire);
  if (seen.version != version || seen.actor != actor) {
    const std::scoped_lock lock{published_->mutex};
    const auto found = published_->names.find(actor);
    seen = {version, actor,
            found != published_->names.end() ? found->second : nullptr};
  }
  return seen.name.get();
}

bool inbox::take_any_into(parcel& now) {
  if (!ring_->try_take(now.message_)) return false;
  now.target_ = name_of(now.message_.actor);
  now.has_loans_ = now.message_.loans.count != 0;
  return true;
}

bool inbox::take_into(parcel& now) {
  // As many as a ring holds may be for names that are withdrawn.
  while (take_any_into(now)) {
    if (now.kind() == memory::cell_kind::message && now.target_ != nullptr) {
      return true;
    }
    now.release();
    ring_->count_unknown_target();
  }
  return false;
}

std::optional<parcel> inbox::try_take() {
  std::optional<parcel> taken{std::in_place, *ring_};
  if (!take_into(*taken)) taken.reset();
  return taken;
}

}  // namespace commy::message
