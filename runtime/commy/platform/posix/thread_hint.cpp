#include <commy/platform/thread_hint.hpp>

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <thread>

namespace commy::platform {

void name_this_thread(std::string_view name) noexcept {
  std::array<char, 16> text{};  // The kernel's limit, with the zero.
  std::copy_n(name.data(), std::min(name.size(), text.size() - 1), text.data());
  ::pthread_setname_np(::pthread_self(), text.data());
}

unsigned usable_cores() noexcept {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) == 0) {
    return static_cast<unsigned>(std::max(CPU_COUNT(&set), 1));
  }
  // A machine with more cores than cpu_set_t has bits.
  return std::max(std::thread::hardware_concurrency(), 1U);
}

}  // namespace commy::platform
