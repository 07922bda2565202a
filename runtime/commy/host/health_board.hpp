// commy/host/health_board.hpp: what the parts of a host last said of
// themselves.
#pragma once

#include <commy/host/messages/health.hpp>

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace commy::host {

/// Keeps the last report of each part. Whether one is late is decided when
/// somebody asks, so nothing has to run for it. Threads: any.
class health_board {
public:
  using clock = std::function<std::chrono::nanoseconds()>;
  explicit health_board(clock now) : now_{std::move(now)} {}

  /// Adds a part, which is `starting`. With `every`, it promises to report at
  /// least that often from now on; zero promises nothing.
  void expect(std::string_view name, std::chrono::nanoseconds every = {});
  /// Notes a report; an unknown part is added.
  void report(std::string_view name, health_state state, std::string reason);
  /// In the order they were added. Those whose promise is broken are `late`.
  [[nodiscard]] std::vector<health_report> all() const;
  /// True when every part is ready.
  [[nodiscard]] bool well() const;

private:
  struct part {
    std::string name;
    health_state state = health_state::starting;
    std::string reason{};
    std::chrono::nanoseconds at{};
    std::chrono::nanoseconds every{};
  };
  part& find(std::string_view name);

  clock now_;
  mutable std::mutex mutex_;
  std::vector<part> parts_;  // At most some hundred: modules, plugins.
};

}  // namespace commy::host
