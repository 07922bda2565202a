// commy/platform/thread_hint.hpp: what helps the scheduler and the debugger.
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace commy::platform {

/// Names the calling thread for debuggers and `top`. Linux keeps 15 bytes; what
/// is longer is cut.
void name_this_thread(std::string_view name) noexcept;

/// How many threads of this process can run at once: the cores its affinity
/// allows. At least one.
unsigned usable_cores() noexcept;

/// The numbers of the cores that the calling thread may run on, in order. On
/// Windows those of the process's own group of at most 64.
std::vector<unsigned> allowed_cores();

/// From now on the calling thread runs on these cores alone; false when it may
/// not. Threads that it starts do the same, unless they are told otherwise.
bool pin_this_thread(std::span<const unsigned> cores);

/// To be called in a loop that spins on another core's store: saves power and
/// leaves the core to its sibling thread. Some 40 to 140 cycles on x86.
inline void cpu_relax() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  // `isb` waits about as long as x86's pause; `yield` does nothing on cores
  // without hardware threads.
  asm volatile("isb" ::: "memory");
#else
#error "Commy supports x86-64 and arm64."
#endif
}

/// Begins to fetch the cache line at `at` for writing, because this core is
/// about to: so what another core has written last is on its way here while
/// this one does something else. A hint; any address will do.
inline void prefetch_to_write(const void* at) noexcept {
#if defined(__x86_64__)
  // Not the compiler's own: without -mprfchw it fetches for reading, and the
  // line has to be asked for again. Does nothing on processors that lack it.
  asm volatile("prefetchw %0" : : "m"(*static_cast<const char*>(at)));
#else
  __builtin_prefetch(at, 1);
#endif
}

}  // namespace commy::platform
