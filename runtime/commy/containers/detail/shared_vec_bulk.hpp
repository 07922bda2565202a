// commy/containers/detail/shared_vec_bulk.hpp: many elements of a shared_vec in
// one transaction. The payload goes into a new block, so nothing is logged but
// the pointer to it.
#pragma once

#include <commy/containers/shared_vec.hpp>

namespace commy {

template <shared_element T>
std::vector<typename shared_vec<T>::stored> shared_vec<T>::cells(
    const state& s, std::uint64_t from, std::uint64_t count) const {
  std::vector<stored> copied(count);
  if (count != 0) {
    memory::load_bytes(engine_->img(), s.at(shape, from), count * shape.bytes,
                       copied.data());
  }
  return copied;
}

template <shared_element T>
void shared_vec<T>::become(transaction& txn, const state& old,
                           const std::vector<stored>& cells,
                           std::uint64_t capacity) const {
  auto fresh = take_block(txn, capacity);
  fresh.size = cells.size();
  if (!cells.empty()) {
    memory::store_bytes(txn.img(), fresh.at(shape, 0),
                        cells.size() * shape.bytes, cells.data());
  }
  swap_in(txn, old, fresh);
}

template <shared_element T>
void shared_vec<T>::drop_all(transaction& txn,
                             const std::vector<stored>& cells) const {
  for (const auto& cell : cells)
    element::drop(txn, cell);
}

template <shared_element T>
void shared_vec<T>::add_all(transaction& txn,
                            const std::vector<stored>& cells) const {
  if (cells.empty()) return;
  auto now = room_for(txn, cells.size());
  memory::note_elements(txn, root(), change_kind::inserted, now.size,
                        cells.size());
  const auto bytes = cells.size() * shape.bytes;
  // What this transaction has emptied would have to be logged.
  if (txn.has_emptied() && bytes > shift_max) {
    now = moved(txn, now, now.capacity);
    memory::store_bytes(txn.img(), now.at(shape, now.size), bytes,
                        cells.data());
  } else {
    touch(txn, now, now.size, now.size + cells.size());
    memory::fill_bytes(txn, now.at(shape, now.size), bytes, cells.data());
  }
  txn.store(root().motion[0], now.size + cells.size());
}

template <shared_element T>
template <std::ranges::input_range Range>
result<void, write_error> shared_vec<T>::append(Range&& values) {
  return change([&](transaction& txn) {
    std::vector<stored> added;
    if constexpr (std::ranges::sized_range<Range>) {
      added.reserve(std::ranges::size(values));
    }
    for (auto&& value : values)
      added.push_back(element::store(txn, value));
    add_all(txn, added);
  });
}

template <shared_element T>
template <std::ranges::input_range Range>
result<void, write_error> shared_vec<T>::assign(Range&& values) {
  return change([&](transaction& txn) {
    const auto now = checked();
    std::vector<stored> fresh;
    for (auto&& value : values)
      fresh.push_back(element::store(txn, value));
    txn.touch(root().sequence);
    memory::note_whole(txn, root());
    if (empty_as_trash(txn, now)) return become(txn, {}, fresh, fresh.size());
    if constexpr (memory::owns_blocks<T>) drop_all(txn, cells(now));
    become(txn, now, fresh, fresh.size());
  });
}

template <shared_element T>
result<void, write_error> shared_vec<T>::keep(memory::loan_block& lent) {
  return change([&](transaction& txn) {
    const auto now = checked();
    const auto at = txn.keep(lent);
    const auto count = lent.bytes() / sizeof(stored);
    txn.touch(root().sequence);
    memory::note_whole(txn, root());
    auto fresh = take_block(txn, count, at);
    fresh.size = count;
    swap_in(txn, now, fresh);
  });
}

template <shared_element T>
result<void, write_error> shared_vec<T>::resize(std::uint64_t count,
                                                value_in value) {
  return change([&](transaction& txn) {
    const auto now = checked();
    if (count <= now.size) {
      cut(txn, count, all);
      return;
    }
    if (count > txn.img().sizes().capacity) {
      throw memory::write_failed{write_error::too_large};
    }
    // Each its own cell: a text outside belongs to one element.
    std::vector<stored> added;
    added.reserve(count - now.size);
    for (auto i = now.size; i < count; ++i)
      added.push_back(element::store(txn, value));
    add_all(txn, added);
  });
}

template <shared_element T>
result<void, write_error> shared_vec<T>::reserve(std::uint64_t count) {
  return change([&](transaction& txn) {
    const auto now = checked();
    if (count <= now.capacity) return;
    if (count > txn.img().sizes().capacity) {
      throw memory::write_failed{write_error::too_large};
    }
    txn.touch(root().sequence);
    static_cast<void>(moved(txn, now, count));
  });
}

template <shared_element T>
result<void, write_error> shared_vec<T>::shrink_to_fit() {
  return change([&](transaction& txn) {
    const auto now = checked();
    if (now.size == now.capacity) return;
    txn.touch(root().sequence);
    static_cast<void>(moved(txn, now, now.size));
  });
}

template <shared_element T>
template <class Wanted>
result<std::uint64_t, write_error> shared_vec<T>::erase_if(Wanted&& wanted) {
  return change([&](transaction& txn) -> std::uint64_t {
    const auto now = checked();
    auto kept = cells(now);
    std::vector<stored> gone;
    std::erase_if(kept, [&](const stored& cell) {
      if (!wanted(element::look(txn.img(), cell))) return false;
      gone.push_back(cell);
      return true;
    });
    if (gone.empty()) return 0;
    txn.touch(root().sequence);
    memory::note_whole(txn, root());
    drop_all(txn, gone);
    become(txn, now, kept, now.capacity);
    return gone.size();
  });
}

template <shared_element T>
result<std::uint64_t, write_error> shared_vec<T>::unique() {
  return change([&](transaction& txn) -> std::uint64_t {
    const auto now = checked();
    std::vector<stored> kept;
    std::vector<stored> gone;
    for (const auto& cell : cells(now)) {
      const bool same =
          !kept.empty() && element::look(txn.img(), kept.back()) ==
                               element::look(txn.img(), cell);
      (same ? gone : kept).push_back(cell);
    }
    if (gone.empty()) return 0;
    txn.touch(root().sequence);
    memory::note_whole(txn, root());
    drop_all(txn, gone);
    become(txn, now, kept, now.capacity);
    return gone.size();
  });
}

template <shared_element T>
template <class Less>
result<void, write_error> shared_vec<T>::sort(Less less) {
  return change([&](transaction& txn) {
    const auto now = checked();
    auto sorted = cells(now);
    std::sort(
        sorted.begin(), sorted.end(), [&](const stored& a, const stored& b) {
          return less(element::look(txn.img(), a), element::look(txn.img(), b));
        });
    txn.touch(root().sequence);
    memory::note_whole(txn, root());
    become(txn, now, sorted, now.capacity);
  });
}

template <shared_element T>
result<void, write_error> shared_vec<T>::reverse() {
  return change([&](transaction& txn) {
    const auto now = checked();
    auto turned = cells(now);
    std::reverse(turned.begin(), turned.end());
    txn.touch(root().sequence);
    memory::note_whole(txn, root());
    become(txn, now, turned, now.capacity);
  });
}

template <shared_element T>
result<std::vector<typename shared_vec<T>::value_type>, write_error>
shared_vec<T>::take() {
  return change([&](transaction& txn) {
    const auto now = checked();
    content_type values;
    if (!copy_out(txn.img(), root_at_, values)) {
      throw memory::write_failed{write_error::damaged};
    }
    if (now.size > 0) cut(txn, 0, all);
    return values;
  });
}

}  // namespace commy
