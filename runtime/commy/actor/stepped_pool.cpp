#include <commy/actor/random.hpp>
#include <commy/actor/stepped_pool.hpp>
#include <commy/actor/system_core.hpp>
#include <commy/actor/turn.hpp>

#include <algorithm>

namespace commy::actors {

stepped_pool::stepped_pool(system_core& system, std::uint64_t seed) noexcept
    : actor_pool{system, kind::stepped, 1, system.is_observed()},
      random_{seed} {}

void stepped_pool::schedule(cell& c) noexcept {
  const std::lock_guard hold{mutex_};
  // Without memory for it a test ends; nothing else runs on this pool.
  // NOLINTNEXTLINE(bugprone-exception-escape)
  auto& where = std::ranges::count(silent_, &c) == 0 ? ready_ : held_;
  where.push_back(&c);
}

void stepped_pool::silence(cell& c, bool silent) {
  const std::lock_guard hold{mutex_};
  std::erase(silent_, &c);
  if (silent) {
    silent_.push_back(&c);
    if (std::erase(ready_, &c) != 0) held_.push_back(&c);
  } else if (std::erase(held_, &c) != 0) {
    ready_.push_back(&c);
  }
}

void stepped_pool::wake_all() noexcept {
  const std::lock_guard hold{mutex_};
  silent_.clear();
  ready_.insert(ready_.end(), held_.begin(), held_.end());
  held_.clear();
}

cell* stepped_pool::next() noexcept {
  const std::lock_guard hold{mutex_};
  if (ready_.empty()) return nullptr;
  const auto index =
      random_ == 0
          ? 0
          : static_cast<std::ptrdiff_t>(next_random(random_) % ready_.size());
  const auto at = ready_.begin() + index;
  auto* const c = *at;
  // Keeps the order of the others, which a seed of 0 promises.
  ready_.erase(at);
  return c;
}

bool stepped_pool::step() noexcept {
  auto* const c = next();
  if (c == nullptr) return false;
  if (run_turn(*c)) schedule(*c);
  return true;
}

}  // namespace commy::actors
