// commy/actor/supervision.hpp: who restarts failed actors, when, how often.
#pragma once

#include <commy/actor/cell.hpp>
#include <commy/base/blocking.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace commy {

/// Which members are made anew when one of them fails. Members are children and
/// the supervisors beneath, in the order of their start.
enum class strategy : std::uint8_t {
  one_for_one,  ///< The failed one.
  one_for_all,  ///< All: they cannot do without each other.
  /// The failed one and those that were started after it, which may rely on it.
  rest_for_one
};

/// How a supervisor treats its children. A child fails when its handler, or its
/// constructor at a restart, throws or calls `fail`.
struct supervision {
  std::string name = "supervisor";  ///< For logs and reasons.
  strategy how = strategy::one_for_one;
  /// More failures than this of all members together, within this time, and
  /// the supervisor fails itself: with a supervisor above, that one decides as
  /// about any member, and restarts all of this one's or gives up in turn;
  /// without, it gives up and stops them all. At most 1000.
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

/// One supervisor: its members and their recent failures. Threads: any; the
/// lock is taken at failures, spawns and stops of members only, and never while
/// another supervisor's is held.
class supervision_state
    : public std::enable_shared_from_this<supervision_state> {
public:
  supervision_state(supervision options, std::uint64_t seed,
                    std::shared_ptr<supervision_state> above = nullptr);

  /// False when it has given up.
  [[nodiscard]] bool try_add(const cell_handle& child);
  /// Requires: `below` was made with this one above it.
  void add(const std::shared_ptr<supervision_state>& below);
  void remove(const cell_handle& child) noexcept;

  /// A child failed. The pause before its restart, or nothing: then this
  /// supervisor, or one above, has given up and has told all of its members to
  /// stop. Members that are restarted with it have been told, too.
  std::optional<std::chrono::nanoseconds> child_failed(const cell_handle& child,
                                                       std::int64_t now_ns,
                                                       const reason_chain& why);
  /// How long a child waits that is restarted because of another one.
  [[nodiscard]] std::chrono::nanoseconds pause_of_others() const noexcept {
    // relaxed: a number of its own; any recent one will do.
    return std::chrono::nanoseconds{pause_ns_.load(std::memory_order_relaxed)};
  }

  [[nodiscard]] const supervision& options() const noexcept { return options_; }
  /// Null for an uppermost one.
  [[nodiscard]] const std::shared_ptr<supervision_state>& above()
      const noexcept {
    return above_;
  }
  [[nodiscard]] bool gave_up() const;
  [[nodiscard]] reason_chain reasons() const;
  [[nodiscard]] std::uint64_t restarts() const;

private:
  /// A child, or a supervisor beneath.
  struct member {
    cell_handle child{};
    std::weak_ptr<supervision_state> below{};
    // Tells one from the other, and is never followed.
    const supervision_state* supervisor = nullptr;

    [[nodiscard]] bool is(const member& other) const noexcept {
      return supervisor == other.supervisor &&
             (supervisor != nullptr || child == other.child);
    }
  };

  std::optional<std::chrono::nanoseconds> failed(const member& which,
                                                 std::int64_t now_ns,
                                                 const reason_chain& why);
  /// The pause before a restart, or nothing: too many.
  std::optional<std::chrono::nanoseconds> permit(std::int64_t now_ns);
  [[nodiscard]] std::vector<member> affected_by(const member& which) const;
  [[nodiscard]] std::vector<member> all_members() const;
  void restart(const std::vector<member>& members, const member& but,
               std::chrono::nanoseconds pause);
  /// Restarts all that is beneath.
  void restart_all(std::chrono::nanoseconds pause);
  void give_up(const reason_chain& why, const member& but);
  std::chrono::nanoseconds next_delay(std::size_t recent) noexcept;

  const supervision options_;
  const std::shared_ptr<supervision_state> above_;
  std::atomic<std::int64_t> pause_ns_{0};
  mutable blocking::mutex mutex_;
  std::vector<member> members_;          // In order of their start.
  std::vector<std::int64_t> recent_ns_;  // At most max_restarts of them.
  std::uint64_t restarts_ = 0;
  std::uint64_t random_;
  bool gave_up_ = false;
  reason_chain reasons_;
};

}  // namespace actors
}  // namespace commy
