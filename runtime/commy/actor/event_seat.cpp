#include <commy/actor/event_seat.hpp>
#include <commy/actor/tick_time.hpp>
#include <commy/base/blocking.hpp>
#include <commy/platform/tick_clock.hpp>

namespace commy::actors {
namespace {

constexpr std::uint32_t nobody_more = ~std::uint32_t{0};
constexpr std::uint32_t takings_with_keeper = 16;

std::int64_t too_long_ns() noexcept {
#ifdef COMMY_INTERLEAVING
  return interleaving::never_ns;  // So that nothing else is covered up.
#else
  // Two readings one tick apart may be an instant apart.
  static const auto two_ticks = 2 * platform::tick_ns();
  return two_ticks;
#endif
}

}  // namespace

bool event_seat::attach(event_source& source) noexcept {
  event_source* none = nullptr;
  // Somebody should sit down now. relaxed, both: hints, and shown with the
  // source.
  wanted_.store(1, std::memory_order_relaxed);
  left_at_ns_.store(tick_time_ns(), std::memory_order_relaxed);
  // seq_cst: before the caller's look for workers that search or are parked;
  // partner: the look at the source behind a worker's bit, in the pool's park.
  return source_.compare_exchange_strong(none, &source,
                                         std::memory_order_seq_cst);
}

void event_seat::detach(event_source& source) noexcept {
  // acquire: the caller may be another one than who attached it.
  if (source_.load(std::memory_order_acquire) != &source) return;
  // seq_cst, and the looks that follow: before the look at the seat; partner:
  // try_take() and leave(), which look at this behind the seat.
  detaching_.store(true, std::memory_order_seq_cst);
  for (;;) {
    COMMY_POINT("seat.detach");
    auto seen = holder_.load(std::memory_order_seq_cst);
    if (seen == 0) {
      if (holder_.compare_exchange_strong(seen, nobody_more,
                                          std::memory_order_seq_cst)) {
        break;
      }
      continue;
    }
    COMMY_POINT("seat.detach.interrupt");
    source.interrupt();
    // It leaves, and nobody takes the seat twice who looks at `detaching`
    // first: so the value changes for good.
    blocking::wait(holder_, seen, std::memory_order_acquire);
  }
  COMMY_POINT("seat.detach.alone");
  // seq_cst: before the look at who interrupts; partner: interrupt_any().
  source_.store(nullptr, std::memory_order_seq_cst);
  COMMY_POINT("seat.detach.gone");
  // acquire, pairs with the release in interrupt_any(): it is out of it.
  while (interrupting_.load(std::memory_order_seq_cst) != 0)
    blocking::yield();
  // relaxed: shown by the next line. release, pairs with whoever takes the seat
  // of the next source.
  detaching_.store(false, std::memory_order_relaxed);
  holder_.store(0, std::memory_order_release);
}

event_source* event_seat::try_take(unsigned worker) noexcept {
  if (!is_free()) return nullptr;
  COMMY_POINT("seat.take");
  // seq_cst, here and below: see detach(). Who begins to detach behind this
  // look finds the seat taken, and interrupts.
  if (detaching_.load(std::memory_order_seq_cst)) return nullptr;
  COMMY_POINT("seat.take.try");
  std::uint32_t none = 0;
  if (!holder_.compare_exchange_strong(none, worker + 1,
                                       std::memory_order_seq_cst)) {
    return nullptr;
  }
  COMMY_POINT("seat.take.taken");
  // Again: it may have been taken away before the seat was ours.
  auto* const source = source_.load(std::memory_order_seq_cst);
  if (source == nullptr) {
    leave();
    return nullptr;
  }
  note_absence();
  return source;
}

void event_seat::note_absence() noexcept {
  // relaxed: the seat's word orders what its holders write.
  const auto absent =
      tick_time_ns() - left_at_ns_.load(std::memory_order_relaxed);
  const auto wanted = wanted_.load(std::memory_order_relaxed);
  if (absent >= too_long_ns()) {
    wanted_.store(takings_with_keeper, std::memory_order_relaxed);
  } else if (wanted != 0) {
    wanted_.store(wanted - 1, std::memory_order_relaxed);
  }
}

void event_seat::leave() noexcept {
  // relaxed: ordered by the seat's word.
  left_at_ns_.store(tick_time_ns(), std::memory_order_relaxed);
  COMMY_POINT("seat.leave");
  // seq_cst: before the look at who detaches, which waits on this word. Also a
  // release, for who takes the seat next.
  holder_.store(0, std::memory_order_seq_cst);
  COMMY_POINT("seat.leave.left");
  if (detaching_.load(std::memory_order_seq_cst)) {
    blocking::notify_one(holder_);
  }
}

void event_seat::interrupt(unsigned worker) noexcept {
  COMMY_POINT("seat.interrupt");
  // seq_cst: after the caller took the worker's bit.
  if (holder_.load(std::memory_order_seq_cst) == worker + 1) interrupt_any();
}

void event_seat::interrupt_any() noexcept {
  // seq_cst: before the look at the source; partner: detach(), which takes the
  // source away and then looks at this.
  interrupting_.fetch_add(1, std::memory_order_seq_cst);
  COMMY_POINT("seat.interrupt.counted");
  if (auto* const source = source_.load(std::memory_order_seq_cst)) {
    COMMY_POINT("seat.interrupt.source");
    source->interrupt();
  }
  // release, pairs with the look in detach(): we are out of the source.
  interrupting_.fetch_sub(1, std::memory_order_release);
}

}  // namespace commy::actors
