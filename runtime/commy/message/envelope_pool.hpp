// commy/message/envelope_pool.hpp: memory for messages, kept per thread.
#pragma once

#include <commy/platform/thread_end.hpp>

#include <cstddef>
#include <cstdint>

namespace commy::message {

/// Blocks come in powers of two from 64 bytes, one cache line, to 1 KiB. What
/// is larger goes to the heap: there the copy costs more than the allocation.
inline constexpr std::size_t smallest_block_bytes = 64;
inline constexpr std::uint8_t size_class_count = 5;
inline constexpr std::uint8_t heap_class = size_class_count;

constexpr std::uint8_t size_class_for(std::size_t bytes) noexcept {
  std::uint8_t size_class = 0;
  while (size_class < size_class_count &&
         (smallest_block_bytes << size_class) < bytes) {
    ++size_class;
  }
  return size_class;
}

namespace detail {

// AddressSanitizer must see each message die, so it gets no pools.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool pooled = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool pooled = false;
#else
inline constexpr bool pooled = true;
#endif
#else
inline constexpr bool pooled = true;
#endif

struct free_block {
  free_block* next;
};

struct free_list {
  free_block* first;
  std::uint32_t count;
  // Zero until the thread's clean-up is registered and again after it ran, so
  // that the slow path alone knows about the life of threads.
  std::uint32_t limit;
};

// Trivial on purpose: an access is an offset from the thread pointer, without
// the guard that a constructor or destructor would bring.
inline constinit thread_local free_list lists_here[size_class_count]{};
// Where those are gone before the thread's end is told, its lists lie in the
// heap. Before the first, and after the end, these, which stay empty.
inline constinit free_list no_lists[size_class_count]{};
inline constinit thread_local free_list* lists_in_heap = no_lists;

inline free_list* lists_of_this_thread() noexcept {
  if constexpr (platform::thread_objects_last) {
    return lists_here;
  } else {
    return lists_in_heap;
  }
}

void* allocate_slow(std::size_t bytes, std::uint8_t size_class) noexcept;
void deallocate_slow(void* block, std::uint8_t size_class) noexcept;

}  // namespace detail

/// A block of at least `bytes`, aligned to 64, or null when the system has no
/// memory left. `size_class` is `size_class_for(bytes)` and goes back with the
/// block. Threads: any; a block may be given back by another thread than it was
/// taken by, and then serves that one. Blocks of a class stay blocks of that
/// class for good. Cost: two loads and two stores; every 32nd call takes a
/// lock.
[[nodiscard]] inline void* allocate_block(std::size_t bytes,
                                          std::uint8_t size_class) noexcept {
  if constexpr (detail::pooled) {
    if (size_class < size_class_count) {
      auto& list = detail::lists_of_this_thread()[size_class];
      if (auto* const block = list.first) {
        list.first = block->next;
        --list.count;
        return block;
      }
    }
  }
  return detail::allocate_slow(bytes, size_class);
}

inline void deallocate_block(void* block, std::uint8_t size_class) noexcept {
  if constexpr (detail::pooled) {
    if (size_class < size_class_count) {
      auto& list = detail::lists_of_this_thread()[size_class];
      if (list.count < list.limit) {
        auto* const free = static_cast<detail::free_block*>(block);
        free->next = list.first;
        list.first = free;
        ++list.count;
        return;
      }
    }
  }
  detail::deallocate_slow(block, size_class);
}

}  // namespace commy::message
