// commy/memory/topic_cells.hpp: the bytes of a topic between processes.
#pragma once

#include <commy/memory/loan_holders.hpp>
#include <commy/memory/ring_cells.hpp>

#include <array>
#include <bit>
#include <cstdint>

namespace commy::memory {

/// A topic's bytes are one run of `data`:
///
///     header (256)   64 entries, one a subscriber   depth cells (a power of 2)
///
/// and its root holds where they are (shape[0]). They are never anything else:
/// when a topic's name is removed they are drained and serve the next topic of
/// that depth, under another *life*. So whoever still has a handle, and a sweep
/// that walks through all topics, need no lock against a removal: what they
/// find is a topic's bytes, and its life says whose.
///
/// A position counts up for ever; position p lies in cell p mod depth, in lap
/// p / depth. Laps begin with 1, so zeroed bytes are a topic without messages.
///
///     cell of lap l - 1 (FREE or FULL) -> CLAIMED(publisher, l)
///       -> FULL(publisher, l)      a message, until it is claimed for l + 1
///       -> FREE(l)                 skipped: its publisher died before that
///
/// Claiming p claims the cell in which p - depth lies: that one's block is
/// evicted first, while the cell still names it; then its name is taken out,
/// the new block named, handed over, and the cell FULL. A subscriber's cursor
/// is the next position it reads. A cell whose lap is beyond the cursor's says
/// that messages were lost to it.

/// What a cell names: {lap 32, life 31, named 1}. Counts only if `named`.
struct topic_info {
  std::uint64_t raw = 0;

  static constexpr std::uint64_t life_mask = 0x7fff'ffffU;

  [[nodiscard]] static constexpr topic_info make(std::uint64_t lap,
                                                 std::uint64_t life) noexcept {
    return {(lap & 0xffff'ffffU) | (life & life_mask) << 32U |
            std::uint64_t{1} << 63U};
  }
  /// Written for this lap?
  [[nodiscard]] constexpr bool is_of(std::uint64_t lap) const noexcept {
    return raw >> 63U != 0 && (raw & 0xffff'ffffU) == (lap & 0xffff'ffffU);
  }
  [[nodiscard]] constexpr std::uint64_t life() const noexcept {
    return raw >> 32U & life_mask;
  }
};

/// One message: a cache line.
struct topic_cell {
  shared_u64 word;  // cell_word
  shared_u64 info;  // topic_info
  shared_u64 low;   // The loan_handle of its block.
  shared_u64 high;
  std::array<shared_u64, 4> unused;
};
static_assert(sizeof(topic_cell) == 64);

/// FREE(n) -> JOINING(participant, n) -> LIVE -> LEAVING -> FREE(n + 1). While
/// an entry is not FREE, its bit in holder words is this participant's.
enum class entry_state : std::uint8_t {
  free = 0,
  joining = 1,  // Has no cursor yet.
  live = 2,
  leaving = 3,  // Reads no more; samples of it may be out.
};

/// {state 4, participant's slot + 1: 12, number 48}.
struct entry_word {
  std::uint64_t raw = 0;

  [[nodiscard]] static constexpr entry_word make(
      entry_state state, std::uint32_t owner, std::uint64_t number) noexcept {
    return {static_cast<std::uint64_t>(state) << 60U |
            (owner & owner_mask) << 48U | (number & offset_mask)};
  }
  [[nodiscard]] constexpr entry_state state() const noexcept {
    return static_cast<entry_state>(raw >> 60U);
  }
  [[nodiscard]] constexpr std::uint32_t owner() const noexcept {
    return static_cast<std::uint32_t>(raw >> 48U & owner_mask);
  }
  [[nodiscard]] constexpr std::uint64_t number() const noexcept {
    return raw & offset_mask;
  }
  [[nodiscard]] constexpr entry_word as(entry_state state) const noexcept {
    return make(state, owner(), number());
  }
  [[nodiscard]] constexpr entry_word freed() const noexcept {
    return make(entry_state::free, 0, number() + 1);
  }
};

/// One subscriber: a cache line, written by it alone but for its end.
struct topic_entry {
  shared_u64 word;     // entry_word
  shared_u64 cursor;   // The position it reads next.
  shared_u64 missed;   // Messages that it has lost, for people.
  shared_u64 sleeper;  // Lane + 1 while its bit in `sleeping` is set.
  shared_u64 life;     // Of the topic it has subscribed to.
  std::array<shared_u64, 3> unused;
};
static_assert(sizeof(topic_entry) == 64);

/// What happens to a message that a live subscriber has not read, when its cell
/// is needed.
enum class slow_reader : std::uint8_t {
  lose_oldest = 0,     // It is lost to that one, who is told how many were.
  hold_publisher = 1,  // The publisher is refused, or waits.
};

/// {policy 8 | history 32}.
struct topic_mode {
  std::uint64_t raw = 0;

  [[nodiscard]] static constexpr topic_mode make(
      slow_reader policy, std::uint32_t history) noexcept {
    return {static_cast<std::uint64_t>(policy) << 32U | history};
  }
  [[nodiscard]] constexpr bool holds_publisher() const noexcept {
    return raw >> 32U == 1;
  }
  [[nodiscard]] constexpr std::uint32_t history() const noexcept {
    return static_cast<std::uint32_t>(raw);
  }
};

/// Four lines, by how often they change.
struct topic_header {
  // Fixed, or as good as.
  shared_u64 depth;
  shared_u64 number;  // In blocks' words; 0: not yet in the list of topics.
  shared_u64 next;    // Of the list: the topic made before, or 0.
  shared_u64 root;    // Whose bytes these are; 0: of no topic now.
  shared_u64 life;    // Moves on when the topic is removed.
  shared_u64 mode;    // topic_mode
  shared_u64 first;   // The first position of this life, for statistics.
  shared_u64 unused0;
  // Bit s: subscriber s sleeps, or is about to.
  shared_u64 sleeping;
  std::array<shared_u64, 7> unused1;
  shared_u64 members;  // Bit s: entry s is worth a look.
  shared_u64 joins;    // Grows with each subscription.
  shared_u64 held_up;  // Not 0: a publisher waits for room.
  std::array<shared_u64, 5> unused2;
  // All positions below are claimed; a hint.
  shared_u64 tail;
  // Statistics.
  shared_u64 refused;  // Publications for which there was no room.
  shared_u64 skipped;  // Positions whose publisher died.
  std::array<shared_u64, 5> unused3;
};
static_assert(sizeof(topic_header) == 256);

/// 4 MiB of cells, and 65,536 blocks that wait to be overwritten: who wants to
/// keep more wants a container.
inline constexpr std::uint32_t topic_depth_max = 1U << 16U;
/// What the owner's bits of a block's word can count.
inline constexpr std::uint32_t topics_max = 4095;

[[nodiscard]] constexpr std::uint64_t topic_bytes(
    std::uint64_t depth) noexcept {
  return sizeof(topic_header) + holders_max * sizeof(topic_entry) +
         depth * sizeof(topic_cell);
}

/// A topic as this process sees it; null header: there is none.
struct topic_view {
  topic_header* header = nullptr;
  topic_entry* entries = nullptr;
  topic_cell* cells = nullptr;
  std::uint32_t depth = 0;  // A power of two.

  [[nodiscard]] explicit operator bool() const noexcept {
    return header != nullptr;
  }
  [[nodiscard]] topic_cell& cell(std::uint64_t position) const noexcept {
    return cells[position & (depth - 1)];
  }
  [[nodiscard]] std::uint64_t lap(std::uint64_t position) const noexcept {
    return position >> static_cast<unsigned>(std::countr_zero(depth)) &
           offset_mask;
  }
  /// The position that cell `index` stands for in lap `lap`.
  [[nodiscard]] std::uint64_t position(std::uint64_t lap,
                                       std::uint64_t index) const noexcept {
    return (lap << static_cast<unsigned>(std::countr_zero(depth))) + index;
  }
  /// relaxed: fixed once it is not 0.
  [[nodiscard]] std::uint32_t number() const noexcept {
    return static_cast<std::uint32_t>(
        header->number.load(std::memory_order_relaxed) & owner_mask);
  }
};

/// The topic's bytes at `at`. Offset and depth are input, hence checked.
[[nodiscard]] inline topic_view topic_at(const image& img, offset at) noexcept {
  const auto end = img.committed();
  if (at % 64 != 0 || !image::lies_below(end, at, topic_bytes(0))) return {};
  auto* const header = reinterpret_cast<topic_header*>(img.bytes(at));
  const auto depth = header->depth.load(std::memory_order_relaxed);
  if (depth < 2 || depth > topic_depth_max || !std::has_single_bit(depth) ||
      !image::lies_below(end, at, topic_bytes(depth))) {
    return {};
  }
  auto* const entries =
      reinterpret_cast<topic_entry*>(img.bytes(at + sizeof(topic_header)));
  return {header, entries,
          reinterpret_cast<topic_cell*>(img.bytes(
              at + sizeof(topic_header) + holders_max * sizeof(topic_entry))),
          static_cast<std::uint32_t>(depth)};
}

/// Where the list of topics begins: in the directory's root, in the word that
/// says of trash what it is, which the directory never becomes. The list only
/// grows, and a `next` never changes once something leads to it.
[[nodiscard]] inline shared_u64& first_topic(root& directory) noexcept {
  return directory.motion[3];
}

/// Calls `visit(at, view)` for each topic that was ever linked, in use or not,
/// until that is false. Bytes are input: at most `topics_max`.
template <class Visit>
void for_each_topic(const image& img, Visit&& visit) {
  const auto directory = img.header().directory;
  const auto place = find_block(img, directory, block_kind::root);
  if (!place) return;
  // acquire, pairs with the release that ends the transaction which linked it.
  auto at = first_topic(img.root_at(directory)).load(std::memory_order_acquire);
  for (std::uint32_t i = 0; at != 0 && i < topics_max; ++i) {
    const auto view = topic_at(img, at);
    if (!view || !visit(at, view)) return;
    at = view.header->next.load(std::memory_order_relaxed);
  }
}

/// What a cell says, copied out before it is looked at.
struct topic_message {
  cell_word word;
  topic_info info;
  loan_handle handle;

  /// Does it name a block in this lap?
  [[nodiscard]] bool is_named(std::uint64_t lap) const noexcept {
    return info.is_of(lap);
  }
};

/// relaxed: the caller has loaded the word with acquire, and looks at it again
/// behind an acquire fence.
[[nodiscard]] inline topic_message copy_message(const topic_cell& cell,
                                                cell_word seen) noexcept {
  return {seen,
          {cell.info.load(std::memory_order_relaxed)},
          {cell.low.load(std::memory_order_relaxed),
           cell.high.load(std::memory_order_relaxed)}};
}

}  // namespace commy::memory
