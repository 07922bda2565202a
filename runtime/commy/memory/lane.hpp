// commy/memory/lane.hpp: one thread's private side of the lane it leases.
#pragma once

#include <commy/memory/classes.hpp>
#include <commy/memory/journal.hpp>
#include <commy/memory/recent_loans.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace commy::memory {

/// Free blocks of one class that this lane has seen. A hint: the block word
/// decides, so a stale entry costs a look, never a mistake.
class magazine {
public:
  struct entry {
    std::uint64_t low;  // Of a handle to it: place and segment's mark.
    offset word;

    [[nodiscard]] offset block() const noexcept { return low & offset_mask; }
  };
  /// Entries for blocks of `bytes` each: enough that the newest that a loop
  /// gives back serve its next round, and at most 32 KiB of blocks (but four),
  /// which is what one lane may keep from all others.
  [[nodiscard]] static constexpr std::uint32_t room_for(
      std::uint32_t bytes) noexcept {
    return std::clamp<std::uint32_t>((32U << 10U) / bytes, 4, 256);
  }
  /// A refill takes no more, so that lanes leave something for each other.
  static constexpr std::uint32_t refill_max = 64;

  /// Makes room; without it a magazine is both empty and full.
  void prepare(std::uint32_t room) {
    entries_ = std::make_unique<entry[]>(room);
    room_ = room;
  }
  [[nodiscard]] bool prepared() const noexcept { return room_ != 0; }
  [[nodiscard]] bool empty() const noexcept {
    return last_is_out_ && count_ == 0;
  }
  [[nodiscard]] bool full() const noexcept { return count_ == room_; }
  /// True when a refill should end.
  [[nodiscard]] bool stocked() const noexcept {
    return count_ >= refill_max || full();
  }
  /// Requires: not full.
  void push(entry e) noexcept { entries_[count_++] = e; }
  /// Requires: not empty.
  [[nodiscard]] entry pop() noexcept {
    if (last_is_out_) last_ = entries_[--count_];
    last_is_out_ = true;
    return last_;
  }
  /// What was popped last, if `low` is that and it is still out.
  [[nodiscard]] const entry* just_popped(std::uint64_t low) const noexcept {
    return last_is_out_ && last_.low == low ? &last_ : nullptr;
  }
  /// Puts back what was popped last. Requires: `just_popped` has found it.
  void unpop() noexcept { last_is_out_ = false; }

private:
  std::unique_ptr<entry[]> entries_;
  std::uint32_t count_ = 0;
  std::uint32_t room_ = 0;
  // Beside the stack, with a flag instead of a count: a loop that takes a block
  // and gives it back need not wait for its own last store of a count.
  entry last_{};
  bool last_is_out_ = true;
};

/// What a lane knows of the slabs of one use. Slabs that name it as the lane
/// they prefer are its own: there it looks first, so that lanes do not write
/// the same cache lines. Preference is not ownership: `others` are looked into
/// before the segment is called full.
struct slab_list {
  struct known_slab {
    std::uint64_t page = 0;
    std::uint32_t next = 0;  // Block at which the next scan begins.
  };
  magazine ready;
  std::vector<known_slab> own;
  std::vector<known_slab> others;
  // Own slabs in which this lane freed blocks that its magazine had no room
  // for.
  std::vector<known_slab> returned;
  std::size_t cursor = 0;  // In `own`.
  bool foreign = false;    // `ready` holds blocks of slabs of others.
};

/// The place of a use among all uses.
[[nodiscard]] constexpr std::size_t list_of(slab_use use) noexcept {
  const auto kind = static_cast<std::size_t>(use.kind);
  // Loans alone have large classes.
  const bool behind_loans = use.kind > block_kind::loan;
  return kind * size_class_count + (behind_loans ? large_class_count : 0) +
         use.cls;
}

/// A loan whose block the open transaction has taken over, see
/// transaction::keep().
struct kept_loan {
  block_place place{};           // Of the block, or of the descriptor.
  std::uint64_t generation = 0;  // Its, while the transaction has it.
  slot_index owner = 0;          // Gets it back, should it be undone.
  std::uint64_t page = 0;        // Of a large one: where its run begins,
  page_word run{};               // and what says that the transaction has it.
};

/// The process-local side of a leased lane. Threads: the leasing one only.
struct alignas(64) lane {
  // What each transaction writes: one cache line.
  std::byte* data = nullptr;  // Where the data file begins, as `img` has it.
  lane_record* record = nullptr;
  // The current part of the log, such that `log[log_words]` is the place of the
  // next record, whichever part that is in.
  shared_u64* log = nullptr;
  std::uint64_t log_words = 0;      // Words of log in use; mirrors log_used.
  std::uint64_t log_words_max = 0;  // Up to where the current part goes.
  lock_word self{};
  std::uint32_t held = 0;  // Cells of `held` in use.
  // What the log holds, so that most commits need not read it: sequences
  // turned odd (all of them while `units_seen` is within the array), and
  // whether blocks were taken or given back.
  std::uint32_t units_seen = 0;
  std::uint32_t blocks_seen = 0;
  bool open = false;     // A transaction is open.
  bool editing = false;  // An operation of it is under way.
  image* img = nullptr;
  std::array<shared_u64*, 16> units{};

  lane_index index = 0;
  std::uint64_t generation = 0;
  slot_index slot = 0;         // Of the participant that leases it.
  std::uint32_t segment = 0;   // The segment's number in handles.
  std::uint64_t low_mark = 0;  // Of handles' low halves.
  // Words of its participant's bare blocks, without generation.
  std::uint64_t owned = 0;
  std::uint64_t cached = 0;
  // Word of a block on loan ^ high half of its handle: one number for all.
  std::uint64_t word_to_high = 0;
  std::uint32_t log_extents = 0;  // Extents that the transaction claimed.
  std::vector<kept_loan> kept;    // By the open transaction.
  // Of the bare block taken last, unless `foreign`: what is given back at once
  // goes back there, without a search for where it belongs.
  slab_list* recent_bare = nullptr;
  std::uint64_t pages_seen = 0;  // Page words scanned for slabs.
  // Classes in which somebody may have freed blocks since this lane last
  // looked at all of its slabs.
  std::array<bool, slab_class_count> look_again{};
  recent_loans recent;
  // One list per use, kind by kind.
  std::array<slab_list, list_of({static_cast<block_kind>(block_kinds), 0})>
      slabs;

  /// As those of the image, one load sooner.
  [[nodiscard]] shared_u64& word(offset at) const noexcept {
    return *reinterpret_cast<shared_u64*>(data + at);
  }
  [[nodiscard]] root& root_at(offset at) const noexcept {
    return *reinterpret_cast<root*>(data + at);
  }
  [[nodiscard]] data_header& header() const noexcept {
    return *reinterpret_cast<data_header*>(data);
  }
  [[nodiscard]] offset offset_of(const void* inside) const noexcept {
    return static_cast<offset>(static_cast<const std::byte*>(inside) - data);
  }
  /// True while no transaction is open and nothing is locked.
  [[nodiscard]] bool at_rest() const noexcept { return !open && !editing; }

  /// A magazine's entry for a block.
  [[nodiscard]] magazine::entry entry_of(offset block,
                                         offset word) const noexcept {
    return {block | low_mark, word};
  }
  [[nodiscard]] slab_list& slabs_of(slab_use use) noexcept {
    return slabs[list_of(use)];
  }
  /// The next transaction's log begins in the base again.
  void rewind_log() noexcept {
    log = reinterpret_cast<shared_u64*>(image::log_of(*record));
    log_words_max = img->sizes().journal_bytes / 8 - log_slack;
    log_extents = 0;
  }
};

/// Marks a lane as being in the middle of an operation, whose caller's code may
/// run inside and must not begin another one.
class edit_scope {
public:
  explicit edit_scope(lane& of) noexcept : lane_{of} { lane_.editing = true; }
  edit_scope(const edit_scope&) = delete;
  edit_scope& operator=(const edit_scope&) = delete;
  ~edit_scope() { lane_.editing = false; }

private:
  lane& lane_;
};

}  // namespace commy::memory
