#include <commy/base/units.hpp>
#include <commy/containers/decode_content.hpp>
#include <commy/containers/decode_value.hpp>
#include <commy/containers/dynamic_layout.hpp>
#include <commy/containers/key_text.hpp>
#include <commy/memory/nested_cell.hpp>
#include <commy/memory/vec_block.hpp>

#include <algorithm>
#include <array>

namespace commy {

using memory::copy_source;
using memory::lookup;
using memory::offset;
using memory::text_cell;

namespace {

/// Copies words out of the segment and decodes them.
bool decode_at(const copy_source& from, const type_tree& type,
               memory::offset at, std::vector<std::uint64_t>& words,
               dynamic_value& into) {
  words.resize((type.bytes + 7) / 8);
  for (std::size_t i = 0; i < words.size(); ++i) {
    words[i] = from.img().word(at + 8ULL * i).load(std::memory_order_relaxed);
  }
  return decode(from, type, reinterpret_cast<const std::byte*>(words.data()),
                into);
}

lookup read_hash_map(const copy_source& from, offset root_at,
                     const type_tree& type, const content_part& part,
                     content_reading& into) {
  const auto& img = from.img();
  const memory::hash_table<dynamic_slots> table{img, root_at,
                                                dynamic_slots::of(type)};
  auto& record = into.value.held.emplace<dynamic_value::record>();
  const auto value_at = dynamic_slots::of(type).slots.value_at;
  bool sound =
      from.take(img.root_at(root_at).shape[1].load(std::memory_order_relaxed));
  if (!sound) return lookup::damaged;
  table.for_each([&](const std::uint64_t* words) {
    if (record.size() == part.count) return false;
    const auto* const bytes = reinterpret_cast<const std::byte*>(words);
    dynamic_value key;
    auto& entry = record.emplace_back(std::string{}, dynamic_value{});
    sound = decode(from, type.parameters[0], bytes, key) &&
            decode(from, type.parameters[1], bytes + value_at, entry.second);
    if (sound) entry.first = key_text(key);
    return sound;
  });
  into.last = table.size();
  return sound ? lookup::found : lookup::damaged;
}

lookup read_queue(const copy_source& from, offset root_at,
                  const type_tree& type, const content_part& part,
                  content_reading& into) {
  const auto& img = from.img();
  const auto& element = type.parameters[0];
  const auto& r = img.root_at(root_at);
  into.first = r.motion[0].load(std::memory_order_relaxed);
  into.last = r.motion[1].load(std::memory_order_relaxed);
  const auto table = r.shape[0].load(std::memory_order_relaxed);
  const auto capacity = r.shape[1].load(std::memory_order_relaxed);
  const auto stride = (element.bytes + 7ULL) / 8 * 8;
  const auto size = into.last - into.first;
  auto& list = into.value.held.emplace<dynamic_value::list>();
  if (size == 0) return lookup::found;
  if (!is_power_of_two(capacity) || size > capacity || table % 8 != 0 ||
      capacity > img.sizes().capacity / stride ||
      !img.holds(table, capacity * stride)) {
    return lookup::damaged;
  }
  if (part.from >= size) return lookup::found;
  const auto count = std::min(part.count, size - part.from);
  if (!from.take(count)) return lookup::damaged;
  list.resize(count);
  std::vector<std::uint64_t> words;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto position = into.first + part.from + i;
    if (!decode_at(from, element, table + (position & (capacity - 1)) * stride,
                   words, list[i])) {
      return lookup::damaged;
    }
  }
  return lookup::found;
}

lookup read_vec(const copy_source& from, offset root_at, const type_tree& type,
                const content_part& part, content_reading& into) {
  const auto& img = from.img();
  const auto& element = type.parameters[0];
  const auto shape = memory::vec_block::of(element.bytes);
  const auto state = memory::vec_state::load(img.root_at(root_at));
  if (!state.sound(img, shape)) return lookup::damaged;
  into.last = state.size;
  auto& list = into.value.held.emplace<dynamic_value::list>();
  if (part.from >= state.size) return lookup::found;
  const auto count = std::min(part.count, state.size - part.from);
  if (!from.take(count)) return lookup::damaged;
  list.resize(count);
  std::vector<std::byte> bytes(element.bytes);
  for (std::uint64_t i = 0; i < list.size(); ++i) {
    memory::load_bytes(img, state.at(shape, part.from + i), bytes.size(),
                       bytes.data());
    if (!decode(from, element, bytes.data(), list[i])) return lookup::damaged;
  }
  return lookup::found;
}

lookup read_hash_set(const copy_source& from, offset root_at,
                     const type_tree& type, const content_part& part,
                     content_reading& into) {
  const auto& img = from.img();
  const memory::hash_table<dynamic_slots> table{img, root_at,
                                                dynamic_slots::of(type)};
  auto& list = into.value.held.emplace<dynamic_value::list>();
  bool sound =
      from.take(img.root_at(root_at).shape[1].load(std::memory_order_relaxed));
  if (!sound) return lookup::damaged;
  table.for_each([&](const std::uint64_t* words) {
    if (list.size() == part.count) return false;
    sound =
        decode(from, type.parameters[0],
               reinterpret_cast<const std::byte*>(words), list.emplace_back());
    return sound;
  });
  into.last = table.size();
  return sound ? lookup::found : lookup::damaged;
}

lookup read_tree(const copy_source& from, offset root_at, const type_tree& type,
                 const content_part& part, content_reading& into) {
  const auto& img = from.img();
  const dynamic_tree tree{img, root_at, dynamic_order::of(type)};
  const auto& key_type = type.parameters[0];
  const bool is_map = type.kind == type_kind::btree_map;
  // Keys that are no single text appear as values beside theirs.
  const bool as_record = is_map && is_key(key_type);
  if (as_record) {
    into.value.held.emplace<dynamic_value::record>();
  } else {
    into.value.held.emplace<dynamic_value::list>();
  }
  std::array<std::uint64_t, memory::btree_nodes::key_max / 8> keys;
  std::array<std::uint64_t, memory::btree_nodes::value_max / 8> values;
  std::uint64_t count = 0;
  for (auto at = tree.locate(memory::seek::first, {});
       at.there && count < part.count; tree.advance(at), ++count) {
    if (!from.take(1)) return lookup::damaged;
    tree.load_key(at, keys.data());
    tree.load_value(at, values.data());
    dynamic_value key;
    dynamic_value value;
    if (!decode(from, key_type, reinterpret_cast<const std::byte*>(keys.data()),
                key) ||
        (is_map &&
         !decode(from, type.parameters[1],
                 reinterpret_cast<const std::byte*>(values.data()), value))) {
      return lookup::damaged;
    }
    if (as_record) {
      std::get<dynamic_value::record>(into.value.held)
          .emplace_back(key_text(key), std::move(value));
    } else {
      auto& list = std::get<dynamic_value::list>(into.value.held);
      if (is_map) {
        auto& entry = list.emplace_back().held.emplace<dynamic_value::record>();
        entry.emplace_back("key", std::move(key));
        entry.emplace_back("value", std::move(value));
      } else {
        list.push_back(std::move(key));
      }
    }
  }
  into.last = tree.size();
  return lookup::found;
}

}  // namespace

lookup read_content(const copy_source& from, offset root_at,
                    const type_tree& type, const content_part& part,
                    content_reading& into) {
  const auto& img = from.img();
  const auto& r = img.root_at(root_at);
  std::vector<std::uint64_t> words;
  switch (type.kind) {
    case type_kind::hash_map:
      return read_hash_map(from, root_at, type, part, into);
    case type_kind::vec_deque:
      return read_queue(from, root_at, type, part, into);
    case type_kind::vec:
      return read_vec(from, root_at, type, part, into);
    case type_kind::hash_set:
      return read_hash_set(from, root_at, type, part, into);
    case type_kind::btree_map:
    case type_kind::btree_set:
      // Bytes in the middle of a change make no sense either; the caller's look
      // at the sequence tells which it was.
      try {
        return read_tree(from, root_at, type, part, into);
      } catch (const memory::write_failed&) {
        return lookup::damaged;
      }
    case type_kind::box: {
      const auto& value = type.parameters[0];
      const auto at = r.shape[0].load(std::memory_order_relaxed);
      if (at % 8 != 0 || !img.holds(at, align_up(value.bytes, 8)) ||
          !decode_at(from, value, at, words, into.value)) {
        return lookup::damaged;
      }
      return lookup::found;
    }
    case type_kind::text: {
      const text_cell cell{{r.motion[0].load(std::memory_order_relaxed),
                            r.motion[1].load(std::memory_order_relaxed)}};
      if (!cell.sound(img)) return lookup::damaged;
      memory::copy_text(img, cell, into.value.held.emplace<std::string>());
      return lookup::found;
    }
    default:
      return lookup::damaged;
  }
}

bool decode_nested(const copy_source& from, const type_tree& type,
                   const std::byte* bytes, dynamic_value& into) {
  memory::nested_cell cell;
  std::memcpy(cell.words.data(), bytes, 16);
  content_reading content;
  // relaxed: whoever looks validates the outermost object's sequence.
  if (!cell.sound(from.img()) ||
      from.img()
              .root_at(cell.words[0])
              .generation.load(std::memory_order_relaxed) != cell.words[1] ||
      read_content(from, cell.words[0], type, {}, content) != lookup::found) {
    return false;
  }
  into = std::move(content.value);
  return true;
}

}  // namespace commy
