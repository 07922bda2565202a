// commy/memory/lane.hpp: one thread's private side of the lane it leases.
#pragma once

#include <commy/memory/classes.hpp>
#include <commy/memory/image.hpp>

#include <array>
#include <cstdint>
#include <vector>

namespace commy::memory {

/// Free blocks of one class that this lane has seen. A hint: the block word
/// decides, so a stale entry costs a look, never a mistake.
class magazine {
public:
  /// Sized so that a refill's slab scan is shared by 64 allocations.
  static constexpr std::uint32_t capacity = 64;

  struct entry {
    offset block;
    offset word;
  };
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  [[nodiscard]] bool full() const noexcept { return count_ == capacity; }
  void push(entry e) noexcept {
    if (count_ < capacity) entries_[count_++] = e;
  }
  [[nodiscard]] entry pop() noexcept { return entries_[--count_]; }
  void clear() noexcept { count_ = 0; }

private:
  std::array<entry, capacity> entries_;
  std::uint32_t count_ = 0;
};

/// What a lane knows of the slabs of one use: their pages, and where it looked
/// last. Slabs of other lanes are in the list too; preference, not ownership.
struct slab_list {
  magazine ready;
  std::vector<std::uint64_t> pages;
  std::size_t cursor = 0;
};

/// The process-local side of a leased lane. Threads: the leasing one only.
struct lane {
  image* img = nullptr;
  lane_record* record = nullptr;
  lane_index index = 0;
  std::uint64_t generation = 0;
  lock_word self{};
  std::uint64_t* log = nullptr;
  std::uint64_t log_words = 0;      // Words of log in use; mirrors log_used.
  std::uint64_t log_words_max = 0;  // Words that fit.
  std::uint32_t held = 0;           // Mirrors held_count.
  bool open = false;                // A transaction is open.
  bool editing = false;             // An operation of it is under way.
  // What the log holds, so that most commits need not read it: sequences
  // turned odd (all of them while `units_seen` is within the array), and
  // whether blocks were taken or given back.
  std::array<shared_u64*, 16> units{};
  std::uint32_t units_seen = 0;
  bool blocks_seen = false;
  std::uint64_t pages_seen = 0;  // Page words scanned for others' slabs.
  std::array<std::array<slab_list, size_class_count>, 3> slabs;

  [[nodiscard]] slab_list& slabs_of(slab_use use) noexcept {
    return slabs[static_cast<std::size_t>(use.kind)][use.cls];
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
