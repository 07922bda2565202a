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

namespace {

// The kernel's own limit is 8,192 cores; it refuses a mask that is shorter than
// its own.
constexpr std::size_t most_cores = 8192;

using core_mask = std::array<cpu_set_t, most_cores / CPU_SETSIZE>;

}  // namespace

std::vector<unsigned> allowed_cores() {
  core_mask mask{};
  std::vector<unsigned> cores;
  if (::sched_getaffinity(0, sizeof mask, mask.data()) != 0) return cores;
  for (unsigned core = 0; core < most_cores; ++core) {
    if (CPU_ISSET_S(core, sizeof mask, mask.data())) cores.push_back(core);
  }
  return cores;
}

bool pin_this_thread(std::span<const unsigned> cores) {
  core_mask mask{};
  for (const auto core : cores) {
    if (core >= most_cores) return false;
    CPU_SET_S(core, sizeof mask, mask.data());
  }
  return ::sched_setaffinity(0, sizeof mask, mask.data()) == 0;
}

}  // namespace commy::platform
