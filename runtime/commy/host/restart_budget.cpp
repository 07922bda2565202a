#include <commy/host/restart_budget.hpp>

#include <algorithm>

namespace commy::host {
namespace {

using namespace std::chrono_literals;
constexpr auto first_pause = 50ms;
// Who ends later than that has not failed because the last one did.
constexpr auto lasting = 1s;
constexpr std::chrono::milliseconds longest_pause = 5s;

}  // namespace

restart_budget::restart_budget(std::uint32_t max_restarts,
                               std::chrono::nanoseconds within,
                               std::uint64_t seed)
    : max_restarts_{max_restarts},
      within_{within},
      pause_{first_pause},
      random_{seed} {}

std::optional<std::chrono::milliseconds> restart_budget::pause_after(
    time started, time ended) {
  while (!restarts_.empty() && ended - restarts_.front() > within_) {
    restarts_.pop_front();
  }
  if (restarts_.size() >= max_restarts_) return std::nullopt;
  restarts_.push_back(ended);
  if (ended - started >= lasting) pause_ = first_pause;
  std::uniform_int_distribution<std::int64_t> spread{-pause_.count() / 4,
                                                     pause_.count() / 4};
  const auto answer = pause_ + std::chrono::milliseconds{spread(random_)};
  pause_ = std::min(2 * pause_, longest_pause);
  return answer;
}

}  // namespace commy::host
