#include <commy/actor/random.hpp>
#include <commy/actor/supervision.hpp>
#include <commy/base/log.hpp>

#include <gsl/gsl>

#include <algorithm>
#include <iterator>
#include <utility>

namespace commy::actors {
namespace {

using std::chrono::nanoseconds;

constexpr std::uint32_t most_restarts = 1000;

}  // namespace

supervision_state::supervision_state(supervision options, std::uint64_t seed,
                                     std::shared_ptr<supervision_state> above)
    : options_{std::move(options)}, above_{std::move(above)}, random_{seed} {
  Expects(options_.max_restarts <= most_restarts);
  Expects(options_.within.count() > 0);
  Expects(options_.first_delay.count() >= 0);
  Expects(options_.longest_delay >= options_.first_delay);
  recent_ns_.reserve(options_.max_restarts + 1);
}

bool supervision_state::try_add(const cell_handle& child) {
  const std::lock_guard hold{mutex_};
  if (!gave_up_) members_.push_back({.child = child});
  return !gave_up_;
}

void supervision_state::add(const std::shared_ptr<supervision_state>& below) {
  {
    const std::lock_guard hold{mutex_};
    std::erase_if(members_, [](const member& m) {
      return m.supervisor != nullptr && m.below.expired();
    });
    if (!gave_up_) {
      members_.push_back({.below = below, .supervisor = below.get()});
      return;
    }
  }
  below->give_up(reasons(), {});
}

void supervision_state::remove(const cell_handle& child) noexcept {
  const std::lock_guard hold{mutex_};
  // From the newest, which a shutdown stops first.
  const auto at =
      std::find_if(members_.rbegin(), members_.rend(), [&](const member& m) {
        return m.supervisor == nullptr && m.child == child;
      });
  if (at != members_.rend()) members_.erase(std::next(at).base());
}

std::optional<nanoseconds> supervision_state::child_failed(
    const cell_handle& child, std::int64_t now_ns, const reason_chain& why) {
  return failed({.child = child}, now_ns, why);
}

std::optional<nanoseconds> supervision_state::failed(const member& which,
                                                     std::int64_t now_ns,
                                                     const reason_chain& why) {
  if (gave_up()) return std::nullopt;
  if (const auto pause = permit(now_ns)) {
    restart(affected_by(which), which, *pause);
    return pause;
  }
  reason_chain reasons{
      "supervisor '" + options_.name + "' gave up: more than " +
      std::to_string(options_.max_restarts) + " failures within " +
      std::to_string(options_.within.count()) + " ms"};
  reasons.insert(reasons.end(), why.begin(), why.end());
  if (above_ != nullptr) {
    const auto pause = above_->failed(
        {.below = weak_from_this(), .supervisor = this}, now_ns, reasons);
    if (pause) {
      log(log_level::warning, "actor",
          reasons.front() + "; its supervisor '" + above_->options_.name +
              "' restarts all of it");
      {
        const std::lock_guard hold{mutex_};
        recent_ns_.clear();
        ++restarts_;
      }
      restart(all_members(), which, *pause);
      return pause;
    }
  }
  give_up(reasons, which);
  return std::nullopt;
}

std::optional<nanoseconds> supervision_state::permit(std::int64_t now_ns) {
  const std::lock_guard hold{mutex_};
  const auto horizon = now_ns - nanoseconds{options_.within}.count();
  std::erase_if(recent_ns_, [&](auto at) { return at <= horizon; });
  if (recent_ns_.size() >= options_.max_restarts) return std::nullopt;
  recent_ns_.push_back(now_ns);
  ++restarts_;
  return next_delay(recent_ns_.size());
}

std::vector<supervision_state::member> supervision_state::affected_by(
    const member& which) const {
  if (options_.how == strategy::one_for_one) return {};
  auto all = all_members();
  if (options_.how == strategy::rest_for_one) {
    const auto at =
        std::ranges::find_if(all, [&](const member& m) { return m.is(which); });
    all.erase(all.begin(), at);
  }
  return all;
}

std::vector<supervision_state::member> supervision_state::all_members() const {
  const std::lock_guard hold{mutex_};
  return members_;
}

void supervision_state::restart(const std::vector<member>& members,
                                const member& but, nanoseconds pause) {
  pause_ns_.store(pause.count(), std::memory_order_relaxed);
  for (const auto& m : members) {
    if (m.is(but)) continue;
    if (m.supervisor == nullptr) {
      signal(m.child, message::mailbox_signal::restart);
    } else if (const auto below = m.below.lock()) {
      below->restart_all(pause);
    }
  }
}

void supervision_state::restart_all(nanoseconds pause) {
  {
    const std::lock_guard hold{mutex_};
    recent_ns_.clear();
  }
  restart(all_members(), {}, pause);
}

// Not under the lock: a child that is idle may stop at once on this thread's
// worker and remove itself.
void supervision_state::give_up(const reason_chain& why, const member& but) {
  {
    const std::lock_guard hold{mutex_};
    if (gave_up_) return;
    gave_up_ = true;
    reasons_ = why;
  }
  if (!why.empty()) log(log_level::error, "actor", why.front());
  for (const auto& m : all_members()) {
    if (m.is(but)) continue;
    if (m.supervisor == nullptr) {
      signal(m.child, message::mailbox_signal::stop_now);
    } else if (const auto below = m.below.lock()) {
      below->give_up(why, {});
    }
  }
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
