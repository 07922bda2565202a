#include <commy/message/mailbox.hpp>

#include <gsl/gsl>

namespace commy::message {
namespace {

envelope* oldest_first(std::uintptr_t top) noexcept {
  auto* newest = reinterpret_cast<envelope*>(top);
  envelope* oldest = nullptr;
  while (newest != nullptr) {
    // relaxed: the exchange that took the stack has acquired it.
    auto* const below = newest->next.load(std::memory_order_relaxed);
    newest->next.store(oldest, std::memory_order_relaxed);
    oldest = newest;
    newest = below;
  }
  return oldest;
}

}  // namespace

void mailbox_outlet::open(mailbox_inlet& inlet, room bound) noexcept {
  Expects((inlet.head_.load(std::memory_order_relaxed) &
           mailbox_inlet::closed_bit) != 0);
  COMMY_POINT("mailbox.open");
  tail_ = &stub_;
  stub_.next.store(nullptr, std::memory_order_relaxed);
  inlet.bound_.store(bound.word(), std::memory_order_relaxed);
  inlet.urgent_.store(0, std::memory_order_relaxed);
  COMMY_POINT("mailbox.open.urgent");
  // release, pairs with [head]'s acquire: a sender sees the empty stub before
  // it links to it.
  inlet.head_.store(reinterpret_cast<std::uintptr_t>(&stub_),
                    std::memory_order_release);
}

envelope* mailbox_outlet::take_urgent(mailbox_inlet& inlet) noexcept {
  COMMY_POINT("mailbox.take_urgent");
  // acquire, pairs with [urgent].
  return oldest_first(inlet.urgent_.exchange(0, std::memory_order_acquire));
}

void mailbox_outlet::close(mailbox_inlet& inlet) noexcept {
  COMMY_POINT("mailbox.close");
  // acq_rel: as [idle]; senders that come later see the bit and nothing else.
  inlet.head_.fetch_or(mailbox_inlet::closed_bit, std::memory_order_acq_rel);
}

envelope* mailbox_outlet::close_urgent(mailbox_inlet& inlet) noexcept {
  COMMY_POINT("mailbox.close_urgent");
  // acquire, pairs with [urgent].
  const auto top = inlet.urgent_.exchange(mailbox_inlet::urgent_closed,
                                          std::memory_order_acquire);
  return top > mailbox_inlet::urgent_closed ? oldest_first(top) : nullptr;
}

bool mailbox_outlet::is_drained(const mailbox_inlet& inlet) const noexcept {
  COMMY_POINT("mailbox.is_drained");
  // relaxed: the caller closed it and no sender changes it any more. One that
  // got in before may still be about to link; then this is false.
  const auto head = inlet.head_.load(std::memory_order_relaxed);
  Expects((head & mailbox_inlet::closed_bit) != 0);
  return (head & ~mailbox_inlet::tag_bits) ==
         reinterpret_cast<std::uintptr_t>(tail_);
}

void mailbox_outlet::retire(mailbox_inlet& inlet) noexcept {
  Expects(is_drained(inlet));
  drop_tail();
  tail_ = nullptr;
  inlet.head_.store(mailbox_inlet::closed_bit, std::memory_order_relaxed);
  COMMY_POINT("mailbox.retire");
  // relaxed load: after closing, only signals change the word, and losing one
  // of a generation that ends here is right. release, pairs with the
  // acquire in generation().
  const auto next = (inlet.life_.load(std::memory_order_relaxed) >> 32U) + 1;
  COMMY_POINT("mailbox.retire.life");
  inlet.life_.store(next << 32U, std::memory_order_release);
}

}  // namespace commy::message
