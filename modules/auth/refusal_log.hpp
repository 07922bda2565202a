// modules/auth/refusal_log.hpp: failed attempts, told without flooding the log.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace commy::auth {

/// Decides which refusals are logged: the first five of each ten seconds, and
/// then how many were left out. Never sees a key. Threads: one at a time.
class refusal_log {
public:
  /// Notes one at time `now`; the line to log, or an empty one.
  std::string note(std::string_view origin, std::string_view reason,
                   std::chrono::nanoseconds now);

private:
  std::chrono::nanoseconds begin_{};  // Of the ten seconds.
  std::uint32_t in_window_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace commy::auth
