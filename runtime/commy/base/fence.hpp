// commy/base/fence.hpp: the one place that issues memory fences.
#pragma once

#include <atomic>

namespace commy::fence {

#if defined(__SANITIZE_THREAD__)
#define COMMY_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define COMMY_TSAN 1
#endif
#endif

#ifdef COMMY_TSAN
// ThreadSanitizer does not model fences. A read-modify-write of one shared
// word orders at least as much, and it understands that.
inline std::atomic<int> tsan_word{0};
inline void acquire() noexcept {
  tsan_word.fetch_add(0, std::memory_order_acq_rel);
}
inline void release() noexcept {
  tsan_word.fetch_add(0, std::memory_order_acq_rel);
}
inline void full() noexcept {
  tsan_word.fetch_add(0, std::memory_order_seq_cst);
}
#else
/// No later access of this thread is done before an earlier load.
inline void acquire() noexcept {
  std::atomic_thread_fence(std::memory_order_acquire);
}
/// No later store of this thread is done before an earlier access.
inline void release() noexcept {
  std::atomic_thread_fence(std::memory_order_release);
}
/// Also orders an earlier store before a later load (Dekker's pattern).
inline void full() noexcept {
  std::atomic_thread_fence(std::memory_order_seq_cst);
}
#endif

/// Keeps only the compiler from reordering. Enough against the death of this
/// process: a kill lands between instructions, and retired stores drain.
inline void compiler() noexcept {
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

}  // namespace commy::fence
