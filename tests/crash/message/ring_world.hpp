// tests/crash/message/ring_world.hpp: a sender, a reader, and copies of both.
#pragma once

#include "segment_watch.hpp"
#include <commy/message/inbox.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <process/message/traffic.hpp>
#include <string>
#include <support/loan_count.hpp>
#include <support/segment_copy.hpp>
#include <vector>

namespace commy::test {

/// Who dies in a scenario. The other one is the test, in slot 0, and lives.
enum class victim_role { sender, reader };
inline constexpr memory::slot_index living = 0;

/// A process's side of the conversation.
struct party {
  segment shared;
  std::optional<message::inbox> box{};
  std::optional<traffic_address> to{};
  std::vector<loan<sheet>> own{};
  std::vector<loan<const sheet>> got{};

  /// Opens the inbox and publishes "sink".
  void open_box();
  void find_sink();
  /// Sends the message of that number.
  void send(std::uint32_t number);
  /// The same as a request, with the number's own correlation.
  void ask(std::uint32_t number);
  /// Takes one message and keeps its loans.
  void take();
  void lend() { own.push_back(try_loan<sheet>(shared).value()); }
};

using numbers = std::vector<std::uint64_t>;

/// What ties the request of that number to its answer.
inline std::uint64_t correlation_of(std::uint64_t number) noexcept {
  return mix(7, number, 1000);
}

/// One operation of the victim, what comes before it, and what a reader must
/// find afterwards: all of one list or all of the other.
struct ring_scenario {
  std::string name;
  victim_role role = victim_role::sender;
  std::function<void(party&)> prepare = [](party&) {};
  std::function<void(party&)> operate;
  numbers before{};
  numbers after{};
  /// Loans that the living one holds all the while.
  std::uint64_t kept = 0;
  /// What the living one does between the two: 0 before `prepare`, 1 after it.
  std::function<void(party&, int)> meanwhile = [](party&, int) {};
  /// Called after each changed byte, with the living one's own mapping.
  std::function<void(party&, memory::ring_view)> interfere =
      [](party&, memory::ring_view) {};
};

struct ring_exploration : state_exploration {
  std::uint64_t ended_before = 0;
  std::uint64_t ended_after = 0;
  std::uint64_t ended_closed = 0;  // The living reader had closed by then.
  std::uint64_t skipped = 0;  // Claims that a living reader skipped itself.

  [[nodiscard]] std::string row(const std::string& name) const;
};

/// Runs a scenario's victim instruction by instruction; after each changed byte
/// it counts as dead, on copies:
///
///  sender   before any sweep, and after one, a living reader takes exactly the
///           messages from before or from after, whole and in order (unless it
///           has closed); then no loan is left in anybody's hands;
///  reader   before any sweep, and after one, a living sender is refused or its
///           message is lost with the reader; then the only loans left are its
///           own;
///  either   a sweep run twice changes nothing; both dead leave no loan, and
///  the
///           next reader of that slot gets what is sent to it and nothing else;
///           no two extents of the control file overlap.
///
/// Of some states the sweep is stepped through as well, cut at each store.
ring_exploration explore_ring(
    const ring_scenario& s,
    memory::planted_bug bug = memory::planted_bug::none);

/// Checks of one state; see above.
class ring_checks {
public:
  ring_checks(const memory::geometry& sizes, const ring_scenario& scenario,
              memory::slot_index victim, ring_exploration& into);
  void check(const segment_bytes& state);
  /// A state in the middle of a sweep of the victim.
  void check_cut_sweep(const segment_bytes& state);

private:
  void check_living_reader(const segment_bytes& state, bool sweep_first);
  void check_living_sender(const segment_bytes& state, bool sweep_first);
  void check_both_dead(const segment_bytes& state);
  void check_next_reader(memory::slot_index slot);
  void check_extents();
  void sweep_twice();
  /// Becomes the living one's attachment on the copy, with its slot and its
  /// generation; the victim is dead.
  std::shared_ptr<memory::engine> resume();
  numbers take_all(const std::shared_ptr<memory::engine>& reader);
  void expect_loans(const loan_count& wanted, const char* when);

  segment_copy copy_;
  const ring_scenario& scenario_;
  memory::slot_index victim_;
  ring_exploration& done_;
};

}  // namespace commy::test
