#include <commy/actor/event_seat.hpp>
#include <commy/actor/run_queue.hpp>
#include <commy/actor/shared_lane.hpp>
#include <commy/actor/system_core.hpp>
#include <commy/actor/system_thread.hpp>
#include <commy/actor/turn.hpp>
#include <commy/actor/worker_pool.hpp>
#include <commy/base/blocking.hpp>
#include <commy/base/fence.hpp>

#include <gsl/gsl>

#include <atomic>
#include <bit>
#include <deque>
#include <thread>
#include <utility>

namespace commy::actors {
namespace {

// Some 64 messages of 30 ns are 2 us: short beside the 500 us that end a turn
// of slow handlers, long beside what it costs to begin one.
constexpr std::uint32_t messages_per_turn = 64;
// Looks at the shared lane first once in so many turns, so that a worker whose
// own queue never empties does not starve it. A prime, so that it does not
// keep step with a program's own cycles.
constexpr std::uint32_t lane_interval = 61;

}  // namespace

struct alignas(64) worker_pool::worker {
  worker(worker_pool& in, unsigned number) : pool{&in}, index{number} {}

  /// Queues an actor behind all others; false when there is no room.
  [[nodiscard]] bool try_push(cell& c) noexcept {
    if (alone != nullptr) {
      // There is something for others now. It fits: the queue is empty.
      static_cast<void>(queue.try_push(*std::exchange(alone, nullptr)));
    } else if (queue.is_empty_to_owner()) {
      alone = &c;
      return true;
    }
    return queue.try_push(c);
  }
  [[nodiscard]] cell* try_pop() noexcept {
    if (alone != nullptr) return std::exchange(alone, nullptr);
    return queue.try_pop();
  }

  run_queue queue;
  /// The only actor that is ready here; `queue` is empty then. Nobody is woken
  /// for one, so nobody need be able to steal it, and taking it costs no
  /// read-modify-write.
  cell* alone = nullptr;
  worker_pool* pool;
  unsigned index;
  std::uint32_t turns = 0;
  bool searching = false;
  // Had the seat in the source, found nothing there, and left it since: who
  // wanted it meanwhile sleeps elsewhere.
  bool left_source = false;
  // Counts the times it was woken; the worker sleeps on its value.
  std::atomic<std::uint32_t> wakes{0};
  system_thread thread;
};

struct worker_pool::lanes {
  shared_lane shared;
  std::deque<worker> workers;
  // The workers that sleep or are about to, a bit each.
  alignas(64) std::atomic<std::uint64_t> parked{0};
  // Workers that look for work. While there is one, nobody is woken: it finds
  // what there is and, when it stops searching, wakes the next.
  std::atomic<std::uint32_t> searching{0};
  std::atomic<bool> stopping{false};
  // Foreign threads between the moment their actor became visible here and
  // their last access to this pool; see schedule().
  std::atomic<std::uint32_t> entering{0};
  // Written only where there is an event source.
  alignas(64) event_seat seat;
};

namespace {
constinit thread_local void* worker_of_this_thread = nullptr;
}  // namespace

worker_pool::worker_pool(system_core& system, thread_kind what,
                         unsigned workers, unsigned first)
    : actor_pool{system, actor_pool::kind::threads, messages_per_turn,
                 system.is_observed()},
      lanes_{std::make_unique<lanes>()} {
  Expects(workers >= 1 && workers <= most_workers);
  for (unsigned i = 0; i < workers; ++i)
    lanes_->workers.emplace_back(*this, i);
  const auto& options = system.options();
  try {
    for (auto& w : lanes_->workers) {
      w.thread.start(options, what, first + w.index,
                     what == thread_kind::worker ? core_for(options, w.index)
                                                 : system.other_cores(),
                     [this, &w] { run(w); });
    }
  } catch (...) {
    stop();
    throw;
  }
}

worker_pool::~worker_pool() { stop(); }

void worker_pool::stop() noexcept {
  // seq_cst: before the interrupt, see event_seat.hpp; pairs with the looks in
  // park().
  lanes_->stopping.store(true, std::memory_order_seq_cst);
  lanes_->seat.interrupt_any();
  for (auto& w : lanes_->workers) {
    COMMY_POINT("pool.stop");
    // release, pairs with the acquire in park(): the worker sees `stopping`.
    w.wakes.fetch_add(1, std::memory_order_release);
    blocking::notify_one(w.wakes);
  }
  for (auto& w : lanes_->workers) {
    w.thread.join();
  }
  // acquire, pairs with the release in schedule(): their accesses are over.
  while (lanes_->entering.load(std::memory_order_acquire) != 0) {
    blocking::yield();
  }
}

void worker_pool::schedule(cell& c) noexcept {
  auto* const me = static_cast<worker*>(worker_of_this_thread);
  if (me != nullptr && me->pool == this && me->try_push(c)) {
    // Only a chance of more speed: we ourselves run it if nobody else does, so
    // these relaxed looks may miss a worker that is about to park.
    COMMY_POINT("pool.schedule.own");
    if (me->queue.size() >= 2) wake_one();
    return;
  }
  // While we hold the right to run an actor, its system cannot end; but as soon
  // as the actor is in the lane it may run, stop and let the system end. From
  // then on `entering` keeps the pool alive.
  // relaxed: the lane's release publishes it to whoever takes the actor.
  lanes_->entering.fetch_add(1, std::memory_order_relaxed);
  COMMY_POINT("pool.schedule");
  while (!lanes_->shared.try_push(c)) {
    // No memory for the lane. A message has been accepted, so refusing is too
    // late; workers that run free memory.
    blocking::yield();
  }
  COMMY_POINT("pool.schedule.queued");
  // Orders the lane before the look at who is parked; partner: the fence in
  // park(). Either we see the bit or the worker sees the lane.
  fence::full();
  wake_one();
  COMMY_POINT("pool.schedule.leave");
  // release, pairs with the acquire in stop().
  lanes_->entering.fetch_sub(1, std::memory_order_release);
}

void worker_pool::wake_one() noexcept {
  // relaxed loads: ordered by the caller's fence where it matters.
  if (lanes_->searching.load(std::memory_order_relaxed) != 0) return;
  COMMY_POINT("pool.wake.nobody_searches");
  auto parked = lanes_->parked.load(std::memory_order_relaxed);
  while (parked != 0) {
    COMMY_POINT("pool.wake.parked");
    std::uint32_t none = 0;
    // On behalf of the one to be woken, so that others do not wake more.
    if (!lanes_->searching.compare_exchange_strong(
            none, 1, std::memory_order_acq_rel, std::memory_order_relaxed)) {
      return;
    }
    COMMY_POINT("pool.wake.counted");
    // Who sits in the event source comes last: there it is of use.
    const auto in_source = lanes_->seat.holder();
    auto rest = parked;
    if (in_source - 1 < most_workers) [[unlikely]] {
      rest &= ~(std::uint64_t{1} << (in_source - 1));
      if (rest == 0) rest = parked;
    }
    const auto bit = rest & (~rest + 1);
    // acq_rel, pairs with the worker's own fetch_and: one of us takes the bit.
    // seq_cst: before the look at the seat, see event_seat.hpp.
    if ((lanes_->parked.fetch_and(~bit, std::memory_order_seq_cst) & bit) !=
        0) {
      COMMY_POINT("pool.wake.bit");
      auto& w =
          lanes_->workers[static_cast<std::size_t>(std::countr_zero(bit))];
      // release, pairs with the acquire in park(): it sees its bit gone.
      w.wakes.fetch_add(1, std::memory_order_release);
      blocking::notify_one(w.wakes);
      lanes_->seat.interrupt(w.index);
      return;
    }
    COMMY_POINT("pool.wake.found_work");
    // It found work by itself. Whoever skipped waking because of our count is
    // served by the next round, or by that worker when it has done its work.
    lanes_->searching.fetch_sub(1, std::memory_order_acq_rel);
    parked = lanes_->parked.load(std::memory_order_acquire);
  }
}

void worker_pool::stop_searching(worker& me) noexcept {
  if (!me.searching) return;
  me.searching = false;
  // Now there is other work.
  if (std::exchange(me.left_source, false)) [[unlikely]]
    lanes_->seat.want_keeper();
  COMMY_POINT("pool.stop_searching");
  // relaxed: ordered by the fence.
  if (lanes_->searching.fetch_sub(1, std::memory_order_relaxed) != 1) return;
  COMMY_POINT("pool.stop_searching.last");
  // Who queued something, saw us search and woke nobody, relies on this look;
  // partner: the fence in schedule().
  fence::full();
  bool more = !lanes_->shared.seems_empty() || me.queue.size() >= 1 ||
              lanes_->seat.wants_keeper();
  for (const auto& w : lanes_->workers)
    more = more || w.queue.size() >= 2;
  COMMY_POINT("pool.stop_searching.looked");
  if (more) wake_one();
}

cell* worker_pool::next(worker& me) noexcept {
  COMMY_POINT("pool.next");
  if (++me.turns % lane_interval == 0) {
    // While all workers are busy, nobody waits in the source. Who sleeps all
    // the same found the seat taken, by one that works by now.
    poll_source(me);
    if (lanes_->seat.is_free() &&
        lanes_->parked.load(std::memory_order_relaxed) != 0) [[unlikely]] {
      wake_one();
    }
    if (auto* const c = lanes_->shared.try_pop()) return c;
  }
  auto* const c = me.try_pop();
  // More than we can do at once: whoever sleeps may steal.
  if (c != nullptr && me.queue.size() >= 1) wake_one();
  return c;
}

/// Among what this pool's workers and others have queued.
cell* worker_pool::find_queued(worker& me) noexcept {
  COMMY_POINT("pool.find");
  if (auto* const c = lanes_->shared.try_pop()) return c;
  const auto count = static_cast<unsigned>(lanes_->workers.size());
  for (unsigned i = 1; i < count; ++i) {
    auto& victim = lanes_->workers[(me.index + i) % count];
    if (auto* const stolen = victim.queue.steal_into(me.queue)) return stolen;
  }
  return nullptr;
}

cell* worker_pool::find(worker& me) noexcept {
  if (auto* const c = find_queued(me)) return c;
  return poll_source(me) ? me.try_pop() : nullptr;
}

/// True if the source had messages; their actors are in this worker's queue,
/// unless they were ready before.
bool worker_pool::poll_source(worker& me) noexcept {
  auto* const source = lanes_->seat.try_take(me.index);
  if (source == nullptr) [[likely]]
    return false;
  const bool found = source->poll() != 0;
  lanes_->seat.leave();
  // What it brought is run by us, before anybody else could be here; see
  // event_seat::wants_keeper().
  me.left_source = !found;
  return found;
}

/// Waits in the source, goes back to searching, and takes what came, whose
/// actors are in this worker's queue then. False, with nothing done, when there
/// is no source, or another worker waits there, or this one is not to wait at
/// all.
bool worker_pool::wait_in_source(worker& me, std::uint64_t bit) noexcept {
  auto* const source = lanes_->seat.try_take(me.index);
  if (source == nullptr) [[likely]]
    return false;
  // seq_cst: after the seat was taken, see event_seat.hpp.
  const bool waits =
      (lanes_->parked.load(std::memory_order_seq_cst) & bit) != 0 &&
      !lanes_->stopping.load(std::memory_order_seq_cst);
  COMMY_POINT("pool.source.wait");
  if (!waits) {
    lanes_->seat.leave();
    me.left_source = true;
    return false;
  }
  source->wait();
  COMMY_POINT("pool.source.waited");
  // acq_rel: as in park(). Who took the bit has counted us as searching.
  if ((lanes_->parked.fetch_and(~bit, std::memory_order_acq_rel) & bit) != 0) {
    lanes_->searching.fetch_add(1, std::memory_order_relaxed);
  }
  me.searching = true;
  // While the seat is ours: leaving it to take it again is 15 ns.
  me.left_source = source->poll() == 0;
  COMMY_POINT("pool.source.polled");
  lanes_->seat.leave();
  return true;
}

/// Sleeps until there may be work. Returns an actor if it found one on the way
/// to sleep, or the source brought one; else null.
cell* worker_pool::park(worker& me) noexcept {
  const auto bit = std::uint64_t{1} << me.index;
  COMMY_POINT("pool.park");
  // relaxed: what matters is ordered by the fence.
  lanes_->parked.fetch_or(bit, std::memory_order_relaxed);
  COMMY_POINT("pool.park.bit");
  if (me.searching) {
    me.searching = false;
    lanes_->searching.fetch_sub(1, std::memory_order_relaxed);
  }
  // Orders the bit, and the end of our search, before the last look; partner:
  // the fence in schedule(), which queues first and looks at both after.
  fence::full();
  // (What the source has is seen by who waits there.)
  if (auto* const c = find_queued(me)) {
    COMMY_POINT("pool.park.found");
    // acq_rel: as in wake_one(). If somebody took the bit, he also counted us
    // as searching.
    if ((lanes_->parked.fetch_and(~bit, std::memory_order_acq_rel) & bit) !=
        0) {
      // Searching again, until the look in stop_searching(): who queued before
      // we took back our count has woken nobody, and there may be more than c.
      // relaxed: ordered by the fence there.
      lanes_->searching.fetch_add(1, std::memory_order_relaxed);
    }
    me.searching = true;
    return c;
  }
  for (;;) {
    COMMY_POINT("pool.park.wakes");
    // acquire, pairs with the releases in wake_one() and stop(): after a wake
    // we see the bit gone, or `stopping`. Read before both of them, so that a
    // wake in between makes wait() return.
    const auto seen = me.wakes.load(std::memory_order_acquire);
    COMMY_POINT("pool.park.look");
    if ((lanes_->parked.load(std::memory_order_acquire) & bit) == 0) {
      me.searching = true;  // Counted by who woke us.
      return nullptr;
    }
    COMMY_POINT("pool.park.stopping");
    if (lanes_->stopping.load(std::memory_order_acquire)) return nullptr;
    if (wait_in_source(me, bit)) return me.try_pop();
    blocking::wait(me.wakes, seen, std::memory_order_acquire);
  }
}

bool worker_pool::attach(event_source& source) noexcept {
  if (!lanes_->seat.attach(source)) return false;
  // As in schedule(): either we see a worker that is parked, or it sees the
  // source; one that searches looks at `wants_keeper`.
  fence::full();
  wake_one();
  return true;
}

void worker_pool::detach(event_source& source) noexcept {
  lanes_->seat.detach(source);
}

void worker_pool::run(worker& me) noexcept {
  worker_of_this_thread = &me;
  for (;;) {
    auto* c = next(me);
    if (c == nullptr) {
      COMMY_POINT("pool.run.search");
      if (!me.searching) {
        me.searching = true;
        lanes_->searching.fetch_add(1, std::memory_order_relaxed);
      }
      c = find(me);
      if (c == nullptr) c = park(me);
      if (c == nullptr) {
        // acquire, pairs with the release in stop().
        if (lanes_->stopping.load(std::memory_order_acquire)) return;
        continue;
      }
    }
    stop_searching(me);
    if (run_turn(*c)) schedule(*c);
  }
}

void schedule(cell& c) noexcept {
  if (c.pool->what() == actor_pool::kind::threads) [[likely]] {
    static_cast<worker_pool*>(c.pool)->schedule(c);
  } else {
    c.pool->schedule(c);
  }
}

}  // namespace commy::actors
