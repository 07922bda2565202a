// What removed objects give back, by their descriptors: see
// memory/object_removal.hpp.
#include <commy/containers/type_layout.hpp>
#include <commy/memory/object_removal.hpp>
#include <commy/memory/text_cell.hpp>
#include <commy/memory/vec_block.hpp>

#include <algorithm>

namespace commy::memory {
namespace {

/// Gives a block back and forgets it; nothing when there is none.
void drop_at(transaction& txn, shared_u64& place) {
  const auto at = place.load(std::memory_order_relaxed);
  if (at == 0) return;
  txn.drop(at);
  txn.store(place, 0);
}

void drop_cell(transaction& txn, offset at) {
  auto& img = txn.img();
  const text_cell cell{{img.word(at).load(std::memory_order_relaxed),
                        img.word(at + 8).load(std::memory_order_relaxed)}};
  // A text of several runs of its own would be `damaged` in drop().
  drop_text(txn, cell);
}

/// Empties one group of a table; nobody looks into it any more.
std::uint64_t drop_group(transaction& txn, const hash_slots& slots,
                         offset group) {
  auto& img = txn.img();
  std::uint64_t entries = 0;
  for (std::uint32_t s = 0; s < slots.count; ++s) {
    const auto controls =
        img.word(group + 8 + 8ULL * (s / 8)).load(std::memory_order_relaxed);
    if ((controls >> 8 * (s % 8) & 0xffU) < control_full) continue;
    ++entries;
    if (slots.key_is_text) drop_cell(txn, group + slots.slot_at(s));
    if (slots.value_is_text) {
      drop_cell(txn, group + slots.slot_at(s) + slots.value_at);
    }
  }
  if (entries == 0) return 0;
  for (std::uint32_t w = 0; w < slots.control_words; ++w) {
    txn.store(img.word(group + 8 + 8ULL * w), 0);
  }
  return entries;
}

/// In the root: shape[3] counts groups emptied so far.
bool drop_table(transaction& txn, root& object, const hash_slots& slots) {
  auto& img = txn.img();
  const auto table = object.shape[0].load(std::memory_order_relaxed);
  const auto groups = object.shape[1].load(std::memory_order_relaxed);
  if (table == 0) return true;
  if (slots.count == 0 || slots.stride > hash_slots::stride_max ||
      table % 64 != 0 || groups > img.sizes().capacity / slots.group_bytes ||
      !img.holds(table, groups * slots.group_bytes)) {
    throw write_failed{write_error::damaged};
  }
  auto group = object.shape[3].load(std::memory_order_relaxed);
  auto entries = object.motion[0].load(std::memory_order_relaxed);
  if (slots.key_is_text || slots.value_is_text) {
    // A group's records are at most two texts for each of 13 slots and two
    // control words, each of two words; and the three stores below.
    constexpr std::uint64_t of_group = 2 * (2 * 13 + 2) + 2 * 3;
    while (group < groups && txn.log_left() > txn.log_room() / 2 + of_group) {
      entries -= std::min(
          entries, drop_group(txn, slots, table + group * slots.group_bytes));
      ++group;
    }
    txn.store(object.shape[3], group);
    txn.store(object.motion[0], entries);
    if (group < groups) return false;
  }
  txn.store(object.motion[0], 0);
  drop_at(txn, object.shape[0]);
  return true;
}

/// Texts from the last one on; in the root motion[0] counts those that are
/// left.
bool drop_vec(transaction& txn, root& object, const type_tree& element) {
  auto& img = txn.img();
  if (element.bytes == 0 || element.bytes > vec_block::element_max) {
    throw write_failed{write_error::damaged};
  }
  const auto shape = vec_block::of(element.bytes);
  const auto state = vec_state::load(object);
  if (!state.sound(img, shape)) throw write_failed{write_error::damaged};
  auto left = element.kind == type_kind::text ? state.size : 0;
  // A text is one record of two words; behind it come at most four stores,
  // of two words each.
  while (left > 0 && txn.log_left() > txn.log_room() / 2 + 10) {
    drop_cell(txn, state.at(shape, --left));
  }
  txn.store(object.motion[0], left);
  if (left > 0) return false;
  txn.store(object.shape[1], 0);
  drop_at(txn, object.shape[0]);
  return true;
}

/// Takes a tree apart from its end; nobody looks into it any more. What is left
/// after each step is a tree whose last branch is shorter.
class tree_dropper {
public:
  tree_dropper(transaction& txn, root& object, const btree_nodes& nodes)
      : txn_{txn}, object_{object}, nodes_{nodes} {}

  /// Drops the last leaf, and the nodes above it that have no other child.
  /// False when there is none.
  bool drop_last() {
    const auto top = object_.shape[0].load(std::memory_order_relaxed);
    const auto level = object_.shape[1].load(std::memory_order_relaxed);
    if (top == 0) return false;
    if (level > btree_nodes::height_max) damaged();
    if (drop_below(top, level)) txn_.store(object_.shape[0], 0);
    return true;
  }

private:
  [[noreturn]] static void damaged() {
    throw write_failed{write_error::damaged};
  }

  /// True when the node itself is gone.
  bool drop_below(offset node, std::uint64_t level) {
    auto& img = txn_.img();
    const auto bytes = level == 0 ? nodes_.leaf_bytes() : nodes_.inner_bytes();
    if (node % 8 != 0 || !img.holds(node, bytes)) damaged();
    auto& said = img.word(node + 8);
    const auto now = said.load(std::memory_order_relaxed);
    if (level == 0) {
      drop_entries(node, leaf_order{now});
    } else {
      if (now > nodes_.inner_keys) damaged();
      const auto last = static_cast<std::uint32_t>(now);
      const auto child =
          img.word(nodes_.child_at(node, last)).load(std::memory_order_relaxed);
      if (!drop_below(child, level - 1)) return false;
      if (last > 0) {
        if (nodes_.key_is_text) drop_cell(txn_, nodes_.key_at(node, last - 1));
        txn_.store(said, last - 1);
        return false;
      }
    }
    txn_.drop(node);
    return true;
  }

  void drop_entries(offset leaf, leaf_order order) {
    if (!order.sound(nodes_.leaf_slots)) damaged();
    for (std::uint32_t i = 0; i < order.count(); ++i) {
      const auto slot = order.slot(i);
      if (nodes_.key_is_text) drop_cell(txn_, nodes_.key_at(leaf, slot));
      if (nodes_.value_is_text) drop_cell(txn_, nodes_.value_at(leaf, slot));
    }
    const auto entries = object_.motion[0].load(std::memory_order_relaxed);
    txn_.store(object_.motion[0],
               entries - std::min<std::uint64_t>(entries, order.count()));
  }

  transaction& txn_;
  root& object_;
  const btree_nodes& nodes_;
};

bool drop_tree(transaction& txn, root& object, const type_tree& type) {
  const auto nodes = nodes_of(type);
  if (!nodes) throw write_failed{write_error::damaged};
  tree_dropper dropper{txn, object, *nodes};
  // Records of one step, of two words each: the texts of a leaf; a node, a
  // count and a separator on each level; the stores of two root words. And
  // eight for the caller's.
  const auto level = std::min<std::uint64_t>(
      object.shape[1].load(std::memory_order_relaxed), btree_nodes::height_max);
  const auto of_step =
      2 * (2ULL * nodes->leaf_slots + 3 * (level + 1) + 2) + 2ULL * 8;
  while (txn.log_left() >= of_step) {
    if (!dropper.drop_last()) return true;
  }
  return false;
}

}  // namespace

bool drop_content(transaction& txn, offset root_at, std::string_view line) {
  const auto type = type_tree::parse(line);
  if (!type) throw write_failed{write_error::damaged};
  auto& object = txn.img().root_at(root_at);
  switch (type->kind) {
    case type_kind::box:
    case type_kind::vec_deque:
      // Nothing is counted in an empty ring.
      if (type->kind == type_kind::vec_deque) {
        txn.store(object.shape[1], 0);
        txn.store(object.motion[0], 0);
        txn.store(object.motion[1], 0);
      }
      drop_at(txn, object.shape[0]);
      return true;
    case type_kind::vec:
      return drop_vec(txn, object, type->parameters[0]);
    case type_kind::hash_map:
    case type_kind::hash_set: {
      const auto slots = slots_of(*type);
      if (!slots) throw write_failed{write_error::damaged};
      return drop_table(txn, object, *slots);
    }
    case type_kind::btree_map:
    case type_kind::btree_set:
      return drop_tree(txn, object, *type);
    case type_kind::text:
      drop_cell(txn, txn.img().offset_of(&object.motion[0]));
      txn.store(object.motion[0], 0);
      txn.store(object.motion[1], 0);
      return true;
    // No object is of these.
    case type_kind::signed_integer:
    case type_kind::unsigned_integer:
    case type_kind::real:
    case type_kind::boolean:
    case type_kind::chars:
    case type_kind::array:
    case type_kind::record:
      break;
  }
  throw write_failed{write_error::damaged};
}

}  // namespace commy::memory
