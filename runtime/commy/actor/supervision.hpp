// commy/actor/supervision.hpp: who restarts failed actors, when, how often.
#pragma once

#include <commy/actor/cell.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace commy {

/// What happens to the others when one child fails.
enum class strategy : std::uint8_t {
  one_for_one  ///< Only the failed child is restarted.
};

/// How a supervisor treats its children. A child fails when its handler, or its
/// constructor at a restart, throws or calls `fail`.
struct supervision {
  std::string name = "supervisor";  ///< For logs and reasons.
  strategy how = strategy::one_for_one;
  /// More restarts than this of all children together, within this time, and
  /// the supervisor gives up: it stops them all. At most 1000.
  std::uint32_t max_restarts = 3;
  std::chrono::milliseconds within{5000};
  /// The pause before a restart doubles with each restart within the time, and
  /// a random half of it is left out, so that actors that failed together do
  /// not come back together. First 5 to 10 ms; enough for a dropped connection
  /// to be gone, too little to be noticed.
  std::chrono::milliseconds first_delay{10};
  std::chrono::milliseconds longest_delay{1000};
};

namespace actors {

/// Why an actor stopped, the last consequence first: "supervisor gave up",
/// "actor failed", "cause of the exception".
using reason_chain = std::vector<std::string>;

/// One supervisor: its children and their recent restarts. Threads: any; the
/// lock is taken at failures, spawns and stops of children only.
class supervision_state {
public:
  supervision_state(supervision options, std::uint64_t seed);

  /// False when it has given up.
  [[nodiscard]] bool try_add(const cell_handle& child);
  void remove(const cell_handle& child) noexcept;

  /// A child failed. The pause before its restart, or nothing: then the
  /// supervisor has given up and has told all other children to stop.
  std::optional<std::chrono::nanoseconds> child_failed(const cell_handle& child,
                                                       std::int64_t now_ns,
                                                       const reason_chain& why);

  [[nodiscard]] bool gave_up() const;
  [[nodiscard]] reason_chain reasons() const;
  [[nodiscard]] std::uint64_t restarts() const;

private:
  std::chrono::nanoseconds next_delay(std::size_t recent) noexcept;

  const supervision options_;
  mutable std::mutex mutex_;
  std::vector<cell_handle> children_;    // In order of their start.
  std::vector<std::int64_t> recent_ns_;  // At most max_restarts of them.
  std::uint64_t restarts_ = 0;
  std::uint64_t random_;
  bool gave_up_ = false;
  reason_chain reasons_;
};

}  // namespace actors
}  // namespace commy
