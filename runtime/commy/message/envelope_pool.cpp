#include <commy/message/envelope_pool.hpp>

#include <array>
#include <mutex>
#include <new>
#include <type_traits>

namespace commy::message::detail {
namespace {

// A thread keeps at most two batches per class: one to serve from and one to
// hand on. 32 blocks spread the depot's lock over enough messages that it does
// not show (20 ns / 32).
constexpr std::uint32_t batch_blocks = 32;
constexpr std::uint32_t thread_limit = 2 * batch_blocks;
// The depot keeps 256 batches per class, 8192 messages: what a burst into a few
// full mailboxes (1024 each by default) leaves behind. More goes to the heap.
constexpr std::size_t depot_batches = 256;
constexpr std::align_val_t line{64};

void* from_heap(std::size_t bytes) noexcept {
  return ::operator new(bytes, line, std::nothrow);
}

void to_heap(void* block) noexcept { ::operator delete(block, line); }

void chain_to_heap(free_block* first) noexcept {
  while (first != nullptr) {
    auto* const next = first->next;
    to_heap(first);
    first = next;
  }
}

/// Full batches on their way from threads that consume to threads that send.
class depot {
public:
  free_block* try_take() noexcept {
    const std::lock_guard hold{mutex_};
    return count_ == 0 ? nullptr : batches_[--count_];
  }

  [[nodiscard]] bool try_put(free_block* batch) noexcept {
    const std::lock_guard hold{mutex_};
    if (count_ == depot_batches) return false;
    batches_[count_++] = batch;
    return true;
  }

private:
  std::mutex mutex_;
  std::size_t count_ = 0;
  std::array<free_block*, depot_batches> batches_{};
};

// Needs no construction, and its destruction does nothing: threads may outlive
// static objects.
constinit std::array<depot, size_class_count> depots;
static_assert(std::is_trivially_destructible_v<depot>);

struct thread_end {
  ~thread_end() {
    for (auto& list : blocks_of_this_thread) {
      chain_to_heap(list.first);
      list = {};  // Limit zero: later blocks go straight to the heap.
    }
  }
};

/// Makes this thread return its blocks when it ends. Called on slow paths only.
bool joined() noexcept {
  // Its own flag, because a thread that has ended its pools must not begin them
  // again: `begun` has no destructor and stays true.
  static constinit thread_local bool begun = false;
  if (!begun) {
    begun = true;
    static thread_local thread_end end;
    (void)end;
    for (auto& list : blocks_of_this_thread)
      list.limit = thread_limit;
  }
  return blocks_of_this_thread[0].limit != 0;
}

}  // namespace

void* allocate_slow(std::size_t bytes, std::uint8_t size_class) noexcept {
  if (!pooled || size_class >= size_class_count) return from_heap(bytes);
  if (joined()) {
    auto& list = blocks_of_this_thread[size_class];
    if (auto* const batch = depots[size_class].try_take()) {
      list.first = batch->next;
      list.count = batch_blocks - 1;
      return batch;
    }
  }
  return from_heap(smallest_block_bytes << size_class);
}

void deallocate_slow(void* block, std::uint8_t size_class) noexcept {
  if (!pooled || size_class >= size_class_count || !joined()) {
    to_heap(block);
    return;
  }
  auto& list = blocks_of_this_thread[size_class];
  if (list.count >= list.limit) {
    // Full: hand the newest batch on and keep the older one.
    auto* const batch = list.first;
    auto* last = batch;
    for (std::uint32_t i = 1; i < batch_blocks; ++i)
      last = last->next;
    list.first = last->next;
    list.count -= batch_blocks;
    last->next = nullptr;
    if (!depots[size_class].try_put(batch)) chain_to_heap(batch);
  }
  auto* const free = static_cast<free_block*>(block);
  free->next = list.first;
  list.first = free;
  ++list.count;
}

}  // namespace commy::message::detail
