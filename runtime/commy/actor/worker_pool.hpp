// commy/actor/worker_pool.hpp: the threads that run actors.
#pragma once

#include <commy/actor/actor_pool.hpp>
#include <commy/actor/event_source.hpp>
#include <commy/actor/thread_info.hpp>

#include <cstdint>
#include <memory>

namespace commy::actors {

/// Workers with a run queue each. An actor made ready by a worker goes to that
/// worker's queue, whose caches hold the message; from elsewhere it goes to a
/// lane shared by all. A worker without work takes from the lane, steals half
/// of another's queue, and then parks, without polling: a pool in which nothing
/// happens makes no wake-ups.
///
/// A worker wakes another when more than one actor is ready in its own queue.
/// One alone it keeps for itself, because it will get to it sooner than the
/// other wakes up. So an actor's message may wait for the end of the handler
/// that sent it: whoever computes for long or blocks belongs on a thread of its
/// own, `executor::pinned`, which is a pool of one.
///
/// With an event source, one of the workers without work waits in it instead of
/// parking. All others go on as before, and who has work for a worker wakes
/// that one last. A worker that has handed on what the source had leaves it and
/// runs these actors itself. While no worker is in it, a busy one polls it once
/// in 61 turns, and whoever runs out of work before it parks.
class worker_pool final : public actor_pool {
public:
  /// One bit per worker in the word of those that park.
  static constexpr unsigned most_workers = 64;

  /// Requires: 1 to `most_workers` threads, numbered from `first` on. Throws
  /// `thread_failure` as `system_thread::start` does.
  worker_pool(system_core& system, thread_kind what, unsigned workers,
              unsigned first = 0);
  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;
  ~worker_pool() override;

  /// From threads outside of the pool it allocates now and then.
  void schedule(cell& c) noexcept override;
  /// Ends the threads after what is queued.
  void stop() noexcept override;

  /// Lets workers wait in `source`, which must outlive `detach` or `stop`.
  /// False when the pool has a source already.
  [[nodiscard]] bool attach(event_source& source) noexcept;
  /// Returns when no worker is in the source and none will be. Not from inside
  /// of the source.
  void detach(event_source& source) noexcept;

private:
  struct worker;
  struct lanes;

  void run(worker& me) noexcept;
  cell* next(worker& me) noexcept;
  cell* find_queued(worker& me) noexcept;
  cell* find(worker& me) noexcept;
  cell* park(worker& me) noexcept;
  bool poll_source(worker& me) noexcept;
  bool wait_in_source(worker& me, std::uint64_t bit) noexcept;
  void stop_searching(worker& me) noexcept;
  void wake_one() noexcept;

  std::unique_ptr<lanes> lanes_;
};

}  // namespace commy::actors
