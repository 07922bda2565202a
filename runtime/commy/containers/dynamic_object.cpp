#include <commy/containers/decode_value.hpp>
#include <commy/containers/dynamic_object.hpp>
#include <commy/containers/key_text.hpp>
#include <commy/containers/type_layout.hpp>
#include <commy/memory/btree.hpp>
#include <commy/memory/hash_table.hpp>
#include <commy/memory/segment.hpp>
#include <commy/memory/vec_block.hpp>

#include <algorithm>
#include <bit>

namespace commy {
namespace {

using memory::image;
using memory::lookup;
using memory::text_cell;

/// Where keys and values of a map lie, by its descriptor.
struct dynamic_slots {
  memory::hash_slots slots;
  [[nodiscard]] const memory::hash_slots& get() const noexcept { return slots; }

  /// Requires: a descriptor that open() has accepted.
  [[nodiscard]] static dynamic_slots of(const type_tree& table) {
    return {*slots_of(table)};
  }
};

/// How keys of a tree order and where they lie, by its descriptor.
struct dynamic_order {
  static constexpr bool is_word = false;
  struct key {
    std::string_view text{};
    const std::byte* bytes = nullptr;
  };
  const type_tree* key_type;
  memory::btree_nodes shape;

  /// Requires: a descriptor that open() has accepted.
  [[nodiscard]] static dynamic_order of(const type_tree& tree) {
    return {&tree.parameters[0], *nodes_of(tree)};
  }
  [[nodiscard]] const memory::btree_nodes& nodes() const noexcept {
    return shape;
  }
  [[nodiscard]] int compare(const image& img, const std::uint64_t* words,
                            const key& sought, bool& sound) const noexcept {
    if (key_type->kind != type_kind::text) {
      return compare_values(
          *key_type, reinterpret_cast<const std::byte*>(words), sought.bytes);
    }
    const text_cell cell{{words[0], words[1]}};
    sound = sound && cell.sound(img);
    return sound ? memory::compare_text(img, cell, sought.text) : 0;
  }
};
using dynamic_tree = memory::btree<dynamic_order>;

/// Could a typed container of this descriptor exist? The line is input.
bool is_object(const type_tree& type) {
  switch (type.kind) {
    case type_kind::text:
      return true;
    case type_kind::box:
      return type.parameters[0].bytes > 0 && type.parameters[0].bytes <= 8192;
    case type_kind::vec_deque:
    case type_kind::vec:
      return type.parameters[0].bytes > 0 && type.parameters[0].bytes <= 4096;
    case type_kind::hash_map:
    case type_kind::hash_set:
      return slots_of(type).has_value();
    case type_kind::btree_map:
    case type_kind::btree_set:
      return nodes_of(type).has_value();
    default:
      return false;
  }
}

/// Copies words out of the segment and decodes them.
bool decode_at(const image& img, const type_tree& type, memory::offset at,
               std::vector<std::uint64_t>& words, dynamic_value& into) {
  words.resize((type.bytes + 7) / 8);
  for (std::size_t i = 0; i < words.size(); ++i) {
    words[i] = img.word(at + 8ULL * i).load(std::memory_order_relaxed);
  }
  return decode(img, type, reinterpret_cast<const std::byte*>(words.data()),
                into);
}

}  // namespace

result<dynamic_object, open_error> dynamic_object::open(const segment& in,
                                                        std::string_view name) {
  return open(in.engine(), name);
}

result<dynamic_object, open_error> dynamic_object::open(
    const std::shared_ptr<memory::engine>& engine, std::string_view name) {
  auto entry = memory::inspect_object(*engine, name);
  if (!entry) return unexpected{entry.error()};
  auto type = type_tree::parse(entry->type);
  if (!type || !is_object(*type)) {
    return unexpected{open_error::damaged,
                      std::string{name} + ": type '" + entry->type + "'"};
  }
  return dynamic_object{engine, entry->place, std::move(*type),
                        std::move(entry->type)};
}

lookup dynamic_object::look_at_map(const range& part, reading& into) const {
  const auto& img = engine_->img();
  const memory::hash_table<dynamic_slots> table{img, root_at_,
                                                dynamic_slots::of(type_)};
  auto& record = into.value.held.emplace<dynamic_value::record>();
  const auto value_at = dynamic_slots::of(type_).slots.value_at;
  bool sound = true;
  table.for_each([&](const std::uint64_t* words) {
    if (record.size() == part.count) return false;
    const auto* const bytes = reinterpret_cast<const std::byte*>(words);
    dynamic_value key;
    auto& entry = record.emplace_back(std::string{}, dynamic_value{});
    sound = decode(img, type_.parameters[0], bytes, key) &&
            decode(img, type_.parameters[1], bytes + value_at, entry.second);
    if (sound) entry.first = key_text(key);
    return sound;
  });
  into.last = table.size();
  return sound ? lookup::found : lookup::damaged;
}

lookup dynamic_object::look_at_queue(const range& part, reading& into) const {
  const auto& img = engine_->img();
  const auto& element = type_.parameters[0];
  const auto& r = root();
  into.first = r.motion[0].load(std::memory_order_relaxed);
  into.last = r.motion[1].load(std::memory_order_relaxed);
  const auto table = r.shape[0].load(std::memory_order_relaxed);
  const auto capacity = r.shape[1].load(std::memory_order_relaxed);
  const auto stride = (element.bytes + 7ULL) / 8 * 8;
  const auto size = into.last - into.first;
  auto& list = into.value.held.emplace<dynamic_value::list>();
  if (size == 0) return lookup::found;
  if (!std::has_single_bit(capacity) || size > capacity || table % 8 != 0 ||
      capacity > img.sizes().capacity / stride ||
      !img.holds(table, capacity * stride)) {
    return lookup::damaged;
  }
  if (part.from >= size) return lookup::found;
  const auto count = std::min(part.count, size - part.from);
  list.resize(count);
  std::vector<std::uint64_t> words;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto position = into.first + part.from + i;
    if (!decode_at(img, element, table + (position & (capacity - 1)) * stride,
                   words, list[i])) {
      return lookup::damaged;
    }
  }
  return lookup::found;
}

lookup dynamic_object::look_at_vec(const range& part, reading& into) const {
  const auto& img = engine_->img();
  const auto& element = type_.parameters[0];
  const auto shape = memory::vec_block::of(element.bytes);
  const auto state = memory::vec_state::load(root());
  if (!state.sound(img, shape)) return lookup::damaged;
  into.last = state.size;
  auto& list = into.value.held.emplace<dynamic_value::list>();
  if (part.from >= state.size) return lookup::found;
  list.resize(std::min(part.count, state.size - part.from));
  std::vector<std::byte> bytes(element.bytes);
  for (std::uint64_t i = 0; i < list.size(); ++i) {
    memory::load_bytes(img, state.at(shape, part.from + i), bytes.size(),
                       bytes.data());
    if (!decode(img, element, bytes.data(), list[i])) return lookup::damaged;
  }
  return lookup::found;
}

lookup dynamic_object::look_at_hash_set(const range& part,
                                        reading& into) const {
  const auto& img = engine_->img();
  const memory::hash_table<dynamic_slots> table{img, root_at_,
                                                dynamic_slots::of(type_)};
  auto& list = into.value.held.emplace<dynamic_value::list>();
  bool sound = true;
  table.for_each([&](const std::uint64_t* words) {
    if (list.size() == part.count) return false;
    sound =
        decode(img, type_.parameters[0],
               reinterpret_cast<const std::byte*>(words), list.emplace_back());
    return sound;
  });
  into.last = table.size();
  return sound ? lookup::found : lookup::damaged;
}

lookup dynamic_object::look_at_tree(const range& part, reading& into) const {
  const auto& img = engine_->img();
  const dynamic_tree tree{img, root_at_, dynamic_order::of(type_)};
  const auto& key_type = type_.parameters[0];
  const bool is_map = type_.kind == type_kind::btree_map;
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
    tree.load_key(at, keys.data());
    tree.load_value(at, values.data());
    dynamic_value key;
    dynamic_value value;
    if (!decode(img, key_type, reinterpret_cast<const std::byte*>(keys.data()),
                key) ||
        (is_map &&
         !decode(img, type_.parameters[1],
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

lookup dynamic_object::look(const range& part, reading& into) const {
  const auto& r = root();
  const auto& img = engine_->img();
  if (r.generation.load(std::memory_order_relaxed) != generation_) {
    return lookup::removed;
  }
  into.version = r.sequence.load(std::memory_order_relaxed) / 2;
  std::vector<std::uint64_t> words;
  switch (type_.kind) {
    case type_kind::hash_map:
      return look_at_map(part, into);
    case type_kind::vec_deque:
      return look_at_queue(part, into);
    case type_kind::vec:
      return look_at_vec(part, into);
    case type_kind::hash_set:
      return look_at_hash_set(part, into);
    case type_kind::btree_map:
    case type_kind::btree_set:
      // Bytes in the middle of a change make no sense either; the caller's look
      // at the sequence tells which it was.
      try {
        return look_at_tree(part, into);
      } catch (const memory::write_failed&) {
        return lookup::damaged;
      }
    case type_kind::box: {
      const auto& value = type_.parameters[0];
      const auto at = r.shape[0].load(std::memory_order_relaxed);
      if (at % 8 != 0 || !img.holds(at, align_up(value.bytes, 8)) ||
          !decode_at(img, value, at, words, into.value)) {
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

result<dynamic_object::reading, read_error> dynamic_object::read(
    range part) const {
  if (!engine_->usable()) return unexpected{read_error::detached};
  reading copied;
  // A long copy beside a busy writer may never be undisturbed; after a few
  // looks a guard holds the writer off, if this process can have one.
  constexpr int looks = 8;
  for (int i = 0; i < looks; ++i) {
    const auto outcome =
        memory::under_sequence(root(), [&] { return look(part, copied); });
    if (outcome == lookup::found) return copied;
    if (outcome == lookup::removed) return unexpected{read_error::removed};
    if (outcome == lookup::damaged) return unexpected{read_error::damaged};
    platform::cpu_relax();
  }
  if (!engine_->writable()) {
    auto outcome = read_whole([&] { return look(part, copied); });
    if (!outcome) return unexpected{outcome.error()};
    return copied;
  }
  const auto held = guard();
  if (!held) return unexpected{held.error()};
  if (look(part, copied) != lookup::found) {
    return unexpected{read_error::damaged};
  }
  return copied;
}

result<dynamic_value, read_error> dynamic_object::get(
    std::string_view key) const {
  if (!engine_->usable()) return unexpected{read_error::detached};
  if (type_.kind == type_kind::btree_map) return get_from_tree(key);
  if (type_.kind != type_kind::hash_map) return unexpected{read_error::absent};
  memory::table_key sought;
  if (type_.parameters[0].kind == type_kind::text) {
    sought.text = key;
  } else if (const auto bits = key_bits(type_.parameters[0], key)) {
    sought.bits = *bits;
  } else {
    return unexpected{read_error::absent};
  }
  const memory::hash_table<dynamic_slots> table{engine_->img(), root_at_,
                                                dynamic_slots::of(type_)};
  const auto value_at = dynamic_slots::of(type_).slots.value_at;
  dynamic_value found;
  auto outcome = read_with([&](bool own) {
    return table.find(
        generation_, sought,
        [&](const std::uint64_t* words) {
          return decode(engine_->img(), type_.parameters[1],
                        reinterpret_cast<const std::byte*>(words) + value_at,
                        found);
        },
        own);
  });
  if (!outcome) return unexpected{outcome.error()};
  return found;
}

result<dynamic_value, read_error> dynamic_object::get_from_tree(
    std::string_view key) const {
  const auto& key_type = type_.parameters[0];
  std::uint64_t bits = 0;
  dynamic_order::key sought;
  if (key_type.kind == type_kind::text) {
    sought.text = key;
  } else if (const auto said =
                 is_key(key_type) ? key_bits(key_type, key) : std::nullopt) {
    bits = *said;
    sought.bytes = reinterpret_cast<const std::byte*>(&bits);
  } else {
    return unexpected{read_error::absent};
  }
  const dynamic_tree tree{engine_->img(), root_at_, dynamic_order::of(type_)};
  dynamic_value found;
  auto outcome = read_with([&](bool own) {
    return tree.find(
        generation_, memory::seek::equal, sought,
        [&](const std::uint64_t*, const std::uint64_t* words) {
          return decode(engine_->img(), type_.parameters[1],
                        reinterpret_cast<const std::byte*>(words), found);
        },
        own);
  });
  if (!outcome) return unexpected{outcome.error()};
  return found;
}

}  // namespace commy
