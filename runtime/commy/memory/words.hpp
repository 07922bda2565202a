// commy/memory/words.hpp: the 64-bit words that decide who holds what.
#pragma once

#include <cstdint>

namespace commy::memory {

/// A position in a segment's data file, valid in every process; 0 is nowhere.
/// At most 48 bits (256 TiB, far above the 1 TiB that a segment may reserve).
using offset = std::uint64_t;
inline constexpr unsigned offset_bits = 48;
inline constexpr offset offset_mask = (offset{1} << offset_bits) - 1;

/// Index of a lane, 0 to 4,094. Words store it plus one, so that an all-zero
/// word means "nobody".
using lane_index = std::uint32_t;
/// Index of a participant slot, 0 to 1,022; stored plus one as well.
using slot_index = std::uint32_t;
inline constexpr unsigned owner_bits = 12;
inline constexpr std::uint64_t owner_mask = (1U << owner_bits) - 1;

/// Who may touch a block's bytes. The word lies apart from the block and is
/// the truth; free lists are caches in private memory.
///
///     FREE(g) -> RESERVED(lane, g+1) -> LIVE(g+1) -> FREE(g+2)
///                RESERVED -> DROPPED(lane) -> FREE
///                OWNED(participant) <-> IN_RING(participant) -> FREE
///                OWNED(participant) <-> CACHED(participant) -> FREE
///                OWNED(participant) -> IN_TOPIC(topic) -> FREE
///                OWNED(participant) <-> RESERVED, DROPPED(lane)
///
/// Taking is a compare-and-swap; every other step is made by the one who owns
/// the block (or by the sweep in a dead owner's name) and may be repeated: it
/// names the generation it expects, so the second time it does nothing.
enum class block_state : std::uint8_t {
  free = 0,
  reserved = 1,  // By a lane's open transaction.
  live = 2,      // Reachable from an object; it may have been a loan.
  owned = 3,     // A loan: one participant writes or reads it.
  in_ring = 4,   // A loan on its way; the owner is the ring's participant.
  dropped = 5,   // Reserved, and given back by the same open transaction.
  // Of a loan or a bare block; the owner is a participant:
  cached = 6,  // Given back, and kept by one of its lanes for the next use.
  // Bare blocks only, see bare_block.hpp; the same owner:
  returned = 7,  // Given back by somebody else; that lane will find it.
  // Loans only: published, the owner is the topic's number; see loan_holders.
  in_topic = 8,
};

/// {state 4, owner 12, generation 48 bits}. At ten million recyclings per
/// second of one block, 48 bits last for 325 days.
struct block_word {
  std::uint64_t raw = 0;

  static constexpr std::uint64_t generation_mask = offset_mask;

  [[nodiscard]] static constexpr block_word make(
      block_state state, std::uint32_t owner,
      std::uint64_t generation) noexcept {
    return {static_cast<std::uint64_t>(state) << 60U |
            (owner & owner_mask) << 48U | (generation & generation_mask)};
  }
  [[nodiscard]] constexpr block_state state() const noexcept {
    return static_cast<block_state>(raw >> 60U);
  }
  [[nodiscard]] constexpr std::uint32_t owner() const noexcept {
    return static_cast<std::uint32_t>(raw >> 48U & owner_mask);
  }
  [[nodiscard]] constexpr std::uint64_t generation() const noexcept {
    return raw & generation_mask;
  }
  /// The word one step on in its life: next state, next generation.
  [[nodiscard]] constexpr block_word freed() const noexcept {
    return make(block_state::free, 0, generation() + 1);
  }
  [[nodiscard]] constexpr block_word reserved_by(
      lane_index lane) const noexcept {
    return make(block_state::reserved, lane + 1, generation() + 1);
  }
  [[nodiscard]] constexpr block_word made_live() const noexcept {
    return make(block_state::live, 0, generation());
  }
  [[nodiscard]] constexpr block_word made_dropped() const noexcept {
    return make(block_state::dropped, owner(), generation());
  }
  friend constexpr bool operator==(block_word, block_word) = default;
};

/// What a page of the data file serves as. A run's head decides for all its
/// pages; the words of the pages behind a head mean nothing while it lives.
enum class page_state : std::uint8_t {
  free = 0,
  reserved = 1,  // Head of a run of `count` pages, by a lane's transaction.
  live = 2,      // Head of a run of `count` pages.
  // Equal blocks of class `count`, for ever. The owner is a hint: the lane that
  // looks here first, so that lanes do not fight over the same words.
  slab = 3,
  meta = 4,     // Head of a chunk: headers and page words.
  dropped = 5,  // Reserved, and given back by the same open transaction.
  owned = 6,    // Head of a bare run; the owner is a participant.
  loan = 7,     // Head of a run that a loan's descriptor names.
};

/// {state 4, owner 12, generation 24, count 24 bits}.
struct page_word {
  std::uint64_t raw = 0;

  [[nodiscard]] static constexpr page_word make(page_state state,
                                                std::uint32_t owner,
                                                std::uint64_t generation,
                                                std::uint64_t count) noexcept {
    return {static_cast<std::uint64_t>(state) << 60U |
            (owner & owner_mask) << 48U | (generation & 0xff'ffffU) << 24U |
            (count & 0xff'ffffU)};
  }
  [[nodiscard]] constexpr page_state state() const noexcept {
    return static_cast<page_state>(raw >> 60U);
  }
  [[nodiscard]] constexpr std::uint32_t owner() const noexcept {
    return static_cast<std::uint32_t>(raw >> 48U & owner_mask);
  }
  [[nodiscard]] constexpr std::uint64_t generation() const noexcept {
    return raw >> 24U & 0xff'ffffU;
  }
  [[nodiscard]] constexpr std::uint64_t count() const noexcept {
    return raw & 0xff'ffffU;
  }
  [[nodiscard]] constexpr page_word freed() const noexcept {
    return make(page_state::free, 0, generation() + 1, 0);
  }
  [[nodiscard]] constexpr page_word made_live() const noexcept {
    return make(page_state::live, 0, generation(), count());
  }
  [[nodiscard]] constexpr page_word made_dropped() const noexcept {
    return make(page_state::dropped, owner(), generation(), count());
  }
  /// True for the head of a run, in whatever state of its life.
  [[nodiscard]] constexpr bool heads_run() const noexcept {
    return state() == page_state::reserved || state() == page_state::live ||
           state() == page_state::dropped || state() == page_state::owned ||
           state() == page_state::loan;
  }
  friend constexpr bool operator==(page_word, page_word) = default;
};

/// The lock of one root object: {waiters 1, guarded 1, lane 12, lease 50}.
/// `lease` is the low part of the lane's generation, so that a lock of an
/// earlier lease of the same lane is never mistaken for the present one.
struct lock_word {
  std::uint64_t raw = 0;

  static constexpr std::uint64_t waiters_bit = std::uint64_t{1} << 63U;
  static constexpr std::uint64_t guarded_bit = std::uint64_t{1} << 62U;
  static constexpr std::uint64_t lease_mask = (std::uint64_t{1} << 50U) - 1;

  [[nodiscard]] static constexpr lock_word held_by(
      lane_index lane, std::uint64_t lease) noexcept {
    return {(static_cast<std::uint64_t>(lane) + 1) << 50U |
            (lease & lease_mask)};
  }
  [[nodiscard]] constexpr bool locked() const noexcept {
    return (raw & ~(waiters_bit | guarded_bit)) != 0;
  }
  [[nodiscard]] constexpr bool waiters() const noexcept {
    return (raw & waiters_bit) != 0;
  }
  [[nodiscard]] constexpr bool guarded() const noexcept {
    return (raw & guarded_bit) != 0;
  }
  /// The holder's lane plus one, 0 when unlocked.
  [[nodiscard]] constexpr std::uint32_t lane_plus_one() const noexcept {
    return static_cast<std::uint32_t>(raw >> 50U & owner_mask);
  }
  /// Holder alone, without the two flag bits.
  [[nodiscard]] constexpr std::uint64_t holder() const noexcept {
    return raw & ~(waiters_bit | guarded_bit);
  }
  friend constexpr bool operator==(lock_word, lock_word) = default;
};

/// A lane's word: {state 4, participant 12, generation 48}.
enum class lane_state : std::uint8_t { free = 0, leased = 1 };

struct lane_word {
  std::uint64_t raw = 0;

  [[nodiscard]] static constexpr lane_word make(
      lane_state state, std::uint32_t participant_plus_one,
      std::uint64_t generation) noexcept {
    return {static_cast<std::uint64_t>(state) << 60U |
            (participant_plus_one & owner_mask) << 48U |
            (generation & offset_mask)};
  }
  [[nodiscard]] constexpr lane_state state() const noexcept {
    return static_cast<lane_state>(raw >> 60U);
  }
  [[nodiscard]] constexpr std::uint32_t participant_plus_one() const noexcept {
    return static_cast<std::uint32_t>(raw >> 48U & owner_mask);
  }
  [[nodiscard]] constexpr std::uint64_t generation() const noexcept {
    return raw & offset_mask;
  }
  friend constexpr bool operator==(lane_word, lane_word) = default;
};

/// A participant slot's word: {state 4, generation 28, pid 32}. The pid is in
/// the word so that one compare-and-swap both claims the slot and says who did
/// (Windows decides liveness by process; on Linux it is for people only).
enum class slot_state : std::uint8_t {
  free = 0,
  live = 1,      // Claimed; alive while the kernel says so.
  sweeping = 2,  // Dead; its phase-two sweep may still be running.
};

struct slot_word {
  std::uint64_t raw = 0;

  [[nodiscard]] static constexpr slot_word make(slot_state state,
                                                std::uint64_t generation,
                                                std::uint32_t pid) noexcept {
    return {static_cast<std::uint64_t>(state) << 60U |
            (generation & 0xfff'ffffU) << 32U | pid};
  }
  [[nodiscard]] constexpr slot_state state() const noexcept {
    return static_cast<slot_state>(raw >> 60U);
  }
  [[nodiscard]] constexpr std::uint64_t generation() const noexcept {
    return raw >> 32U & 0xfff'ffffU;
  }
  [[nodiscard]] constexpr std::uint32_t pid() const noexcept {
    return static_cast<std::uint32_t>(raw);
  }
  friend constexpr bool operator==(slot_word, slot_word) = default;
};

}  // namespace commy::memory
