#include <commy/message/envelope_pool.hpp>
#include <commy/platform/thread_end.hpp>

#include <array>
#include <cstddef>
#include <mutex>
#include <new>
#include <utility>

namespace commy::message::detail {
namespace {

// A thread keeps at most two batches per class: one to serve from and one to
// hand on. 32 blocks spread the depot's lock over enough messages that it does
// not show (20 ns / 32).
constexpr std::uint32_t batch_blocks = 32;
constexpr std::uint32_t thread_limit = 2 * batch_blocks;
// New blocks are cut from so much at a time: 1024 of the smallest, 64 of the
// largest. The heap needs some 200 ns and half a block more for each aligned
// block that it is asked for alone.
constexpr std::size_t chunk_bytes = std::size_t{64} << 10U;
constexpr std::align_val_t line{64};

void* from_heap(std::size_t bytes) noexcept {
  return ::operator new(bytes, line, std::nothrow);
}

void to_heap(void* block) noexcept { ::operator delete(block, line); }

/// The first block of a full batch, whose others follow by `next`.
struct batch : free_block {
  batch* below;
};
static_assert(sizeof(batch) <= smallest_block_bytes);

/// Where blocks come from, and full batches on their way from threads that
/// consume to threads that send. Blocks stay here for good: there are never
/// more than there were messages at one time, which mailboxes bound, and the
/// next burst finds them.
class depot {
public:
  /// A batch, or null without memory. `block_bytes` is always the same.
  free_block* try_take(std::size_t block_bytes) noexcept {
    const std::lock_guard hold{mutex_};
    if (top_ != nullptr) return std::exchange(top_, top_->below);
    return cut(block_bytes);
  }

  void put(free_block* full) noexcept {
    const std::lock_guard hold{mutex_};
    push(full);
  }

  /// Takes the blocks of a thread that ends.
  void put_some(free_block* first) noexcept {
    const std::lock_guard hold{mutex_};
    while (first != nullptr) {
      auto* const next = first->next;
      first->next = some_;
      some_ = first;
      if (++some_count_ == batch_blocks) {
        push(std::exchange(some_, nullptr));
        some_count_ = 0;
      }
      first = next;
    }
  }

private:
  void push(free_block* full) noexcept {
    top_ = ::new (full) batch{{full->next}, top_};
  }

  free_block* cut(std::size_t block_bytes) noexcept {
    if (chunk_left_ == 0) {
      chunk_ = static_cast<std::byte*>(from_heap(chunk_bytes));
      if (chunk_ == nullptr) return nullptr;
      chunk_left_ = chunk_bytes;
    }
    free_block* first = nullptr;
    for (std::uint32_t i = 0; i < batch_blocks; ++i) {
      chunk_left_ -= block_bytes;
      first = ::new (chunk_ + chunk_left_) free_block{first};
    }
    return first;
  }

  std::mutex mutex_;
  batch* top_ = nullptr;
  free_block* some_ = nullptr;  // Less than a batch.
  std::uint32_t some_count_ = 0;
  std::size_t chunk_left_ = 0;
  std::byte* chunk_ = nullptr;
};
static_assert(chunk_bytes % (batch_blocks * (smallest_block_bytes
                                             << (size_class_count - 1U))) ==
              0);

/// The depot of a size class. Never destroyed: threads may outlive static
/// objects. Made at the first use, since a mutex is no constant everywhere
/// (MinGW-w64). Cost beyond that: a load.
depot& depot_of(std::size_t size_class) noexcept {
  using all_depots = std::array<depot, size_class_count>;
  alignas(all_depots) static std::array<std::byte, sizeof(all_depots)> bytes;
  static auto* const all = ::new (static_cast<void*>(&bytes)) all_depots;
  return (*all)[size_class];
}

void give_up(void* lists) noexcept {
  auto* const list = static_cast<free_list*>(lists);
  for (std::size_t i = 0; i < size_class_count; ++i) {
    depot_of(i).put_some(list[i].first);
    // Limit zero: later blocks go straight to the depot.
    list[i] = {};
  }
  if constexpr (!platform::thread_objects_last) {
    lists_in_heap = no_lists;
    delete[] list;
  }
}

/// Lists for this thread; null when there is no memory for them.
free_list* make_lists() noexcept {
  if constexpr (platform::thread_objects_last) return lists_here;
  return new (std::nothrow) free_list[size_class_count]{};
}

/// Makes this thread return its blocks when it ends. Called on slow paths only.
bool joined() noexcept {
  static auto* const end = new (std::nothrow) platform::thread_end{&give_up};
  // Its own flag, because a thread that has ended its pools must not begin them
  // again: `begun` has no destructor and stays true.
  static constinit thread_local bool begun = false;
  if (!begun) {
    begun = true;
    auto* const mine = end == nullptr ? nullptr : make_lists();
    // Without memory, or a slot for the end, they stay empty.
    if (mine != nullptr && end->set(mine)) {
      for (std::size_t i = 0; i < size_class_count; ++i)
        mine[i].limit = thread_limit;
      if constexpr (!platform::thread_objects_last) lists_in_heap = mine;
    }
  }
  return lists_of_this_thread()[0].limit != 0;
}

}  // namespace

void* allocate_slow(std::size_t bytes, std::uint8_t size_class) noexcept {
  if (!pooled || size_class >= size_class_count) return from_heap(bytes);
  auto* const first =
      depot_of(size_class).try_take(smallest_block_bytes << size_class);
  if (first == nullptr) return nullptr;
  auto* const others = std::exchange(first->next, nullptr);
  if (joined()) {
    lists_of_this_thread()[size_class].first = others;
    lists_of_this_thread()[size_class].count = batch_blocks - 1;
  } else {
    depot_of(size_class).put_some(others);
  }
  return first;
}

void deallocate_slow(void* block, std::uint8_t size_class) noexcept {
  if (!pooled || size_class >= size_class_count) {
    to_heap(block);
    return;
  }
  auto* const free = static_cast<free_block*>(block);
  if (!joined()) {
    free->next = nullptr;
    depot_of(size_class).put_some(free);
    return;
  }
  auto& list = lists_of_this_thread()[size_class];
  if (list.count >= list.limit) {
    // Full: hand the newest batch on and keep the older one.
    auto* const full = list.first;
    auto* last = full;
    for (std::uint32_t i = 1; i < batch_blocks; ++i)
      last = last->next;
    list.first = std::exchange(last->next, nullptr);
    list.count -= batch_blocks;
    depot_of(size_class).put(full);
  }
  free->next = list.first;
  list.first = free;
  ++list.count;
}

}  // namespace commy::message::detail
