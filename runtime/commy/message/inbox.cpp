#include <commy/message/inbox.hpp>

#include <mutex>
#include <string>
#include <unordered_map>

namespace commy::message {

struct inbox::published {
  std::mutex mutex;
  std::unordered_map<std::uint32_t, std::shared_ptr<const std::string>> names;
  std::uint32_t last = 0;  // Numbers are not used twice: 2^32 names are enough.
};

result<inbox, inbox_error> inbox::open(const segment& shared,
                                       const inbox_options& options) {
  if (!shared.writable()) return unexpected{inbox_error::read_only};
  auto names = name_table::open(shared);
  if (!names) return unexpected{inbox_error::names, names.error().message()};
  auto ring = ring_consumer::open(shared.engine(), options);
  if (!ring) return unexpected{ring.error()};
  names->prune();
  return inbox{std::move(*names),
               std::make_unique<ring_consumer>(std::move(*ring))};
}

inbox::inbox(name_table names, std::unique_ptr<ring_consumer> ring)
    : names_{std::move(names)},
      ring_{std::move(ring)},
      published_{std::make_unique<published>()} {}

inbox::inbox(inbox&& other) noexcept = default;

inbox::~inbox() {
  if (ring_ == nullptr || !shared().engine()->usable()) return;
  const auto slot = shared().engine()->slot();
  for (const auto& [actor, name] : published_->names) {
    names_.withdraw(*name, {slot, actor, ring_->tag()});
  }
}

result<void, inbox_error> inbox::publish(std::string_view name) {
  const std::scoped_lock lock{published_->mutex};
  auto& names = published_->names;
  if (names.size() >= names_max) {
    return unexpected{inbox_error::too_many, name};
  }
  const auto actor = ++published_->last;
  // First here, then there: a message may come at once.
  names.emplace(actor, std::make_shared<const std::string>(name));
  auto done =
      names_.publish(name, {shared().engine()->slot(), actor, ring_->tag()});
  if (!done) names.erase(actor);
  return done;
}

void inbox::withdraw(std::string_view name) noexcept {
  const std::scoped_lock lock{published_->mutex};
  for (auto at = published_->names.begin(); at != published_->names.end();
       ++at) {
    if (*at->second != name) continue;
    names_.withdraw(name, {shared().engine()->slot(), at->first, ring_->tag()});
    published_->names.erase(at);
    return;
  }
}

std::optional<parcel> inbox::try_take() {
  // As many as a ring holds may be for names that are withdrawn.
  while (auto message = ring_->try_take()) {
    std::shared_ptr<const std::string> target;
    {
      const std::scoped_lock lock{published_->mutex};
      const auto found = published_->names.find(message->actor);
      if (found != published_->names.end()) target = found->second;
    }
    if (target != nullptr) {
      return parcel{*ring_, shared().engine(), std::move(target), *message};
    }
    ring_->release(message->loans);
    ring_->count_unknown_target();
  }
  return std::nullopt;
}

}  // namespace commy::message
