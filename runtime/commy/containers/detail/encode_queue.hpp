// commy/containers/detail/encode_queue.hpp: writing queues by their
// descriptors.
#pragma once

#include <commy/containers/dynamic_value.hpp>
#include <commy/containers/type_tree.hpp>
#include <commy/memory/change_ring.hpp>
#include <commy/memory/transaction.hpp>

#include <cstdint>
#include <optional>

namespace commy::detail {

/// Changes of a queue.
class queue_writer {
public:
  queue_writer(transaction& txn, memory::offset root_at, const type_tree& type)
      : txn_{txn},
        object_{&txn.img().root_at(root_at)},
        element_{type.parameters[0]},
        words_{(element_.bytes + 7) / 8} {}

  bool set(std::uint64_t index, const dynamic_value& value);
  void push(const dynamic_value& value, bool front);
  [[nodiscard]] std::optional<dynamic_value> pop(bool front);
  void assign(const dynamic_value::list& values);
  void clear();

private:
  struct ends {
    std::uint64_t first;
    std::uint64_t last;
    memory::offset table;
    std::uint64_t capacity;
    [[nodiscard]] std::uint64_t count() const noexcept { return last - first; }
  };
  [[nodiscard]] ends checked() const;
  [[nodiscard]] memory::offset at(const ends& e,
                                  std::uint64_t position) const noexcept {
    return e.table + (position & (e.capacity - 1)) * 8 * words_;
  }
  void store(memory::offset at, const dynamic_value& value) const;
  void make_room() const;

  transaction& txn_;
  memory::root* object_;
  const type_tree& element_;
  std::uint64_t words_;
};

}  // namespace commy::detail
