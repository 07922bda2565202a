#include <commy/containers/decode_value.hpp>
#include <commy/containers/detail/encode_vec.hpp>
#include <commy/containers/encode_value.hpp>
#include <commy/memory/nested_cell.hpp>
#include <commy/memory/packed_bytes.hpp>
#include <commy/memory/text_cell.hpp>
#include <commy/memory/trash.hpp>

#include <algorithm>
#include <cstring>

namespace commy::detail {

using memory::vec_state;

vec_state vec_writer::checked() const {
  const auto now = vec_state::load(*object_);
  if (!now.sound(txn_.img(), shape_)) {
    throw memory::write_failed{write_error::damaged};
  }
  return now;
}

vec_writer::cells vec_writer::load(const vec_state& s, std::uint64_t from,
                                   std::uint64_t count) const {
  cells copied(count * shape_.bytes);
  if (count != 0) {
    memory::load_bytes(txn_.img(), s.at(shape_, from), copied.size(),
                       copied.data());
  }
  return copied;
}

vec_writer::cells vec_writer::encoded(const dynamic_value& value) const {
  cells made(shape_.bytes);
  encode(txn_, element_, value, made.data());
  return made;
}

void vec_writer::touch(const vec_state& s, std::uint64_t index) const {
  // Odd already: this transaction has moved the vector.
  if ((object_->shape_sequence.load(std::memory_order_relaxed) & 1U) != 0) {
    return;
  }
  txn_.touch(txn_.img().word(s.sequence_of(shape_, index)));
}

void vec_writer::drop(const std::byte* cell) const {
  if (element_.kind == type_kind::text) {
    memory::text_cell text;
    std::memcpy(text.words.data(), cell, 16);
    memory::drop_text(txn_, text);
  } else if (is_nestable(element_.kind)) {
    memory::nested_cell nested;
    std::memcpy(nested.words.data(), cell, 16);
    memory::trash_nested(txn_, nested);
  }
}

void vec_writer::become(const vec_state& old, const cells& all,
                        std::uint64_t capacity) const {
  vec_state fresh{0, capacity, all.size() / shape_.bytes, 0};
  if (capacity != 0) {
    fresh.block = txn_.take(shape_.block_bytes(capacity));
    for (std::uint64_t g = 0; g < shape_.groups(capacity); ++g) {
      // relaxed: aside; nobody sees it before the shape turns even.
      txn_.img().word(fresh.block + 8 * g).store(0, std::memory_order_relaxed);
    }
  }
  if (!all.empty()) {
    memory::store_bytes(txn_.img(), fresh.at(shape_, 0), all.size(),
                        all.data());
  }
  txn_.touch(object_->shape_sequence);
  memory::link_elements(txn_, *object_, old, fresh);
}

bool vec_writer::set(std::uint64_t index, const dynamic_value& value) {
  const auto now = checked();
  if (index >= now.size) return false;
  const auto old = load(now, index, 1);
  const auto cell = encoded(value);
  txn_.touch(object_->sequence);
  touch(now, index);
  memory::change_bytes(txn_, now.at(shape_, index), cell.size(), cell.data());
  memory::note_elements(txn_, *object_, change_kind::set, index, 1);
  drop(old.data());
  return true;
}

bool vec_writer::insert(std::uint64_t index, const dynamic_value& value) {
  const auto now = checked();
  if (index > now.size) return false;
  if (index == now.size) {
    push_back(value);
    return true;
  }
  const auto cell = encoded(value);
  auto all = load(now, 0, now.size);
  all.insert(all.begin() + static_cast<std::ptrdiff_t>(index * shape_.bytes),
             cell.begin(), cell.end());
  txn_.touch(object_->sequence);
  memory::note_elements(txn_, *object_, change_kind::inserted, index, 1);
  become(now, all, now.size == now.capacity ? grown(now) : now.capacity);
  return true;
}

bool vec_writer::erase(std::uint64_t index) {
  const auto now = checked();
  if (index >= now.size) return false;
  auto all = load(now, 0, now.size);
  const auto gone =
      all.begin() + static_cast<std::ptrdiff_t>(index * shape_.bytes);
  txn_.touch(object_->sequence);
  memory::note_elements(txn_, *object_, change_kind::erased, index, 1);
  drop(&*gone);
  all.erase(gone, gone + static_cast<std::ptrdiff_t>(shape_.bytes));
  become(now, all, now.capacity);
  return true;
}

void vec_writer::push_back(const dynamic_value& value) {
  const auto cell = encoded(value);
  auto now = checked();
  txn_.touch(object_->sequence);
  if (now.size == now.capacity) {
    become(now, load(now, 0, now.size), grown(now));
    now = checked();
  }
  touch(now, now.size);
  memory::fill_bytes(txn_, now.at(shape_, now.size), cell.size(), cell.data());
  txn_.store(object_->motion[0], now.size + 1);
  memory::note_elements(txn_, *object_, change_kind::inserted, now.size, 1);
}

std::optional<dynamic_value> vec_writer::pop_back() {
  const auto now = checked();
  if (now.size == 0) return std::nullopt;
  const auto index = now.size - 1;
  const auto cell = load(now, index, 1);
  dynamic_value value;
  if (!decode(txn_.img(), element_, cell.data(), value)) {
    throw memory::write_failed{write_error::damaged};
  }
  txn_.touch(object_->sequence);
  touch(now, index);
  txn_.note_emptied();
  txn_.store(object_->motion[0], index);
  drop(cell.data());
  memory::note_elements(txn_, *object_, change_kind::erased, index, 1);
  return value;
}

void vec_writer::assign(const dynamic_value::list& values) {
  auto now = checked();
  cells all(values.size() * shape_.bytes);
  for (std::size_t i = 0; i < values.size(); ++i)
    encode(txn_, element_, values[i], &all[i * shape_.bytes]);
  txn_.touch(object_->sequence);
  memory::note_whole(txn_, *object_);
  const bool nested = is_nestable(element_.kind);
  const bool owns = nested || element_.kind == type_kind::text;
  if (owns && now.size > memory::trash_above &&
      memory::trash_content(txn_, *object_, nested)) {
    now = {};
  } else if (owns) {
    const auto old = load(now, 0, now.size);
    for (std::uint64_t i = 0; i < now.size; ++i)
      drop(&old[i * shape_.bytes]);
  }
  become(now, all, values.size());
}

}  // namespace commy::detail
