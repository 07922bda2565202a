// commy/containers/detail/encode_vec.hpp: writing vectors by their descriptors.
#pragma once

#include <commy/containers/dynamic_value.hpp>
#include <commy/containers/type_tree.hpp>
#include <commy/memory/change_ring.hpp>
#include <commy/memory/transaction.hpp>
#include <commy/memory/vec_block.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace commy::detail {

/// Changes of a vector, whose elements are bytes here. Whatever moves elements
/// builds them aside.
class vec_writer {
public:
  vec_writer(transaction& txn, memory::offset root_at, const type_tree& type)
      : txn_{txn},
        object_{&txn.img().root_at(root_at)},
        element_{type.parameters[0]},
        shape_{memory::vec_block::of(element_.bytes)} {}

  bool set(std::uint64_t index, const dynamic_value& value);
  bool insert(std::uint64_t index, const dynamic_value& value);
  bool erase(std::uint64_t index);
  void push_back(const dynamic_value& value);
  [[nodiscard]] std::optional<dynamic_value> pop_back();
  void assign(const dynamic_value::list& values);

private:
  using cells = std::vector<std::byte>;

  [[nodiscard]] memory::vec_state checked() const;
  [[nodiscard]] cells load(const memory::vec_state& s, std::uint64_t from,
                           std::uint64_t count) const;
  [[nodiscard]] cells encoded(const dynamic_value& value) const;
  void touch(const memory::vec_state& s, std::uint64_t index) const;
  void drop(const std::byte* cell) const;
  /// The capacity for one element more than there is room for.
  [[nodiscard]] std::uint64_t grown(const memory::vec_state& s) const noexcept {
    return shape_.grown(txn_.img().sizes(), s.capacity, s.size + 1);
  }
  /// All elements become these, in a new block.
  void become(const memory::vec_state& old, const cells& all,
              std::uint64_t capacity) const;

  transaction& txn_;
  memory::root* object_;
  const type_tree& element_;
  memory::vec_block shape_;
};

}  // namespace commy::detail
