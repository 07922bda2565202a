// commy/containers/dynamic_object.hpp: any object, read by its descriptor.
#pragma once

#include <commy/containers/dynamic_value.hpp>
#include <commy/containers/object_handle.hpp>
#include <commy/containers/type_tree.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace commy {

class segment;

/// An object opened by name alone, without its C++ type: its descriptor in the
/// segment says how to read it. The same algorithms serve the typed handles.
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

  /// Which part of a queue or vector to read; of a map or set, at most how many
  /// entries.
  struct range {
    std::uint64_t from = 0;
    std::uint64_t count = 100'000;
  };
  /// What a reading found, as of one moment.
  struct reading {
    dynamic_value value;
    /// The object's version at that moment; for `wait_for_change`.
    std::uint64_t version = 0;
    /// For a queue: position of its first and behind its last element, counted
    /// up for ever, so that two readings can be compared. Else: 0 and the
    /// number of entries.
    std::uint64_t first = 0;
    std::uint64_t last = 0;
  };
  /// A copy of the object's content: of a box its value, of a text the text, of
  /// a map a record, of a queue, vector or set a list; of a map whose keys are
  /// structs a list of records {key, value}. Lock-free unless a writer keeps
  /// changing it; then, where writing is allowed, under a read guard.
  [[nodiscard]] result<reading, read_error> read(range part) const;
  [[nodiscard]] result<reading, read_error> read() const { return read({}); }
  /// The value under one key of a map; the key as text.
  [[nodiscard]] result<dynamic_value, read_error> get(
      std::string_view key) const;

private:
  dynamic_object(std::shared_ptr<memory::engine> engine,
                 memory::object_place place, type_tree type, std::string line)
      : object_handle{std::move(engine), place},
        type_{std::move(type)},
        line_{std::move(line)} {}

  [[nodiscard]] memory::lookup look(const range& part, reading& into) const;
  [[nodiscard]] memory::lookup look_at_map(const range& part,
                                           reading& into) const;
  [[nodiscard]] memory::lookup look_at_queue(const range& part,
                                             reading& into) const;
  [[nodiscard]] memory::lookup look_at_vec(const range& part,
                                           reading& into) const;
  [[nodiscard]] memory::lookup look_at_tree(const range& part,
                                            reading& into) const;
  [[nodiscard]] result<dynamic_value, read_error> get_from_tree(
      std::string_view key) const;
  [[nodiscard]] memory::lookup look_at_hash_set(const range& part,
                                                reading& into) const;

  type_tree type_;
  std::string line_;
};

}  // namespace commy
