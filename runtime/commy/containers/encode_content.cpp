#include <commy/containers/detail/encode_queue.hpp>
#include <commy/containers/detail/encode_table.hpp>
#include <commy/containers/detail/encode_vec.hpp>
#include <commy/containers/encode_content.hpp>
#include <commy/containers/encode_value.hpp>
#include <commy/memory/change_ring.hpp>
#include <commy/memory/text_cell.hpp>
#include <commy/memory/trash.hpp>
#include <commy/platform/liveness.hpp>

#include <algorithm>
#include <cstring>

namespace commy {
namespace {

using detail::entry_list;

bool is_table(const type_tree& type) {
  return type.kind == type_kind::hash_map || type.kind == type_kind::hash_set;
}

bool has_keys(const type_tree& type) {
  return is_table(type) || type.kind == type_kind::btree_map ||
         type.kind == type_kind::btree_set;
}

result<void, write_error> check_entries(const type_tree& type,
                                        const entry_list& entries,
                                        const std::string& where) {
  const auto& key_type = type.parameters[0];
  std::vector<std::string> keys;
  keys.reserve(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto& [key, value] = entries[i];
    const auto* const text = std::get_if<std::string>(&key.held);
    const auto at = text != nullptr && value != nullptr
                        ? where + "." + text->substr(0, 40)
                        : where + "[" + std::to_string(i) + "]";
    if (auto fits = check_key(key_type, key, at); !fits) return fits;
    if (value != nullptr) {
      if (auto fits = check_value(type.parameters[1], *value, at); !fits) {
        return fits;
      }
    }
    keys.push_back(detail::key_bytes(key_type, key));
  }
  std::ranges::sort(keys, [&](const auto& a, const auto& b) {
    return detail::key_before(key_type, a, b);
  });
  const auto twice =
      std::ranges::adjacent_find(keys, [&](const auto& a, const auto& b) {
        return !detail::key_before(key_type, a, b);
      });
  if (twice == keys.end()) return {};
  return misfit(where, "each key once", "one twice");
}

}  // namespace

result<void, write_error> check_content(const type_tree& type,
                                        const dynamic_value& value,
                                        const std::string& where) {
  if (has_keys(type)) {
    entry_list entries;
    if (detail::list_entries(type, value, entries)) {
      return check_entries(type, entries, where);
    }
  } else if (const auto* list = std::get_if<dynamic_value::list>(&value.held)) {
    for (std::size_t i = 0; i < list->size(); ++i) {
      auto fits = check_value(type.parameters[0], (*list)[i],
                              where + "[" + std::to_string(i) + "]");
      if (!fits) return fits;
    }
    return {};
  }
  return misfit(where, type_words(type), "something else");
}

memory::nested_cell make_nested(transaction& txn, const type_tree& type,
                                const dynamic_value& content) {
  const auto place = memory::take_root(txn);
  auto& object = txn.img().root_at(place.root);
  // As each typed container's `initialise`. relaxed: nothing leads to it yet.
  if (is_table(type)) {
    object.shape[2].store(platform::random_u64(), std::memory_order_relaxed);
  } else if (type.kind == type_kind::vec_deque) {
    for (std::size_t end = 0; end < 2; ++end) {
      object.motion[end].store(std::uint64_t{1} << 62U,
                               std::memory_order_relaxed);
    }
  }
  // No change log tells of what nothing leads to.
  const auto about = txn.subject();
  txn.set_subject({about.outermost, about.level + 1, true});
  content_writer{txn, place.root, type}.assign(content);
  txn.set_subject(about);
  return {{place.root, place.generation}};
}

void content_writer::assign(const dynamic_value& content) {
  switch (type_.kind) {
    case type_kind::hash_map:
    case type_kind::hash_set:
    case type_kind::btree_map:
    case type_kind::btree_set: {
      entry_list entries;
      static_cast<void>(detail::list_entries(type_, content, entries));
      if (is_table(type_)) {
        detail::table_writer{txn_, root_at_, type_}.assign(entries);
      } else {
        detail::tree_writer{txn_, root_at_, type_}.assign(entries);
      }
      break;
    }
    case type_kind::vec:
      detail::vec_writer{txn_, root_at_, type_}.assign(
          std::get<dynamic_value::list>(content.held));
      break;
    case type_kind::vec_deque:
      detail::queue_writer{txn_, root_at_, type_}.assign(
          std::get<dynamic_value::list>(content.held));
      break;
    case type_kind::text:
      assign_text(std::get<std::string>(content.held));
      break;
    case type_kind::box:
      assign_box(content);
      break;
    default:
      throw memory::write_failed{write_error::damaged};
  }
}

void content_writer::assign_text(const std::string& text) {
  auto& object = root();
  const memory::text_cell old{
      {object.motion[0].load(std::memory_order_relaxed),
       object.motion[1].load(std::memory_order_relaxed)}};
  const auto cell = memory::make_text(txn_, text);
  txn_.touch(object.sequence);
  txn_.store(object.motion[0], cell.words[0]);
  txn_.store(object.motion[1], cell.words[1]);
  memory::drop_text(txn_, old);
  memory::note_whole(txn_, object);
}

void content_writer::assign_box(const dynamic_value& value) {
  const auto& type = type_.parameters[0];
  const std::uint64_t words = (type.bytes + 7) / 8;
  const auto at = root().shape[0].load(std::memory_order_relaxed);
  if (at % 8 != 0 || !txn_.img().holds(at, 8 * words)) {
    throw memory::write_failed{write_error::damaged};
  }
  std::vector<std::uint64_t> copied(words);
  encode_plain(type, value, reinterpret_cast<std::byte*>(copied.data()));
  txn_.touch(root().sequence);
  txn_.save(at, words);
  for (std::uint64_t i = 0; i < words; ++i)
    txn_.img().word(at + 8 * i).store(copied[i], std::memory_order_relaxed);
  memory::note_whole(txn_, root());
}

void content_writer::clear() {
  switch (type_.kind) {
    case type_kind::hash_map:
    case type_kind::hash_set:
      return detail::table_writer{txn_, root_at_, type_}.clear();
    case type_kind::btree_map:
    case type_kind::btree_set:
      return detail::tree_writer{txn_, root_at_, type_}.clear();
    case type_kind::vec:
      return detail::vec_writer{txn_, root_at_, type_}.assign({});
    case type_kind::vec_deque:
      return detail::queue_writer{txn_, root_at_, type_}.clear();
    default:
      return assign_text({});
  }
}

bool content_writer::put(const dynamic_value& key, const dynamic_value* value) {
  return is_table(type_)
             ? detail::table_writer{txn_, root_at_, type_}.put(key, value)
             : detail::tree_writer{txn_, root_at_, type_}.put(key, value);
}

bool content_writer::erase_key(const dynamic_value& key) {
  return is_table(type_)
             ? detail::table_writer{txn_, root_at_, type_}.erase(key)
             : detail::tree_writer{txn_, root_at_, type_}.erase(key);
}

bool content_writer::set_element(std::uint64_t index,
                                 const dynamic_value& value) {
  return type_.kind == type_kind::vec
             ? detail::vec_writer{txn_, root_at_, type_}.set(index, value)
             : detail::queue_writer{txn_, root_at_, type_}.set(index, value);
}

bool content_writer::insert_element(std::uint64_t index,
                                    const dynamic_value& value) {
  return detail::vec_writer{txn_, root_at_, type_}.insert(index, value);
}

bool content_writer::erase_element(std::uint64_t index) {
  return detail::vec_writer{txn_, root_at_, type_}.erase(index);
}

void content_writer::push(const dynamic_value& value, bool front) {
  if (type_.kind == type_kind::vec) {
    detail::vec_writer{txn_, root_at_, type_}.push_back(value);
  } else {
    detail::queue_writer{txn_, root_at_, type_}.push(value, front);
  }
}

std::optional<dynamic_value> content_writer::pop(bool front) {
  return type_.kind == type_kind::vec
             ? detail::vec_writer{txn_, root_at_, type_}.pop_back()
             : detail::queue_writer{txn_, root_at_, type_}.pop(front);
}

}  // namespace commy
