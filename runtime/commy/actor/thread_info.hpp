// commy/actor/thread_info.hpp: which thread of a system this is.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace commy {

enum class thread_kind : std::uint8_t {
  worker,  ///< Runs the actors of `executor::shared`.
  pinned,  ///< Runs one actor of `executor::pinned`, then the next such one.
  clock    ///< Wakes actors whose time has come; runs none.
};

struct thread_info {
  std::string name;    ///< "commy-worker-0"
  unsigned index = 0;  ///< Among those of its kind.
  thread_kind kind = thread_kind::worker;
};

/// Called on the thread itself. Must not use the system.
using thread_hook = std::function<void(const thread_info&)>;

}  // namespace commy
