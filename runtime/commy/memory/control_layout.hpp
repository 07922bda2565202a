// commy/memory/control_layout.hpp: the shared bytes that only writers need.
#pragma once

#include <commy/memory/data_layout.hpp>

namespace commy::memory {

/// One attached process (or one attachment of it). The process is alive while
/// the kernel says so (`platform::liveness`), whatever these bytes say.
struct participant_slot {
  shared_u64 word;     // slot_word
  shared_u64 started;  // Process start time, for people and for Windows.
  shared_u64 nonce;    // Of this attachment.
  // Who sweeps this slot after its death: participant + 1, or 0. A second
  // sweeper takes over only from a dead one.
  shared_u64 sweeper;
  shared_u64 heartbeat_ns;  // Last sign of life, boot clock; says only "slow".
  shared_u64 ring;          // Offset of its inbox in the control file, or 0.
  std::array<shared_u64, 2> unused;
  std::array<shared_u64, 8> name;  // Up to 63 bytes for people.
};
static_assert(sizeof(participant_slot) == 128);

enum class journal_state : std::uint64_t {
  idle = 0,
  active = 1,     // Undo records are valid.
  committed = 2,  // Redo records are valid.
  // What is left is to give blocks back, after a commit or after an abort.
  // Other lanes may take and fill them from now on, so that restoring words or
  // settling sequences in them once more would be wrong.
  freeing_after_commit = 3,
  freeing_after_abort = 4,
};

inline constexpr std::uint32_t guard_cells = 8;
/// Objects that one transaction may lock; over more it is refused with
/// `too_many_objects`. A kibibyte of each lane, a sixteenth of its log, and as
/// long as a look through all of them (40 ns) is less than one transaction:
/// whoever changes more objects at once wants one map instead.
inline constexpr std::uint32_t held_locks = 128;
/// Parts of a log beyond its base, see log_parts.hpp.
inline constexpr std::uint32_t log_extents = 24;

/// What one writing thread needs, apart from its log, which follows.
struct lane_record {
  // Line 0: identity and waiting.
  shared_u64 word;         // lane_word
  shared_u64 waiting_for;  // Root that this lane waits for, or 0.
  shared_u32 park;         // Park word, see platform::parking_lot.
  // A hint: somebody freed a block in a slab that prefers this lane.
  shared_u32 returned;
  std::array<std::uint64_t, 5> unused1;
  // Line 1: the transaction.
  shared_u64 state;  // journal_state
  // Bytes of the log in use, all of them whole records. Counts through base and
  // extents as if they were one array.
  shared_u64 log_used;
  std::array<std::uint64_t, 6> unused2;
  // Line 2: roots that read guards of this lane hold.
  std::array<shared_u64, guard_cells> guards;
  // Lines 3-18: roots locked, about to be, or locked once: written before the
  // lock's CAS, never cleared. The lock's word tells.
  std::array<shared_u64, held_locks> held;
  // Lines 19-21: where the log goes on behind its base, in data. An entry means
  // something while `log_used` is above the extent's start.
  std::array<shared_u64, log_extents> extents;
};
static_assert(sizeof(lane_record) == 64 * 3 + 8 * (held_locks + log_extents));
static_assert(sizeof(lane_record) % 64 == 0);

/// The control file: header, participants, then extents that are added while
/// the segment lives (lane steps and rings), each found by its table entry.
struct control_header {
  std::uint64_t magic;
  std::uint32_t layout;
  std::uint32_t abi;
  std::uint64_t nonce;
  geometry sizes;
  alignas(64) shared_u64 committed;  // Bytes of the control file in use.
  shared_u32 lane_steps;             // Steps of lanes that exist.
  std::uint32_t unused0;
  std::array<shared_u64, 64> lane_step_at;  // Offsets in the control file.
};
static_assert(sizeof(control_header) <= 4096);

inline constexpr std::uint64_t participants_at = 4096;

/// Bytes of a lane with its log.
[[nodiscard]] constexpr std::uint64_t lane_bytes(const geometry& g) noexcept {
  return sizeof(lane_record) + g.journal_bytes;
}
/// Where the first extent may begin.
[[nodiscard]] constexpr std::uint64_t extents_at(const geometry& g) noexcept {
  return align_up(participants_at + g.participants * sizeof(participant_slot),
                  4096);
}
/// Bytes of a ring with its header: see memory/ring_cells.hpp.
[[nodiscard]] constexpr std::uint64_t ring_bytes(const geometry& g) noexcept {
  return align_up(256 + 64ULL * g.ring_cells, 4096);
}
/// Address space for the control file: all lanes and all rings.
[[nodiscard]] constexpr std::uint64_t control_capacity(
    const geometry& g) noexcept {
  return align_up(extents_at(g) +
                      (std::uint64_t{g.lanes} + g.lane_step) * lane_bytes(g) +
                      std::uint64_t{64} * 4096 + g.participants * ring_bytes(g),
                  64U << 10U);
}

}  // namespace commy::memory
