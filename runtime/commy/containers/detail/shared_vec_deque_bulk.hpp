// commy/containers/detail/shared_vec_deque_bulk.hpp: many elements of a queue
// in one transaction, and waiting for one.
#pragma once

#include <commy/containers/shared_vec_deque.hpp>

#include <algorithm>

namespace commy {

template <memory::plain T>
typename shared_vec_deque<T>::ends shared_vec_deque<T>::make_room(
    transaction& txn, std::uint64_t more) {
  const auto e = checked_ends();
  txn.touch(root().sequence);
  if (more <= e.capacity - e.count()) return e;
  if (more > txn.img().sizes().capacity) {
    throw memory::write_failed{write_error::too_large};
  }
  const auto capacity =
      std::max<std::uint64_t>(4, std::bit_ceil(e.count() + more));
  const auto table = txn.take(capacity * stride);
  const ends wider{e.first, e.last, table, capacity};
  for (auto p = e.first; p != e.last; ++p) {
    for (std::uint32_t i = 0; i < words; ++i) {
      txn.img()
          .word(wider.at(p) + 8ULL * i)
          .store(txn.img()
                     .word(e.at(p) + 8ULL * i)
                     .load(std::memory_order_relaxed),
                 std::memory_order_relaxed);
    }
  }
  txn.touch(root().shape_sequence);
  txn.store(root().shape[0], table);
  txn.store(root().shape[1], capacity);
  if (e.capacity != 0) txn.drop(e.table);
  return wider;
}

template <memory::plain T>
template <class Edit>
result<bool, write_error> shared_vec_deque<T>::update(std::uint64_t index,
                                                      Edit&& edit) {
  return change([&](transaction& txn) {
    const auto e = checked_ends();
    if (index >= e.count()) return false;
    auto value = at_position(e.first + index);
    edit(value);
    txn.touch(root().sequence);
    txn.save(e.at(e.first + index), words);
    store(txn, e.at(e.first + index), value);
    memory::note_elements(txn, root(), change_kind::set, index, 1);
    return true;
  });
}

template <memory::plain T>
template <std::ranges::input_range Range>
result<void, write_error> shared_vec_deque<T>::append(Range&& values) {
  return change([&](transaction& txn) {
    std::vector<T> added;
    for (auto&& value : values)
      added.push_back(value);
    if (added.empty()) return;
    // What this transaction has emptied would have to be logged.
    if (txn.has_emptied() && added.size() > 8) {
      auto all = all_of(checked_ends());
      all.insert(all.end(), added.begin(), added.end());
      return become(txn, all);
    }
    const auto e = make_room(txn, added.size());
    memory::note_elements(txn, root(), change_kind::inserted, e.count(),
                          added.size());
    for (std::size_t i = 0; i < added.size(); ++i)
      write(txn, e.at(e.last + i), added[i]);
    txn.store(root().motion[1], e.last + added.size());
  });
}

template <memory::plain T>
std::vector<T> shared_vec_deque<T>::all_of(const ends& e) const {
  std::vector<T> values;
  values.reserve(e.count());
  for (auto p = e.first; p != e.last; ++p)
    values.push_back(at_position(p));
  return values;
}

/// The elements go into a new ring, so that none of them is logged. Positions
/// go on behind the last, because a reader may remember the old ones.
template <memory::plain T>
void shared_vec_deque<T>::become(transaction& txn,
                                 const std::vector<T>& values) {
  const auto old = checked_ends();
  txn.touch(root().sequence);
  txn.touch(root().shape_sequence);
  memory::note_whole(txn, root());
  ends fresh{old.last, old.last + values.size(), 0, 0};
  if (!values.empty()) {
    fresh.capacity = std::max<std::uint64_t>(4, std::bit_ceil(values.size()));
    fresh.table = txn.take(fresh.capacity * stride);
    for (std::size_t i = 0; i < values.size(); ++i)
      store(txn, fresh.at(fresh.first + i), values[i]);
  }
  txn.store(root().shape[0], fresh.table);
  txn.store(root().shape[1], fresh.capacity);
  txn.store(root().motion[0], fresh.first);
  txn.store(root().motion[1], fresh.last);
  if (old.capacity != 0) txn.drop(old.table);
}

template <memory::plain T>
template <std::ranges::input_range Range>
result<void, write_error> shared_vec_deque<T>::assign(Range&& values) {
  return change([&](transaction& txn) {
    std::vector<T> fresh;
    for (auto&& value : values)
      fresh.push_back(value);
    become(txn, fresh);
  });
}

template <memory::plain T>
template <class Wanted>
result<std::uint64_t, write_error> shared_vec_deque<T>::erase_if(
    Wanted&& wanted) {
  return change([&](transaction& txn) -> std::uint64_t {
    auto kept = all_of(checked_ends());
    const auto gone =
        std::erase_if(kept, [&](const T& value) { return wanted(value); });
    if (gone > 0) become(txn, kept);
    return gone;
  });
}

template <memory::plain T>
result<void, write_error> shared_vec_deque<T>::clear() {
  return change([&](transaction& txn) {
    const auto e = checked_ends();
    if (e.count() == 0) return;
    txn.touch(root().sequence);
    txn.note_emptied();
    txn.store(root().motion[0], e.last);
    memory::note_whole(txn, root());
  });
}

template <memory::plain T>
result<void, write_error> shared_vec_deque<T>::reserve(std::uint64_t count) {
  return change([&](transaction& txn) {
    const auto e = checked_ends();
    if (count > e.capacity) make_room(txn, count - e.count());
  });
}

template <memory::plain T>
result<std::vector<T>, write_error> shared_vec_deque<T>::take() {
  return change([&](transaction& txn) {
    const auto e = checked_ends();
    auto values = all_of(e);
    if (!values.empty()) {
      txn.touch(root().sequence);
      txn.note_emptied();
      txn.store(root().motion[0], e.last);
      memory::note_whole(txn, root());
    }
    return values;
  });
}

template <memory::plain T>
template <class Pop>
result<std::optional<T>, write_error> shared_vec_deque<T>::pop_wait(
    std::chrono::nanoseconds at_most, Pop&& pop) {
  const auto end = clock::now() + at_most;
  for (;;) {
    // Before the look: a push between the look and the sleep wakes at once.
    const auto seen = version();
    // A pop of nothing would wake the others who wait in the outermost object.
    if (level() > 0 && within_ == nullptr &&
        engine_->open_transaction() == nullptr) {
      const auto count = size();
      if (count && *count == 0) {
        const auto left = end - clock::now();
        if (left <= left.zero() || !wait_for_change(seen, left)) {
          return std::optional<T>{};
        }
        continue;
      }
    }
    auto taken = pop();
    if (!taken || *taken || engine_->open_transaction() != nullptr) {
      return taken;
    }
    const auto left = end - clock::now();
    if (left <= left.zero() || !wait_for_change(seen, left)) return taken;
  }
}

}  // namespace commy
