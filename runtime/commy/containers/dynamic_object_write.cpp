#include <commy/containers/dynamic_object.hpp>
#include <commy/containers/encode_content.hpp>
#include <commy/containers/encode_value.hpp>

#include <algorithm>

namespace commy {

using enum type_kind;

result<void, write_error> dynamic_object::has(
    std::string_view operation, std::initializer_list<type_kind> kinds) const {
  if (std::ranges::find(kinds, type_.kind) == kinds.end()) {
    return unexpected{write_error::wrong_type,
                      std::string{operation} + ": " + line_ + " has no such"};
  }
  if (!is_storable(type_)) {
    return unexpected{
        write_error::wrong_type,
        std::string{operation} + ": no program could store a " + line_};
  }
  return {};
}

template <class Edit>
auto dynamic_object::edit(Edit&& by) {
  return change([&](transaction& txn) {
    return by(content_writer{txn, root_at_, type_});
  });
}

result<void, write_error> dynamic_object::assign(const dynamic_value& content) {
  auto good = has("assign", {box, text, hash_map, vec_deque, vec, hash_set,
                             btree_map, btree_set});
  if (good) good = check_value(type_, content, {});
  if (!good) return good;
  return edit([&](content_writer to) { to.assign(content); });
}

result<void, write_error> dynamic_object::clear() {
  if (auto good = has("clear", {text, hash_map, vec_deque, vec, hash_set,
                                btree_map, btree_set});
      !good) {
    return good;
  }
  return edit([&](content_writer to) { to.clear(); });
}

result<bool, write_error> dynamic_object::insert_or_assign(
    const dynamic_value& key, const dynamic_value& value) {
  auto good = has("insert_or_assign", {hash_map, btree_map});
  if (good) good = check_key(type_.parameters[0], key, "key");
  if (good) good = check_value(type_.parameters[1], value, {});
  if (!good) return unexpected{good.error()};
  return edit([&](content_writer to) { return to.put(key, &value); });
}

result<bool, write_error> dynamic_object::insert(const dynamic_value& element) {
  auto good = has("insert", {hash_set, btree_set});
  if (good) good = check_key(type_.parameters[0], element, {});
  if (!good) return unexpected{good.error()};
  return edit([&](content_writer to) { return to.put(element, nullptr); });
}

result<bool, write_error> dynamic_object::insert(std::uint64_t index,
                                                 const dynamic_value& value) {
  auto good = has("insert at an index", {vec});
  if (good) good = check_value(type_.element(), value, {});
  if (!good) return unexpected{good.error()};
  return edit(
      [&](content_writer to) { return to.insert_element(index, value); });
}

result<bool, write_error> dynamic_object::set(std::uint64_t index,
                                              const dynamic_value& value) {
  auto good = has("set", {vec, vec_deque});
  if (good) good = check_value(type_.element(), value, {});
  if (!good) return unexpected{good.error()};
  return edit([&](content_writer to) { return to.set_element(index, value); });
}

result<bool, write_error> dynamic_object::erase(const dynamic_value& key) {
  auto good = has("erase", {vec, hash_map, hash_set, btree_map, btree_set});
  if (!good) return unexpected{good.error()};
  if (type_.kind == vec) {
    const auto index = index_of(key);
    if (!index) {
      return unexpected{write_error::wrong_type, "key: wanted an index"};
    }
    return edit([&](content_writer to) { return to.erase_element(*index); });
  }
  good = check_key(type_.parameters[0], key, "key");
  if (!good) return unexpected{good.error()};
  return edit([&](content_writer to) { return to.erase_key(key); });
}

result<void, write_error> dynamic_object::push(const dynamic_value& value,
                                               bool front) {
  if (auto good = check_value(type_.element(), value, {}); !good) return good;
  return edit([&](content_writer to) { to.push(value, front); });
}

result<void, write_error> dynamic_object::push_back(
    const dynamic_value& value) {
  if (auto good = has("push_back", {vec, vec_deque}); !good) return good;
  return push(value, false);
}

result<void, write_error> dynamic_object::push_front(
    const dynamic_value& value) {
  if (auto good = has("push_front", {vec_deque}); !good) return good;
  return push(value, true);
}

result<std::optional<dynamic_value>, write_error> dynamic_object::pop(
    bool front) {
  return edit([&](content_writer to) { return to.pop(front); });
}

result<std::optional<dynamic_value>, write_error> dynamic_object::pop_back() {
  if (auto good = has("pop_back", {vec, vec_deque}); !good) {
    return unexpected{good.error()};
  }
  return pop(false);
}

result<std::optional<dynamic_value>, write_error> dynamic_object::pop_front() {
  if (auto good = has("pop_front", {vec_deque}); !good) {
    return unexpected{good.error()};
  }
  return pop(true);
}

}  // namespace commy
