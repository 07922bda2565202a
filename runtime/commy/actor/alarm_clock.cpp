#include <commy/actor/alarm_clock.hpp>
#include <commy/base/fence.hpp>
#include <commy/platform/tick_clock.hpp>

#include <gsl/gsl>

namespace commy::actors {
namespace {

using std::chrono::nanoseconds;

std::int64_t at(const cell& c) noexcept {
  // relaxed: only changed under the lock that the caller holds.
  return c.alarm_at.load(std::memory_order_relaxed);
}

/// relaxed, both: written under the lock; read under it, or by the owner, who
/// has seen what his own calls did.
std::uint32_t index_of(const cell& c) noexcept {
  return c.alarm_index.load(std::memory_order_relaxed);
}
void set_index(cell& c, std::size_t index) noexcept {
  c.alarm_index.store(static_cast<std::uint32_t>(index),
                      std::memory_order_relaxed);
}

std::int64_t sum_of(std::int64_t start, nanoseconds wait) noexcept {
  return wait.count() < cell::never - start ? start + wait.count()
                                            : cell::never - 1;
}

// A tick is a hundredth of what lasts a hundred ticks.
constexpr std::int64_t ticks_of_long_waits = 100;

}  // namespace

alarm_clock::alarm_clock(const system_options& options)
    : from_{options.stepped ? source::manual : source::steady},
      tick_ns_{platform::tick_ns()} {
  if (from_ == source::manual) return;
  thread_.start(options, thread_kind::clock, 0, {}, [this] { run(); });
}

alarm_clock::~alarm_clock() { stop(); }

std::int64_t alarm_clock::steady_now() noexcept {
  return nanoseconds{blocking::clock::now().time_since_epoch()}.count();
}

std::int64_t alarm_clock::now() const noexcept {
  return from_ == source::steady ? steady_now()
                                 : manual_now_.load(std::memory_order_relaxed);
}

std::int64_t alarm_clock::earliest() noexcept {
  const std::lock_guard hold{mutex_};
  return heap_.empty() ? cell::never : at(*heap_.front());
}

void alarm_clock::advance_to(std::int64_t time) noexcept {
  Expects(from_ == source::manual && time >= now());
  const std::lock_guard hold{mutex_};
  manual_now_.store(time, std::memory_order_relaxed);
  while (!heap_.empty() && at(*heap_.front()) <= time)
    ring(*heap_.front());
}

std::int64_t alarm_clock::after(nanoseconds wait) const noexcept {
  return sum_of(now(), wait);
}

std::int64_t alarm_clock::roughly_after(nanoseconds wait) const noexcept {
  if (from_ == source::manual ||
      wait.count() < ticks_of_long_waits * tick_ns_) {
    return after(wait);
  }
#ifdef COMMY_INTERLEAVING
  return after(wait);  // Its time has no ticks.
#else
  // The next tick is due after now, so only a late one shortens the wait.
  return sum_of(platform::last_tick_ns() + tick_ns_, wait);
#endif
}

void alarm_clock::insert(cell& c) noexcept {
  const std::lock_guard hold{mutex_};
  // relaxed: ours, and under the lock.
  const auto deadline = c.deadline.load(std::memory_order_relaxed);
  const bool absent = at(c) == cell::never;
  c.alarm_at.store(deadline, std::memory_order_relaxed);
  if (absent) {
    heap_.push_back(&c);
    set_index(c, heap_.size() - 1);
  }
  sift_up(index_of(c));
  if (heap_.front() == &c) earlier_.notify_one();
}

void alarm_clock::forget(cell& c) noexcept {
  // Never armed in this life, which the owner alone does: the clock does not
  // know it.
  if (index_of(c) == cell::unarmed) return;
  const std::lock_guard hold{mutex_};
  if (at(c) != cell::never) remove(index_of(c));
}

void alarm_clock::reserve(std::size_t actors) {
  const std::lock_guard hold{mutex_};
  heap_.reserve(actors);
}

void alarm_clock::stop() noexcept {
  {
    const std::lock_guard hold{mutex_};
    if (stopping_) return;
    stopping_ = true;
    earlier_.notify_one();
  }
  thread_.join();
}

void alarm_clock::run() noexcept {
  std::unique_lock hold{mutex_};
  while (!stopping_) {
    if (heap_.empty()) {
      earlier_.wait(hold);
      continue;
    }
    auto& first = *heap_.front();
    if (at(first) > now()) {
      earlier_.wait_until(hold,
                          blocking::clock::time_point{nanoseconds{at(first)}});
      continue;
    }
    ring(first);
  }
}

// Under the lock, so that forget() cannot return in the midst of it.
void alarm_clock::ring(cell& c) noexcept {
  // The owner that arms after this store inserts the cell again; the one that
  // armed before it is seen by the load after the fence.
  remove(index_of(c));
  fence::full();
  COMMY_POINT("clock.removed");
  // relaxed: ordered by the fence.
  const auto deadline = c.deadline.load(std::memory_order_relaxed);
  if (deadline == cell::never) return;
  if (deadline > now()) {
    c.alarm_at.store(deadline, std::memory_order_relaxed);
    heap_.push_back(&c);
    set_index(c, heap_.size() - 1);
    sift_up(index_of(c));
    return;
  }
  signal({&c, c.inlet.generation()}, message::mailbox_signal::alarm);
}

void alarm_clock::place(std::size_t index, cell& c) noexcept {
  heap_[index] = &c;
  set_index(c, index);
}

void alarm_clock::sift_up(std::size_t index) noexcept {
  auto& moving = *heap_[index];
  while (index > 0) {
    const auto parent = (index - 1) / 2;
    if (at(*heap_[parent]) <= at(moving)) break;
    place(index, *heap_[parent]);
    index = parent;
  }
  place(index, moving);
}

void alarm_clock::sift_down(std::size_t index) noexcept {
  auto& moving = *heap_[index];
  for (;;) {
    auto child = 2 * index + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && at(*heap_[child + 1]) < at(*heap_[child])) {
      ++child;
    }
    if (at(moving) <= at(*heap_[child])) break;
    place(index, *heap_[child]);
    index = child;
  }
  place(index, moving);
}

void alarm_clock::remove(std::size_t index) noexcept {
  heap_[index]->alarm_at.store(cell::never, std::memory_order_relaxed);
  auto& last = *heap_.back();
  heap_.pop_back();
  if (index == heap_.size()) return;
  place(index, last);
  sift_up(index);
  sift_down(index_of(last));
}

}  // namespace commy::actors
