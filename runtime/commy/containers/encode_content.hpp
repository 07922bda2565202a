// commy/containers/encode_content.hpp: changing a container by its descriptor.
#pragma once

#include <commy/containers/dynamic_value.hpp>
#include <commy/containers/type_tree.hpp>
#include <commy/memory/nested_cell.hpp>
#include <commy/memory/transaction.hpp>
#include <commy/memory/write_error.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace commy {

/// Whether `value` can be all of a container's content, in the shape in which
/// reading shows it: of maps a record (or a list of records {key, value}, which
/// is the only shape where keys are structs), of the others a list. No key
/// twice. Fails with `wrong_type` and the path.
[[nodiscard]] result<void, write_error> check_content(
    const type_tree& type, const dynamic_value& value,
    const std::string& where);

/// A new container with this content, which nothing leads to yet. Requires: the
/// content was checked. Throws as `transaction::take`.
[[nodiscard]] memory::nested_cell make_nested(transaction& txn,
                                              const type_tree& type,
                                              const dynamic_value& content);

/// Changes of one container, inside a transaction that holds its lock: hashes,
/// orders, logs and notes as its typed handle does. Values and keys were
/// checked. Throws `write_failed`.
class content_writer {
public:
  content_writer(transaction& txn, memory::offset root_at,
                 const type_tree& type) noexcept
      : txn_{txn}, root_at_{root_at}, type_{type} {}

  /// Becomes this content. Of a box its value, of a text the text.
  void assign(const dynamic_value& content);
  /// Of all but boxes.
  void clear();

  /// Of maps and sets. True if the key is new; else a map's value is replaced.
  bool put(const dynamic_value& key, const dynamic_value* value);
  bool erase_key(const dynamic_value& key);

  /// Of vectors and queues; false when there is no such element.
  bool set_element(std::uint64_t index, const dynamic_value& value);
  /// Of vectors.
  bool insert_element(std::uint64_t index, const dynamic_value& value);
  bool erase_element(std::uint64_t index);
  /// The end is the front of queues alone.
  void push(const dynamic_value& value, bool front);
  [[nodiscard]] std::optional<dynamic_value> pop(bool front);

private:
  [[nodiscard]] memory::root& root() const noexcept {
    return txn_.img().root_at(root_at_);
  }
  void assign_text(const std::string& text);
  void assign_box(const dynamic_value& value);

  transaction& txn_;
  memory::offset root_at_;
  const type_tree& type_;
};

}  // namespace commy
