// commy/containers/dynamic_object.hpp: any object, by its descriptor alone.
#pragma once

#include <commy/containers/decode_content.hpp>
#include <commy/containers/dynamic_value.hpp>
#include <commy/containers/object_handle.hpp>
#include <commy/containers/type_tree.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace commy {

class segment;

/// An object opened by name alone, without its C++ type: its descriptor in the
/// segment says how to read and change it. The same bytes, hashes, orders,
/// locks and change logs as by a typed handle; changes join an open `transact`,
/// and each alone is a transaction.
///
/// What is written is checked before anything is locked. A value that does not
/// fit, or an operation that this kind of object has not, is `wrong_type` with
/// the path to what is wrong (".items[3].price: wanted f64, found a text of 2
/// bytes"). Values look as reading shows them. Integers stand for real numbers,
/// and texts of digits for integer keys; nothing else is converted.
///
/// Cost: beside the typed handle's a walk through the value, and memory for it;
/// `insert` and `erase` in vectors copy the whole vector.
class dynamic_object : public object_handle {
public:
  /// Fails with `not_found`, or `damaged` when the descriptor makes no sense.
  static result<dynamic_object, open_error> open(const segment& in,
                                                 std::string_view name);
  static result<dynamic_object, open_error> open(
      const std::shared_ptr<memory::engine>& engine, std::string_view name);

  [[nodiscard]] const type_tree& type() const noexcept { return type_; }
  /// The descriptor as it stands in the segment.
  [[nodiscard]] const std::string& type_line() const noexcept { return line_; }

  using range = content_part;
  /// What a reading found, as of one moment.
  /// Of a queue `first` and `last` are the positions of its first and behind
  /// its last element, counted up for ever, so that two readings can be
  /// compared; else 0 and the number of entries.
  struct reading : content_reading {
    /// The object's version at that moment; for `wait_for_change`.
    std::uint64_t version = 0;
  };
  /// A copy of the object's content: of a box its value, of a text the text, of
  /// a map a record, of a queue, vector or set a list; of a map whose keys are
  /// structs a list of records {key, value}. What nests is read with it, of
  /// each container at most 100,000 elements. Lock-free unless a writer keeps
  /// changing it; then, where writing is allowed, under a read guard.
  [[nodiscard]] result<reading, read_error> read(range part) const;
  [[nodiscard]] result<reading, read_error> read() const { return read({}); }
  /// The value under one key of a map; `absent` also for a key of another type.
  [[nodiscard]] result<dynamic_value, read_error> get(
      const dynamic_value& key) const;
  /// The same with a key as text.
  [[nodiscard]] result<dynamic_value, read_error> get(
      std::string_view key) const {
    return get(dynamic_value{std::string{key}});
  }
  /// A handle to the container nested under a key of a map, or at an index of a
  /// vector; `absent` when there is none, or nothing nests in this object.
  [[nodiscard]] result<dynamic_object, read_error> at(
      const dynamic_value& key) const;

  /// Becomes this content: of a box the value, of a text the text.
  result<void, write_error> assign(const dynamic_value& content);
  /// Of all but boxes.
  result<void, write_error> clear();

  /// Maps: sets the value under `key`. True if the key is new.
  result<bool, write_error> insert_or_assign(const dynamic_value& key,
                                             const dynamic_value& value);
  /// Sets: adds an element. True if it is new.
  result<bool, write_error> insert(const dynamic_value& element);
  /// Vectors: puts an element before element `index`, or behind the last one.
  /// False when `index` is beyond that.
  result<bool, write_error> insert(std::uint64_t index,
                                   const dynamic_value& value);
  /// Vectors and queues: replaces element `index`. False when there is none.
  result<bool, write_error> set(std::uint64_t index,
                                const dynamic_value& value);
  /// Maps and sets: removes a key; vectors: element `key`, an integer. False
  /// when there is none.
  result<bool, write_error> erase(const dynamic_value& key);

  /// Vectors and queues; the front is of queues alone.
  result<void, write_error> push_back(const dynamic_value& value);
  result<void, write_error> push_front(const dynamic_value& value);
  /// Nothing when it is empty.
  result<std::optional<dynamic_value>, write_error> pop_back();
  result<std::optional<dynamic_value>, write_error> pop_front();

private:
  dynamic_object(std::shared_ptr<memory::engine> engine,
                 memory::object_place place, type_tree type, std::string line)
      : object_handle{std::move(engine), place},
        type_{std::move(type)},
        line_{std::move(line)} {}

  /// Refuses what only other kinds of objects have.
  [[nodiscard]] result<void, write_error> has(
      std::string_view operation, std::initializer_list<type_kind> kinds) const;
  template <class Edit>
  auto edit(Edit&& by);
  result<void, write_error> push(const dynamic_value& value, bool front);
  result<std::optional<dynamic_value>, write_error> pop(bool front);

  [[nodiscard]] memory::lookup look(const range& part, reading& into) const;
  template <class Look>
  [[nodiscard]] result<void, read_error> find_value(Look&& look) const;
  /// Is it a map, and `key` one of its keys' type?
  [[nodiscard]] bool can_be_key(const dynamic_value& key) const;
  template <class Found>
  [[nodiscard]] memory::lookup look_at_key(const dynamic_value& key, bool own,
                                           Found&& found) const;

  type_tree type_;
  std::string line_;
};

}  // namespace commy
