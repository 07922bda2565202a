// commy/containers/swap_contents.hpp: two objects exchange what they hold.
#pragma once

#include <commy/containers/transact.hpp>

namespace commy {
namespace memory {

/// Tells each of both objects' change logs, whose operation it is to both.
inline void note_swap(transaction& txn, const object_handle& object) {
  const auto about = txn.subject();
  txn.set_subject({object.lock_place().root, object.level()});
  note_whole(txn, txn.img().root_at(object.place().root));
  txn.set_subject(about);
}

}  // namespace memory

/// Exchanges the contents of two objects of the same type and segment, as one
/// transaction: constant time, whatever they hold, because the roots exchange
/// what they point to. Inside an open transaction both must be part of it.
/// Handles and names stay with their objects.
template <class Container>
result<void, write_error> swap_contents(Container& a, Container& b) {
  auto& owner = *a.engine();
  Expects(a.engine() == b.engine());
  if (a.place().root == b.place().root) return {};
  const auto exchange = [&](transaction& txn) {
    auto& first = txn.img().root_at(a.place().root);
    auto& second = txn.img().root_at(b.place().root);
    for (auto* const r : {&first, &second}) {
      txn.touch(r->sequence);
      txn.touch(r->shape_sequence);
    }
    // relaxed: both locks are held.
    const auto exchange_word = [&](memory::shared_u64& x,
                                   memory::shared_u64& y) {
      const auto before = x.load(std::memory_order_relaxed);
      txn.store(x, y.load(std::memory_order_relaxed));
      txn.store(y, before);
    };
    // What a container keeps; the other words are the object's own.
    for (std::size_t i = 0; i < 4; ++i)
      exchange_word(first.shape[i], second.shape[i]);
    for (std::size_t i = 0; i < 2; ++i)
      exchange_word(first.motion[i], second.motion[i]);
    if constexpr (Container::nesting > 1) {
      // Handles to what is nested know the other object's lock.
      memory::renew_era(txn, first);
      memory::renew_era(txn, second);
    }
    memory::note_swap(txn, a);
    memory::note_swap(txn, b);
    // What either emptied before is the other's unused bytes now.
    txn.note_emptied();
  };
  if (!owner.writable() || owner.open_transaction() == nullptr) {
    return transact(a, b, exchange);
  }
  owner.join(b.lock_place().root);
  return transaction_access::change(a, [&](transaction& txn) {
    if (!txn.holds(b.lock_place().root)) {
      throw memory::write_failed{write_error::not_in_transaction};
    }
    exchange(txn);
  });
}

}  // namespace commy
