#include <commy/containers/detail/encode_table.hpp>
#include <commy/containers/encode_value.hpp>

#include <algorithm>
#include <cstring>

namespace commy::detail {
namespace {

std::byte* bytes_of(std::uint64_t* words) {
  return reinterpret_cast<std::byte*>(words);
}

/// {"key": ..., "value": ...} and nothing else.
bool take_pair(const dynamic_value& from, entry_list& into) {
  const auto* const record = std::get_if<dynamic_value::record>(&from.held);
  if (record == nullptr || record->size() != 2) return false;
  const auto* const key = field_of(*record, "key");
  const auto* const value = field_of(*record, "value");
  if (key == nullptr || value == nullptr) return false;
  into.emplace_back(*key, value);
  return true;
}

}  // namespace

bool list_entries(const type_tree& type, const dynamic_value& content,
                  entry_list& into) {
  const bool is_map =
      type.kind == type_kind::hash_map || type.kind == type_kind::btree_map;
  if (const auto* list = std::get_if<dynamic_value::list>(&content.held)) {
    into.reserve(list->size());
    if (is_map) {
      return std::ranges::all_of(
          *list, [&](const auto& item) { return take_pair(item, into); });
    }
    for (const auto& item : *list)
      into.emplace_back(item, nullptr);
    return true;
  }
  const auto* record = std::get_if<dynamic_value::record>(&content.held);
  if (record == nullptr || !is_map || !is_key(type.parameters[0])) return false;
  into.reserve(record->size());
  for (const auto& [name, value] : *record)
    into.emplace_back(dynamic_value{name}, &value);
  return true;
}

std::string key_bytes(const type_tree& type, const dynamic_value& key) {
  if (type.kind == type_kind::text) return std::get<std::string>(key.held);
  std::string bytes(type.bytes, '\0');
  encode_key(type, key, reinterpret_cast<std::byte*>(bytes.data()));
  return bytes;
}

bool key_before(const type_tree& type, const std::string& a,
                const std::string& b) noexcept {
  if (type.kind == type_kind::text) return a < b;
  return compare_values(type, reinterpret_cast<const std::byte*>(a.data()),
                        reinterpret_cast<const std::byte*>(b.data())) < 0;
}

memory::table_key table_key_of(const type_tree& type,
                               const dynamic_value& key) {
  memory::table_key made;
  if (type.kind == type_kind::text) {
    made.text = std::get<std::string>(key.held);
  } else {
    encode_key(type, key, bytes_of(&made.bits));
  }
  return made;
}

tree_key::tree_key(const type_tree& type, const dynamic_value& key) {
  if (type.kind == type_kind::text) {
    sought_.text = std::get<std::string>(key.held);
  } else {
    encode_key(type, key, bytes_of(words_.data()));
    sought_.bytes = bytes_of(words_.data());
  }
}

void table_writer::fill_value(std::uint64_t* words,
                              const dynamic_value& value) const {
  const auto& value_type = type_.parameters[1];
  auto* const at = bytes_of(words) + dynamic_slots::of(type_).slots.value_at;
  // What lies between fields is of no value, but the same every time.
  std::memset(at, 0, value_type.bytes);
  encode(txn_, value_type, value, at);
}

void table_writer::fill(std::uint64_t* words, const dynamic_value& key,
                        const dynamic_value* value) const {
  const auto& key_type = type_.parameters[0];
  if (key_type.kind == type_kind::text) {
    encode(txn_, key_type, key, bytes_of(words));
  } else {
    encode_key(key_type, key, bytes_of(words));
  }
  if (value != nullptr) fill_value(words, *value);
}

bool table_writer::put(const dynamic_value& key, const dynamic_value* value) {
  std::array<std::uint64_t, memory::hash_slots::stride_max / 8> words{};
  const auto place = view_.locate(table_key_of(type_.parameters[0], key));
  if (place.group == 0) {
    fill(words.data(), key, value);
    view_.insert(txn_, table_key_of(type_.parameters[0], key), words.data());
    return true;
  }
  if (value != nullptr) {
    view_.load_slot(place, words.data());
    fill_value(words.data(), *value);
    view_.replace_value(txn_, place, words.data());
  }
  return false;
}

bool table_writer::erase(const dynamic_value& key) {
  const auto place = view_.locate(table_key_of(type_.parameters[0], key));
  if (place.group == 0) return false;
  view_.erase(txn_, place);
  return true;
}

void table_writer::assign(const entry_list& entries) {
  view_.clear(txn_);
  if (entries.empty()) return;
  const auto stride = dynamic_slots::of(type_).slots.stride_words();
  std::vector<std::uint64_t> added(entries.size() * stride);
  auto* at = added.data();
  for (const auto& [key, value] : entries) {
    fill(at, key, value);
    at += stride;
  }
  view_.rebuild(txn_, [](const std::uint64_t*) { return false; }, added);
}

void tree_writer::fill_key(key_words& words, const dynamic_value& key) const {
  const auto& key_type = type_.parameters[0];
  if (key_type.kind == type_kind::text) {
    encode(txn_, key_type, key, bytes_of(words.data()));
  } else {
    encode_key(key_type, key, bytes_of(words.data()));
  }
}

void tree_writer::fill_value(value_words& words,
                             const dynamic_value* value) const {
  if (value == nullptr) return;
  encode(txn_, type_.parameters[1], *value, bytes_of(words.data()));
}

bool tree_writer::put(const dynamic_value& key, const dynamic_value* value) {
  auto at = locate(key);
  value_words values{};
  if (at.there) {
    if (value == nullptr) return false;
    fill_value(values, value);
    view_.replace_value(txn_, at, values.data());
    return false;
  }
  key_words keys{};
  fill_value(values, value);
  fill_key(keys, key);
  view_.insert(txn_, at, keys.data(), values.data());
  return true;
}

bool tree_writer::erase(const dynamic_value& key) {
  auto at = locate(key);
  if (!at.there) return false;
  view_.erase(txn_, at);
  return true;
}

void tree_writer::clear() {
  if (view_.size() == 0) return;
  view_.rebuild(txn_, true,
                [](std::uint64_t*, std::uint64_t*) { return false; });
}

void tree_writer::assign(const entry_list& entries) {
  if (entries.empty()) return clear();
  const auto& key_type = type_.parameters[0];
  std::vector<std::pair<std::string, std::size_t>> order;
  order.reserve(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i)
    order.emplace_back(key_bytes(key_type, entries[i].first), i);
  std::ranges::sort(order, [&](const auto& a, const auto& b) {
    return key_before(key_type, a.first, b.first);
  });
  auto next = order.begin();
  view_.rebuild(txn_, true, [&](std::uint64_t* keys, std::uint64_t* values) {
    if (next == order.end()) return false;
    const auto& [key, value] = entries[(next++)->second];
    key_words made_key{};
    value_words made_value{};
    fill_key(made_key, key);
    fill_value(made_value, value);
    const auto& nodes = dynamic_order::of(type_).shape;
    std::copy_n(made_key.begin(), nodes.key_words(), keys);
    std::copy_n(made_value.begin(), nodes.value_words(), values);
    return true;
  });
}

}  // namespace commy::detail
