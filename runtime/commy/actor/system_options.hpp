// commy/actor/system_options.hpp: what can be chosen, and what can be seen.
#pragma once

#include <commy/actor/overflow.hpp>
#include <commy/actor/thread_info.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace commy {

class actor_trace;
struct wire_entry;

/// A system without threads whose actors run, and whose time passes, only when
/// they are told to: see commy/test/runtime.hpp.
struct stepping {
  /// Draws which of the actors that are ready is next; 0: the one that has been
  /// ready longest.
  std::uint64_t seed = 0;
};

/// Actors that stop together: see `actor_system::shutdown`.
struct stop_phase {
  std::string name;
  /// How long they have, from the end of the phase before. Positive.
  std::chrono::milliseconds deadline;
};

struct system_options {
  /// Threads that share the actors; 0: as many as the process may use cores.
  /// At most 64.
  unsigned workers = 0;
  /// Messages a mailbox takes unless its actor says otherwise. 1024 of the
  /// usual 64 bytes: a flooded actor holds 64 KiB.
  std::uint32_t mailbox_messages = 1024;
  /// Bytes a mailbox takes unless its actor says otherwise: of the messages'
  /// blocks, and what they say they own by `extra_bytes()`. 16 MiB: enough for
  /// 1024 messages of 16 KiB.
  std::uint64_t mailbox_bytes = std::uint64_t{16} << 20U;
  /// Living actors: 192 bytes each, without their objects.
  std::uint32_t max_actors = 1'000'000;
  /// How long the destructor lets actors drain before it stops them.
  std::chrono::milliseconds stop_deadline{5000};
  /// For tests. Without it actors run on threads.
  std::optional<stepping> stepped = std::nullopt;

  /// Threads are called "<prefix>-worker-0", "<prefix>-pinned-0" and
  /// "<prefix>-alarms". Linux shows 15 bytes: all of them with up to 5 here.
  std::string thread_prefix = "commy";
  /// Called on each thread of the system (not on the host's own) before its
  /// work and after it; set priorities, attach profilers. A hook that throws at
  /// the start makes the constructor throw, or a spawn of a pinned actor fail;
  /// what it throws at the end is logged.
  thread_hook on_thread_start = nullptr;
  thread_hook on_thread_end = nullptr;
  /// Cores that workers run on, one each in turn; with `workers` 0 one worker
  /// for each. Empty: where the system likes. The constructor throws
  /// `std::invalid_argument` when the process may not use one.
  std::vector<unsigned> cores = {};

  /// Takes the time of each handler for `actor_info`. Cost: two looks at the
  /// clock for each message, some 50 ns, and 200 bytes for each actor.
  bool measure_handlers = false;
  /// Told what happens to actors; see actor_trace.hpp. Lives as long as the
  /// system.
  std::shared_ptr<actor_trace> trace = nullptr;

  /// Shutdown stops the actors of the first one first; at most 32, of different
  /// names. The constructor throws `std::invalid_argument` for others.
  std::vector<stop_phase> stop_phases = {};
};

/// What runs an actor.
enum class executor : std::uint8_t {
  shared,  ///< The system's workers.
  /// A thread of its own, for handlers that block or compute for long. At most
  /// 64 such actors at a time; further ones share the system's workers.
  pinned,
  /// The thread that calls `actor_system::run`, `run_for` or `poll`: a game's
  /// or a window's loop, or one that sleeps on `wake_handle`.
  host
};

struct spawn_options {
  /// Unique among living actors; at most 128 bytes. Empty: nobody can look it
  /// up, and it costs less.
  std::string_view name = {};
  /// Messages its mailbox takes; 0: the system's default. At most 8,388,607.
  std::uint32_t mailbox_messages = 0;
  /// And bytes, see `system_options`; 0: the system's default.
  std::uint64_t mailbox_bytes = 0;
  overflow when_full = overflow::reject;
  executor where = executor::shared;
  /// Replaces the class's protocol by one known only at run time: the entries
  /// of `raw_entry`. The memory must outlive the actor.
  std::span<const wire_entry> wire = {};
  /// One of `system_options::stop_phases`; empty: the last one.
  std::string_view stop_phase = {};
};

/// One actor at one moment. Each figure is right by itself; they are not taken
/// at the same instant.
struct actor_info {
  std::string name = {};  ///< Or "#7": the seventh actor of the system.
  std::string type = {};
  std::string state = {};     ///< "ready", "awaiting", "backing off", ...
  std::string handling = {};  ///< The message in work, or empty.
  std::uint32_t queued = 0;
  std::uint64_t queued_bytes = 0;
  std::uint32_t mailbox_messages = 0;
  std::uint64_t mailbox_bytes = 0;
  std::uint64_t replaced = 0;  ///< By later ones, with `latest_by_key`.
  std::uint64_t handled = 0;
  std::uint32_t restarts = 0;
  /// Which actor of the system, from 1 on; never used twice.
  std::uint64_t number = 0;
  /// Its supervisor, as an index of `system_snapshot::supervisors`.
  std::optional<std::size_t> parent = std::nullopt;
  /// In handlers, without waits; and the longest time that one kept its thread.
  /// Zero without `system_options::measure_handlers`.
  std::chrono::nanoseconds handler_time{0};
  std::chrono::nanoseconds longest_handler{0};
  /// Whose answer its handler waits for, and how long until the timeout; empty
  /// when it waits for none.
  std::string waits_for = {};
  std::chrono::nanoseconds waits_at_most{0};
};

/// An actor that had not stopped when the time was up.
struct late_actor {
  std::string name;
  std::string doing;  ///< "ready, handling shop::add, 2 messages queued"
  /// In which it was late; empty without phases.
  std::string phase = {};
  /// As in `actor_info`.
  std::string waits_for = {};
  std::chrono::nanoseconds waits_at_most{0};
};

}  // namespace commy
