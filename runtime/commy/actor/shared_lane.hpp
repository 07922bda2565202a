// commy/actor/shared_lane.hpp: ready actors on their way into a worker pool.
#pragma once

#include <commy/base/fence.hpp>

#include <memory>

namespace commy::actors {

struct cell;

/// Many threads put actors in, many workers take them out: moodycamel's queue.
/// Order holds per thread only, which is enough: the order of messages is the
/// mailbox's. Each actor is in at most one run queue, so their number is the
/// bound. Threads: any.
///
/// The queue itself is compiled without ThreadSanitizer: it reuses its blocks
/// by a count without acquire, and it has fences; both are sound on the machine
/// but reported. What it guarantees, that whoever takes an actor sees what was
/// done before it was put in, is told to the sanitizer here.
class shared_lane {
public:
  shared_lane();
  shared_lane(const shared_lane&) = delete;
  shared_lane& operator=(const shared_lane&) = delete;
  ~shared_lane();

  /// False without memory.
  [[nodiscard]] bool try_push(cell& c) noexcept {
#ifdef COMMY_TSAN
    fence::release();
#endif
    return enqueue(c);
  }

  /// One of the oldest, or null. Called after a full fence it misses nothing
  /// that was pushed before the partner's fence.
  [[nodiscard]] cell* try_pop() noexcept {
    auto* const c = dequeue();
#ifdef COMMY_TSAN
    fence::acquire();
#endif
    return c;
  }

  [[nodiscard]] bool seems_empty() const noexcept;

private:
  struct queue;

  [[nodiscard]] bool enqueue(cell& c) noexcept;
  [[nodiscard]] cell* dequeue() noexcept;

  std::unique_ptr<queue> queue_;
};

}  // namespace commy::actors
