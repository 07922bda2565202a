// commy/memory/ring_cells.hpp: the bytes of a participant's inbox.
#pragma once

#include <commy/memory/image.hpp>
#include <commy/memory/loan_handle.hpp>

#include <array>
#include <bit>
#include <cstdint>

namespace commy::memory {

/// A position in a ring counts up for ever; position p lies in cell p mod n, in
/// lap p / n. A cell's word says what position it stands for and who acts:
///
///     FREE(lap) -> CLAIMED(sender, lap) -> FULL(sender, lap) -> FREE(lap + 1)
///
/// Claiming is a compare-and-swap, so a claim always has a name, and that of a
/// dead sender is skipped at once (CLAIMED -> FREE(lap + 1)). The reader takes
/// a message by copying it and then swapping FULL for FREE: the swap proves
/// the copy. A sender that finds its receiver gone swaps FULL back to CLAIMED.
/// Zeroed bytes are an empty ring.
enum class cell_state : std::uint8_t { free = 0, claimed = 1, full = 2 };

/// {state 4, sender's slot + 1: 12, lap 48 bits}.
struct cell_word {
  std::uint64_t raw = 0;

  [[nodiscard]] static constexpr cell_word make(cell_state state,
                                                std::uint32_t sender,
                                                std::uint64_t lap) noexcept {
    return {static_cast<std::uint64_t>(state) << 60U |
            (sender & owner_mask) << 48U | (lap & offset_mask)};
  }
  [[nodiscard]] constexpr cell_state state() const noexcept {
    return static_cast<cell_state>(raw >> 60U);
  }
  /// The sender's slot plus one.
  [[nodiscard]] constexpr std::uint32_t sender() const noexcept {
    return static_cast<std::uint32_t>(raw >> 48U & owner_mask);
  }
  [[nodiscard]] constexpr std::uint64_t lap() const noexcept {
    return raw & offset_mask;
  }
  [[nodiscard]] constexpr cell_word claimed_by(slot_index who) const noexcept {
    return make(cell_state::claimed, who + 1, lap());
  }
  [[nodiscard]] constexpr cell_word filled() const noexcept {
    return make(cell_state::full, sender(), lap());
  }
  [[nodiscard]] constexpr cell_word unfilled() const noexcept {
    return make(cell_state::claimed, sender(), lap());
  }
  [[nodiscard]] constexpr cell_word emptied() const noexcept {
    return make(cell_state::free, 0, lap() + 1);
  }
  friend constexpr bool operator==(cell_word, cell_word) = default;
};

/// What a cell is to its reader. The numbers are shared bytes.
enum class cell_kind : std::uint8_t {
  message = 0,
  // Those after `message` begin with eight bytes that tie them to others, see
  // message/DESIGN.md, "Requests and replies".
  request = 1,
  reply = 2,
  refusal = 3,
  watch = 4,  // Its sender wants to hear of the target's end.
  ended = 5,  // To one that watches: its target has ended.
};
inline constexpr std::uint32_t last_cell_kind = 5;
inline constexpr std::uint32_t correlation_bytes = 8;

/// Bytes before the payload proper in a cell of this kind.
[[nodiscard]] constexpr std::uint32_t prefix_bytes(cell_kind kind) noexcept {
  return kind == cell_kind::message ? 0 : correlation_bytes;
}

/// What a message looks like: {lap 32, bytes 16, two places of 4, carried 1,
/// kind 3}. The bytes count a correlation, and places count from it.
/// Written after the payload, and it counts only if its lap is that of the
/// cell's word: so a claim names no block before its sender has written it.
struct cell_info {
  std::uint64_t raw = 0;

  static constexpr std::uint32_t no_place = 15;

  [[nodiscard]] static constexpr cell_info make(
      std::uint64_t lap, std::uint32_t bytes, std::uint32_t first,
      std::uint32_t second, bool carried, cell_kind kind = {}) noexcept {
    return {(lap & 0xffff'ffffU) |
            static_cast<std::uint64_t>(bytes & 0xffffU) << 32U |
            static_cast<std::uint64_t>(first & 15U) << 48U |
            static_cast<std::uint64_t>(second & 15U) << 52U |
            static_cast<std::uint64_t>(carried) << 56U |
            static_cast<std::uint64_t>(kind) << 57U};
  }
  [[nodiscard]] constexpr bool is_of(cell_word word) const noexcept {
    return (raw & 0xffff'ffffU) == (word.lap() & 0xffff'ffffU);
  }
  [[nodiscard]] constexpr std::uint32_t bytes() const noexcept {
    return static_cast<std::uint32_t>(raw >> 32U & 0xffffU);
  }
  /// Where the first or second handle lies in an inline payload, in words.
  [[nodiscard]] constexpr std::uint32_t place(unsigned which) const noexcept {
    return static_cast<std::uint32_t>(raw >> (48U + 4 * which) & 15U);
  }
  /// The payload lies in a loan block, which the first two words name.
  [[nodiscard]] constexpr bool carried() const noexcept {
    return (raw >> 56U & 1U) != 0;
  }
  /// A `cell_kind`, or more than `last_cell_kind`.
  [[nodiscard]] constexpr std::uint32_t kind() const noexcept {
    return static_cast<std::uint32_t>(raw >> 57U & 7U);
  }
};

/// Bytes of a message that lies in its cell.
inline constexpr std::uint32_t inline_bytes = 32;
/// Bytes of any message: a cell's info has 16 bits for them, as many as the
/// places of loans in a carrier's header need at most. What is larger is a
/// loan.
inline constexpr std::uint32_t message_bytes_max = 0xffff;
/// Loans that one message may name. Eight places fit the carrier's header.
inline constexpr std::uint32_t loans_max = 8;

/// One message: a cache line.
struct ring_cell {
  shared_u64 word;     // cell_word
  shared_u64 info;     // cell_info
  shared_u64 message;  // message_id
  shared_u64 target;   // {actor's number 32, low half of the reader's tag 32}
  std::array<shared_u64, inline_bytes / 8> payload;
};
static_assert(sizeof(ring_cell) == 64);

/// Four lines before the cells, written by different sides.
struct ring_header {
  // Who reads: a number that no other opening of an inbox has; 0: nobody. The
  // upper 28 bits are the reader's slot generation.
  shared_u64 reader;
  // Lane + 1 of the reader while it sleeps, or is about to; else 0.
  shared_u64 sleeper;
  std::array<shared_u64, 6> unused0;
  // Hints, that nothing relies on: all positions below `tail` are claimed; the
  // reader has come to `head`.
  shared_u64 tail;
  std::array<shared_u64, 7> unused1;
  shared_u64 head;
  std::array<shared_u64, 15> unused2;
};
static_assert(sizeof(ring_header) == 256);

/// What begins a loan block that carries a payload too large for a cell. The
/// payload follows.
struct carrier_header {
  std::uint32_t bytes;
  std::uint32_t loans;
  // Where in the payload the handles lie, in words of 8 bytes.
  std::array<std::uint16_t, loans_max> places;
};
static_assert(sizeof(carrier_header) == 24);

/// A ring as this process sees it; null header: there is none.
struct ring_view {
  ring_header* header = nullptr;
  ring_cell* cells = nullptr;
  std::uint32_t count = 0;  // A power of two,
  unsigned shift = 0;       // and which.

  [[nodiscard]] explicit operator bool() const noexcept {
    return header != nullptr;
  }
  [[nodiscard]] ring_cell& cell(std::uint64_t position) const noexcept {
    return cells[position & (count - 1)];
  }
  [[nodiscard]] std::uint64_t lap(std::uint64_t position) const noexcept {
    return position >> shift & offset_mask;
  }
  /// The position that cell `index` stands for in lap `lap`.
  [[nodiscard]] std::uint64_t position(std::uint64_t lap,
                                       std::uint32_t index) const noexcept {
    return (lap << shift) + index;
  }
};

/// The ring of a participant slot. Its offset is shared bytes, hence checked.
[[nodiscard]] inline ring_view ring_of(const image& img,
                                       slot_index slot) noexcept {
  const auto& sizes = img.sizes();
  if (slot >= sizes.participants) return {};
  // acquire, pairs with the release in engine::own_ring(): the file reaches
  // that far.
  const auto at = img.slot(slot).ring.load(std::memory_order_acquire);
  const auto end = img.control_committed();
  if (at < extents_at(sizes) || at % 4096 != 0 || at > end ||
      ring_bytes(sizes) > end - at) {
    return {};
  }
  auto* const header = reinterpret_cast<ring_header*>(img.control_bytes(at));
  return {
      header,
      reinterpret_cast<ring_cell*>(img.control_bytes(at) + sizeof(ring_header)),
      sizes.ring_cells,
      static_cast<unsigned>(std::countr_zero(sizes.ring_cells))};
}

/// Is a message with this target for who reads the ring now?
[[nodiscard]] inline bool reads_here(const ring_view& ring,
                                     std::uint64_t target) noexcept {
  // acquire, pairs with the reader's store when it opened its inbox.
  const auto reader = ring.header->reader.load(std::memory_order_acquire);
  return reader != 0 && static_cast<std::uint32_t>(reader) ==
                            static_cast<std::uint32_t>(target);
}

/// A cell's message, copied out before it is looked at.
struct cell_copy {
  cell_word word;
  cell_info info;
  std::uint64_t message = 0;
  std::uint64_t target = 0;
  std::array<std::uint64_t, inline_bytes / 8> payload{};
};

/// relaxed: the caller has loaded the word with acquire before, and proves the
/// copy by a compare-and-swap on the word, or a second look at it, afterwards.
[[nodiscard]] inline cell_copy copy_cell(const ring_cell& cell,
                                         cell_word seen) noexcept {
  cell_copy copy{
      seen,
      {cell.info.load(std::memory_order_relaxed)},
      cell.message.load(std::memory_order_relaxed),
      cell.target.load(std::memory_order_relaxed),
  };
#pragma GCC unroll 4
  for (std::size_t i = 0; i < copy.payload.size(); ++i) {
    copy.payload[i] = cell.payload[i].load(std::memory_order_relaxed);
  }
  return copy;
}

}  // namespace commy::memory
