// tests/support/dynamic_faces.hpp: a world's objects, changed by descriptor.
#pragma once

#include "test_folder.hpp"
#include "worlds.hpp"
#include <commy/containers/dynamic_object.hpp>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace commy::test {

/// A segment with one object, seen by type and by descriptor.
struct opened {
  test_folder folder;
  segment home = must(segment::create("s", in_folder(folder)));
  template <class Container>
  Container make() {
    return must(home.create<Container>("held"));
  }
  [[nodiscard]] dynamic_object seen() const {
    return must(dynamic_object::open(home, "held"));
  }
};

/// A C++ value as the dynamic face has it.
inline dynamic_value value_of(std::int64_t n) { return {n}; }
inline dynamic_value value_of(int n) { return {std::int64_t{n}}; }
inline dynamic_value value_of(const std::string& text) { return {text}; }
inline dynamic_value value_of(const char* text) { return {std::string{text}}; }
inline dynamic_value value_of(const sample& s) {
  return {dynamic_value::record{{"at", value_of(s.at)},
                                {"value", value_of(s.value)}}};
}
inline dynamic_value value_of(const point& p) {
  const auto* const end =
      static_cast<const char*>(std::memchr(p.name, 0, sizeof p.name));
  return {dynamic_value::record{
      {"x", {p.x}},
      {"y", value_of(p.y)},
      {"name",
       {std::string{p.name, end == nullptr ? p.name + sizeof p.name : end}}}}};
}
template <class T>
dynamic_value value_of(const std::vector<T>& items);
template <class K, class V>
dynamic_value value_of(const std::vector<std::pair<K, V>>& entries) {
  dynamic_value::list made;
  for (const auto& [key, value] : entries) {
    made.push_back({dynamic_value::record{{"key", value_of(key)},
                                          {"value", value_of(value)}}});
  }
  return {std::move(made)};
}
template <class T>
dynamic_value value_of(const std::vector<T>& items) {
  dynamic_value::list made;
  for (const auto& item : items)
    made.push_back(value_of(item));
  return {std::move(made)};
}

/// One object with the members of the typed handles and of their twins in std.
struct dynamic_face {
  dynamic_object object;

  template <class K, class V>
  auto insert_or_assign(const K& key, const V& value) {
    return object.insert_or_assign(value_of(key), value_of(value));
  }
  template <class T>
  auto insert(const T& element) {
    return object.insert(value_of(element));
  }
  template <class T>
  auto insert(int index, const T& value) {
    return object.insert(static_cast<std::uint64_t>(index), value_of(value));
  }
  template <class T>
  auto set(std::size_t index, const T& value) {
    return object.set(index, value_of(value));
  }
  template <class T>
  auto set(const T& value) {
    return object.assign(value_of(value));
  }
  template <class K>
  auto erase(const K& key) {
    return object.erase(value_of(key));
  }
  template <class T>
  auto push_back(const T& value) {
    return object.push_back(value_of(value));
  }
  template <class T>
  auto push_front(const T& value) {
    return object.push_front(value_of(value));
  }
  auto pop_back() { return object.pop_back(); }
  auto pop_front() { return object.pop_front(); }
  auto clear() { return object.clear(); }
  template <class Content>
  auto assign(const Content& content) {
    return object.assign(value_of(content));
  }
  template <class K>
  dynamic_face at(const K& key) const {
    return {must(object.at(value_of(key)))};
  }
};

struct dynamic_faces {
  dynamic_face texts, numbers, queue, box, text, list, words, ordered, index,
      members, groups, deep;
};

/// One of a world's objects by descriptor; of a model its own member.
template <class Member>
Member& seen(model_world& /*w*/, Member& member, const char* /*name*/) {
  return member;
}
template <class Member>
dynamic_face seen(shared_world& w, Member& /*member*/, const char* name) {
  return {must(dynamic_object::open(w.home, name))};
}

/// The same operations by descriptor; of a model the model itself.
inline model_world& by_descriptor(model_world& w) { return w; }
inline dynamic_faces by_descriptor(shared_world& w) {
  const auto face = [&](const char* name) {
    return dynamic_face{must(dynamic_object::open(w.home, name))};
  };
  return {face("texts"), face("numbers"), face("queue"),  face("box"),
          face("text"),  face("list"),    face("words"),  face("ordered"),
          face("index"), face("members"), face("groups"), face("deep")};
}

}  // namespace commy::test
