#include <commy/actor/random.hpp>
#include <commy/actor/supervision.hpp>
#include <commy/base/log.hpp>

#include <gsl/gsl>

#include <algorithm>
#include <utility>

namespace commy::actors {
namespace {

using std::chrono::nanoseconds;

constexpr std::uint32_t most_restarts = 1000;

}  // namespace

supervision_state::supervision_state(supervision options, std::uint64_t seed)
    : options_{std::move(options)}, random_{seed} {
  Expects(options_.max_restarts <= most_restarts);
  Expects(options_.within.count() > 0);
  Expects(options_.first_delay.count() >= 0);
  Expects(options_.longest_delay >= options_.first_delay);
  recent_ns_.reserve(options_.max_restarts + 1);
}

bool supervision_state::try_add(const cell_handle& child) {
  const std::lock_guard hold{mutex_};
  if (!gave_up_) children_.push_back(child);
  return !gave_up_;
}

void supervision_state::remove(const cell_handle& child) noexcept {
  const std::lock_guard hold{mutex_};
  std::erase(children_, child);
}

std::optional<nanoseconds> supervision_state::child_failed(
    const cell_handle& child, std::int64_t now_ns, const reason_chain& why) {
  std::vector<cell_handle> to_stop;
  {
    const std::lock_guard hold{mutex_};
    if (gave_up_) return std::nullopt;
    const auto horizon = now_ns - nanoseconds{options_.within}.count();
    std::erase_if(recent_ns_, [&](auto at) { return at <= horizon; });
    if (recent_ns_.size() < options_.max_restarts) {
      recent_ns_.push_back(now_ns);
      ++restarts_;
      return next_delay(recent_ns_.size());
    }
    gave_up_ = true;
    reasons_.push_back(
        "supervisor '" + options_.name + "' gave up: more than " +
        std::to_string(options_.max_restarts) + " failures within " +
        std::to_string(options_.within.count()) + " ms");
    reasons_.insert(reasons_.end(), why.begin(), why.end());
    to_stop = children_;
    log(log_level::error, "actor", reasons_.front());
  }
  // Not under the lock: a child that is idle may stop at once on this thread's
  // worker and remove itself.
  for (const auto& other : to_stop) {
    if (other != child) signal(other, message::mailbox_signal::stop_now);
  }
  return std::nullopt;
}

nanoseconds supervision_state::next_delay(std::size_t recent) noexcept {
  auto delay = options_.first_delay;
  for (std::size_t i = 1; i < recent && delay < options_.longest_delay; ++i) {
    delay *= 2;
  }
  const nanoseconds longest = std::min(delay, options_.longest_delay);
  const auto half = static_cast<std::uint64_t>(longest.count() / 2);
  const auto part = half == 0 ? 0 : next_random(random_) % half;
  return longest - nanoseconds{static_cast<std::int64_t>(part)};
}

bool supervision_state::gave_up() const {
  const std::lock_guard hold{mutex_};
  return gave_up_;
}

reason_chain supervision_state::reasons() const {
  const std::lock_guard hold{mutex_};
  return reasons_;
}

std::uint64_t supervision_state::restarts() const {
  const std::lock_guard hold{mutex_};
  return restarts_;
}

}  // namespace commy::actors
