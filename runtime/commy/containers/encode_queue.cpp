#include <commy/base/units.hpp>
#include <commy/containers/decode_value.hpp>
#include <commy/containers/detail/encode_queue.hpp>
#include <commy/containers/encode_value.hpp>

#include <algorithm>
#include <bit>
#include <vector>

namespace commy::detail {

queue_writer::ends queue_writer::checked() const {
  const ends e{object_->motion[0].load(std::memory_order_relaxed),
               object_->motion[1].load(std::memory_order_relaxed),
               object_->shape[0].load(std::memory_order_relaxed),
               object_->shape[1].load(std::memory_order_relaxed)};
  const bool sound =
      e.capacity == 0
          ? e.first == e.last
          : is_power_of_two(e.capacity) && e.count() <= e.capacity &&
                e.table % 8 == 0 &&
                e.capacity <= txn_.img().sizes().capacity / (8 * words_) &&
                txn_.img().holds(e.table, e.capacity * 8 * words_);
  if (!sound) throw memory::write_failed{write_error::damaged};
  return e;
}

void queue_writer::store(memory::offset to, const dynamic_value& value) const {
  std::vector<std::uint64_t> copied(words_);
  encode_plain(element_, value, reinterpret_cast<std::byte*>(copied.data()));
  for (std::uint64_t i = 0; i < words_; ++i) {
    txn_.img().word(to + 8 * i).store(copied[i], std::memory_order_relaxed);
  }
}

void queue_writer::make_room() const {
  const auto e = checked();
  txn_.touch(object_->sequence);
  if (e.count() < e.capacity) return;
  ends wider = e;
  wider.capacity = std::max<std::uint64_t>(4, std::bit_ceil(e.count() + 1));
  wider.table = txn_.take(wider.capacity * 8 * words_);
  // relaxed: from what the lock makes ours, to what nothing leads to yet.
  for (auto p = e.first; p != e.last; ++p) {
    for (std::uint64_t i = 0; i < words_; ++i) {
      txn_.img()
          .word(at(wider, p) + 8 * i)
          .store(
              txn_.img().word(at(e, p) + 8 * i).load(std::memory_order_relaxed),
              std::memory_order_relaxed);
    }
  }
  txn_.touch(object_->shape_sequence);
  txn_.store(object_->shape[0], wider.table);
  txn_.store(object_->shape[1], wider.capacity);
  if (e.capacity != 0) txn_.drop(e.table);
}

void queue_writer::push(const dynamic_value& value, bool front) {
  make_room();
  const auto e = checked();
  const auto position = front ? e.first - 1 : e.last;
  txn_.save_unused(at(e, position), words_);
  store(at(e, position), value);
  if (front) {
    txn_.store(object_->motion[0], position);
  } else {
    txn_.store(object_->motion[1], position + 1);
  }
  memory::note_elements(txn_, *object_, change_kind::inserted,
                        front ? 0 : e.count(), 1);
}

std::optional<dynamic_value> queue_writer::pop(bool front) {
  const auto e = checked();
  if (e.count() == 0) return std::nullopt;
  const auto position = front ? e.first : e.last - 1;
  std::vector<std::uint64_t> copied(words_);
  for (std::uint64_t i = 0; i < words_; ++i) {
    copied[i] = txn_.img()
                    .word(at(e, position) + 8 * i)
                    .load(std::memory_order_relaxed);
  }
  dynamic_value value;
  if (!decode(txn_.img(), element_,
              reinterpret_cast<const std::byte*>(copied.data()), value)) {
    throw memory::write_failed{write_error::damaged};
  }
  txn_.touch(object_->sequence);
  txn_.note_emptied();
  if (front) {
    txn_.store(object_->motion[0], position + 1);
  } else {
    txn_.store(object_->motion[1], position);
  }
  memory::note_elements(txn_, *object_, change_kind::erased,
                        front ? 0 : e.count() - 1, 1);
  return value;
}

bool queue_writer::set(std::uint64_t index, const dynamic_value& value) {
  const auto e = checked();
  if (index >= e.count()) return false;
  const auto to = at(e, e.first + index);
  txn_.touch(object_->sequence);
  txn_.save(to, words_);
  store(to, value);
  memory::note_elements(txn_, *object_, change_kind::set, index, 1);
  return true;
}

/// The elements go into a new ring, so that none of them is logged. Positions
/// go on behind the last, because a reader may remember the old ones.
void queue_writer::assign(const dynamic_value::list& values) {
  const auto old = checked();
  txn_.touch(object_->sequence);
  txn_.touch(object_->shape_sequence);
  memory::note_whole(txn_, *object_);
  ends fresh{old.last, old.last + values.size(), 0, 0};
  if (!values.empty()) {
    fresh.capacity = std::max<std::uint64_t>(4, std::bit_ceil(values.size()));
    fresh.table = txn_.take(fresh.capacity * 8 * words_);
    for (std::size_t i = 0; i < values.size(); ++i)
      store(at(fresh, fresh.first + i), values[i]);
  }
  txn_.store(object_->shape[0], fresh.table);
  txn_.store(object_->shape[1], fresh.capacity);
  txn_.store(object_->motion[0], fresh.first);
  txn_.store(object_->motion[1], fresh.last);
  if (old.capacity != 0) txn_.drop(old.table);
}

void queue_writer::clear() {
  const auto e = checked();
  if (e.count() == 0) return;
  txn_.touch(object_->sequence);
  txn_.note_emptied();
  txn_.store(object_->motion[0], e.last);
  memory::note_whole(txn_, *object_);
}

}  // namespace commy::detail
