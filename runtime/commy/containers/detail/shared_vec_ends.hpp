// commy/containers/detail/shared_vec_ends.hpp: single elements of a shared_vec,
// and the block that they lie in.
#pragma once

#include <commy/containers/shared_vec.hpp>

namespace commy {

/// Turns the units of elements [first, last) odd; of many, the shape instead,
/// which every look checks.
template <shared_element T>
void shared_vec<T>::touch(transaction& txn, const state& s, std::uint64_t first,
                          std::uint64_t last) const {
  // Odd already: this transaction has moved the vector, or is about to.
  if ((root().shape_sequence.load(std::memory_order_relaxed) & 1U) != 0) return;
  if (first >= last) return;
  const auto from = first >> shape.group_shift;
  const auto to = (last - 1) >> shape.group_shift;
  if (to - from >= 8) return txn.touch(root().shape_sequence);
  for (auto group = from; group <= to; ++group) {
    txn.touch(txn.img().word(s.block + 8 * group));
  }
}

template <shared_element T>
void shared_vec<T>::touch_one(transaction& txn, const state& s,
                              std::uint64_t index) const {
  if ((root().shape_sequence.load(std::memory_order_relaxed) & 1U) != 0) return;
  txn.touch(txn.img().word(s.sequence_of(shape, index)));
}

template <shared_element T>
memory::vec_state shared_vec<T>::take_block(transaction& txn,
                                            std::uint64_t capacity,
                                            memory::offset lent) {
  if (capacity == 0) return {};
  state fresh{0, capacity, 0, lent};
  fresh.block = txn.take(fresh.block_bytes(shape));
  for (std::uint64_t g = 0; g < shape.groups(capacity); ++g) {
    // relaxed: aside; nobody sees it before the shape turns even.
    txn.img().word(fresh.block + 8 * g).store(0, std::memory_order_relaxed);
  }
  return fresh;
}

template <shared_element T>
void shared_vec<T>::swap_in(transaction& txn, const state& old,
                            const state& fresh) const {
  txn.touch(root().shape_sequence);
  memory::link_elements(txn, root(), old, fresh);
}

template <shared_element T>
memory::vec_state shared_vec<T>::moved(transaction& txn, const state& old,
                                       std::uint64_t capacity) const {
  auto fresh = take_block(txn, capacity);
  fresh.size = old.size;
  const auto words = align_up(old.size * shape.bytes, 8) / 8;
  if (words != 0) {
    const auto* const from = &txn.img().word(old.at(shape, 0));
    auto* const to = &txn.img().word(fresh.at(shape, 0));
    for (std::uint64_t i = 0; i < words; ++i) {
      to[i].store(from[i].load(std::memory_order_relaxed),
                  std::memory_order_relaxed);
    }
  }
  swap_in(txn, old, fresh);
  return fresh;
}

template <shared_element T>
memory::vec_state shared_vec<T>::room_for(transaction& txn,
                                          std::uint64_t more) const {
  const auto now = checked();
  txn.touch(root().sequence);
  if (more <= now.capacity - now.size) return now;
  if (more > txn.img().sizes().capacity) {
    throw memory::write_failed{write_error::too_large};
  }
  return moved(txn, now,
               shape.grown(txn.img().sizes(), now.capacity, now.size + more));
}

template <shared_element T>
[[gnu::always_inline]] inline void shared_vec<T>::add(transaction& txn,
                                                      value_in value) const {
  const stored cell = element::store(txn, value);
  auto& object = root();
  const auto now = checked();
  if (now.size == now.capacity || txn.has_emptied() ||
      // relaxed: ours by the lock. Odd: this transaction has moved the vector.
      (object.shape_sequence.load(std::memory_order_relaxed) & 1U) != 0)
      [[unlikely]] {
    return add_slowly(txn, cell);
  }
  const auto& img = txn.img();
  txn.touch_and_save<2, 1>(
      {&object.sequence, &img.word(now.sequence_of(shape, now.size))},
      {&object.motion[0]});
  memory::store_cell(img, now.at(shape, now.size), cell);
  object.motion[0].store(now.size + 1, std::memory_order_relaxed);
  memory::note_elements(txn, object, change_kind::inserted, now.size, 1);
}

template <shared_element T>
void shared_vec<T>::add_slowly(transaction& txn, const stored& cell) const {
  auto& object = root();
  const auto now = room_for(txn, 1);
  const auto at = now.at(shape, now.size);
  touch_one(txn, now, now.size);
  if (txn.has_emptied()) {
    const auto span = memory::word_span::of(at, sizeof cell);
    txn.save(span.first, span.words);
  }
  memory::store_cell(txn.img(), at, cell);
  txn.store(object.motion[0], now.size + 1);
  memory::note_elements(txn, object, change_kind::inserted, now.size, 1);
}

template <shared_element T>
result<std::optional<typename shared_vec<T>::value_type>, write_error>
shared_vec<T>::pop_back() {
  return change([&](transaction& txn) -> std::optional<value_type> {
    const auto now = checked();
    if (now.size == 0) return std::nullopt;
    const auto cell = cell_at(now, now.size - 1);
    auto value = value_of(cell);
    txn.touch(root().sequence);
    touch_one(txn, now, now.size - 1);
    txn.note_emptied();
    txn.store(root().motion[0], now.size - 1);
    element::drop(txn, cell);
    memory::note_elements(txn, root(), change_kind::erased, now.size - 1, 1);
    return value;
  });
}

template <shared_element T>
void shared_vec<T>::put_in(transaction& txn, const state& s,
                           std::uint64_t index, const stored& cell) const {
  txn.touch(root().sequence);
  touch_one(txn, s, index);
  memory::change_bytes(txn, s.at(shape, index), sizeof cell, &cell);
  memory::note_elements(txn, root(), change_kind::set, index, 1);
}

template <shared_element T>
result<bool, write_error> shared_vec<T>::set(std::uint64_t index,
                                             value_in value) {
  return change([&](transaction& txn) {
    const auto now = checked();
    if (index >= now.size) return false;
    const auto old = cell_at(now, index);
    put_in(txn, now, index, element::store(txn, value));
    element::drop(txn, old);
    return true;
  });
}

template <shared_element T>
template <class Edit>
result<bool, write_error> shared_vec<T>::update(std::uint64_t index,
                                                Edit&& edit) {
  return change([&](transaction& txn) {
    const auto now = checked();
    if (index >= now.size) return false;
    const auto old = cell_at(now, index);
    if constexpr (deep) {
      if (!old.sound(txn.img())) {
        throw memory::write_failed{write_error::damaged};
      }
      // The object's sequence vouches for what is nested, too.
      txn.touch(root().sequence);
      auto nested = nested_access::child<T>(*this, old, txn);
      edit(nested);
      return true;
    } else {
      auto value = value_of(old);
      edit(value);
      put_in(txn, now, index, element::store(txn, value));
      element::drop(txn, old);
      return true;
    }
  });
}

template <shared_element T>
result<bool, write_error> shared_vec<T>::swap_elements(std::uint64_t a,
                                                       std::uint64_t b) {
  return change([&](transaction& txn) {
    const auto now = checked();
    if (a >= now.size || b >= now.size) return false;
    const auto first = cell_at(now, a);
    put_in(txn, now, a, cell_at(now, b));
    put_in(txn, now, b, first);
    return true;
  });
}

template <shared_element T>
result<bool, write_error> shared_vec<T>::insert(std::uint64_t index,
                                                value_in value) {
  return change([&](transaction& txn) {
    const auto now = checked();
    if (index > now.size) return false;
    const stored cell = element::store(txn, value);
    const auto tail = now.size - index;
    txn.touch(root().sequence);
    memory::note_elements(txn, root(), change_kind::inserted, index, 1);
    if (now.size == now.capacity || tail * shape.bytes > shift_max) {
      auto aside = cells(now);
      aside.insert(aside.begin() + static_cast<std::ptrdiff_t>(index), cell);
      const auto capacity =
          now.size == now.capacity
              ? shape.grown(txn.img().sizes(), now.capacity, now.size + 1)
              : now.capacity;
      become(txn, now, aside, capacity);
      return true;
    }
    touch(txn, now, index, now.size + 1);
    std::array<std::byte, shift_max> moving;
    const auto bytes = tail * shape.bytes;
    memory::load_bytes(txn.img(), now.at(shape, index), bytes, moving.data());
    memory::change_bytes(txn, now.at(shape, index + 1), bytes, moving.data());
    memory::change_bytes(txn, now.at(shape, index), sizeof cell, &cell);
    txn.store(root().motion[0], now.size + 1);
    return true;
  });
}

/// Drops all elements with what they hold, in constant time; false when each
/// is to be dropped by itself.
template <shared_element T>
bool shared_vec<T>::empty_as_trash(transaction& txn, const state& now) const {
  if constexpr (memory::owns_blocks<T>) {
    if (now.size <= memory::trash_above ||
        !memory::trash_content(txn, root(), deep)) {
      return false;
    }
    txn.touch(root().shape_sequence);
    txn.store(root().shape[0], 0);
    txn.store(root().shape[1], 0);
    txn.store(root().motion[0], 0);
    return true;
  } else {
    return false;
  }
}

/// Removes elements; returns how many there were to remove.
template <shared_element T>
std::uint64_t shared_vec<T>::cut(transaction& txn, std::uint64_t index,
                                 std::uint64_t count) const {
  const auto now = checked();
  if (index >= now.size || count == 0) return 0;
  count = std::min(count, now.size - index);
  txn.touch(root().sequence);
  memory::note_elements(txn, root(), change_kind::erased, index, count);
  if (count == now.size && empty_as_trash(txn, now)) return count;
  if constexpr (memory::owns_blocks<T>) drop_all(txn, cells(now, index, count));
  const auto bytes = (now.size - index - count) * shape.bytes;
  if (bytes > shift_max) {
    auto aside = cells(now);
    const auto from = aside.begin() + static_cast<std::ptrdiff_t>(index);
    aside.erase(from, from + static_cast<std::ptrdiff_t>(count));
    become(txn, now, aside, now.capacity);
    return count;
  }
  touch(txn, now, index, now.size);
  if (bytes != 0) {
    std::array<std::byte, shift_max> moving;
    memory::load_bytes(txn.img(), now.at(shape, index + count), bytes,
                       moving.data());
    memory::change_bytes(txn, now.at(shape, index), bytes, moving.data());
  }
  txn.note_emptied();
  txn.store(root().motion[0], now.size - count);
  return count;
}

template <shared_element T>
result<std::optional<typename shared_vec<T>::value_type>, write_error>
shared_vec<T>::extract(std::uint64_t index) {
  return change([&](transaction& txn) -> std::optional<value_type> {
    const auto now = checked();
    if (index >= now.size) return std::nullopt;
    auto value = value_of(cell_at(now, index));
    cut(txn, index, 1);
    return value;
  });
}

}  // namespace commy
