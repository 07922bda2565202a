// What trash gives back, by the descriptors of the outermost objects: see
// memory/trash.hpp.
#include <commy/containers/type_layout.hpp>
#include <commy/memory/text_cell.hpp>
#include <commy/memory/topic_object.hpp>
#include <commy/memory/trash.hpp>
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

/// A nested container comes up: it becomes trash itself, before the rest.
void drop_nested(transaction& txn, offset at) {
  auto& img = txn.img();
  trash_nested(txn, {{img.word(at).load(std::memory_order_relaxed),
                      img.word(at + 8).load(std::memory_order_relaxed)}});
}

/// Words that dropping one element takes of the log: a text is one record of
/// two; a nested container two units, four stores.
constexpr std::uint64_t words_of_text = 2;
constexpr std::uint64_t words_of_nested = 2 + 4 * 2;
/// Words that the end of a step takes: at most eight stores and drops here, and
/// four of who called.
constexpr std::uint64_t words_of_end = 2 * 12;

/// True while a step may go on with something that takes so many words. A step
/// is half a journal, but does at least one thing.
bool has_room(const transaction& txn, std::uint64_t words, bool first) {
  return txn.log_left() >= words + words_of_end &&
         (first || txn.log_left() > txn.log_room() / 2 + words);
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
    if (slots.value_is_nested) {
      drop_nested(txn, group + slots.slot_at(s) + slots.value_at);
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
  if (slots.key_is_text || slots.value_is_text || slots.value_is_nested) {
    const auto of_group =
        slots.count *
            (words_of_text +
             (slots.value_is_nested ? words_of_nested : words_of_text)) +
        2ULL * slots.control_words;
    for (bool first = true; group < groups && has_room(txn, of_group, first);
         first = false) {
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

/// Texts or nested containers from the last one on; in the root motion[0]
/// counts those that are left.
bool drop_vec(transaction& txn, root& object, const type_tree& element) {
  auto& img = txn.img();
  if (element.bytes == 0 || element.bytes > vec_block::element_max) {
    throw write_failed{write_error::damaged};
  }
  const auto shape = vec_block::of(element.bytes);
  const auto state = vec_state::load(object);
  if (!state.sound(img, shape)) throw write_failed{write_error::damaged};
  const bool nested = is_nestable(element.kind);
  auto left = nested || element.kind == type_kind::text ? state.size : 0;
  for (bool first = true;
       left > 0 &&
       has_room(txn, nested ? words_of_nested : words_of_text, first);
       first = false) {
    const auto at = state.at(shape, --left);
    if (nested) {
      drop_nested(txn, at);
    } else {
      drop_cell(txn, at);
    }
  }
  txn.store(object.motion[0], left);
  if (left > 0) return false;
  txn.store(object.shape[1], 0);
  drop_at(txn, object.shape[0]);
  if (state.lent != 0) drop_at(txn, object.shape[2]);
  return true;
}

/// Takes a tree apart from its end; nobody looks into it any more. What is left
/// after each step is a tree whose last branch is shorter.
class tree_dropper {
public:
  tree_dropper(transaction& txn, root& object, const btree_nodes& nodes,
               bool shell)
      : txn_{txn}, object_{object}, nodes_{nodes}, shell_{shell} {}

  /// Drops some of the last leaf's entries, and with its last one the leaf and
  /// the nodes above it that have no other child. False when there is none, or
  /// no room in the log.
  bool drop_some(bool first) {
    const auto top = object_.shape[0].load(std::memory_order_relaxed);
    const auto level = object_.shape[1].load(std::memory_order_relaxed);
    if (top == 0) return false;
    if (level > btree_nodes::height_max) damaged();
    if (!has_room(txn_, words_of_way(level) + words_of_entry(), first)) {
      return false;
    }
    if (drop_below(top, level)) txn_.store(object_.shape[0], 0);
    return true;
  }

private:
  [[noreturn]] static void damaged() {
    throw write_failed{write_error::damaged};
  }
  /// A node, a count and a separator on each level, the leaf's order, and two
  /// words of the root.
  [[nodiscard]] static std::uint64_t words_of_way(std::uint64_t level) {
    return 2 * (3 * (level + 1) + 2);
  }
  [[nodiscard]] std::uint64_t words_of_entry() const {
    if (shell_) return 0;
    return (nodes_.key_is_text ? words_of_text : 0) +
           (nodes_.value_is_text     ? words_of_text
            : nodes_.value_is_nested ? words_of_nested
                                     : 0);
  }

  /// True when the node itself is gone.
  bool drop_below(offset node, std::uint64_t level) {
    auto& img = txn_.img();
    const auto bytes = level == 0 ? nodes_.leaf_bytes() : nodes_.inner_bytes();
    if (node % 8 != 0 || !img.holds(node, bytes)) damaged();
    auto& said = img.word(node + 8);
    const auto now = said.load(std::memory_order_relaxed);
    if (level == 0) {
      if (!drop_entries(node, leaf_order{now})) return false;
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

  /// True when none is left. A leaf with none never outlives a step, so that
  /// what is left is a tree.
  bool drop_entries(offset leaf, leaf_order order) {
    if (!order.sound(nodes_.leaf_slots)) damaged();
    const auto entries = object_.motion[0].load(std::memory_order_relaxed);
    const auto level = object_.shape[1].load(std::memory_order_relaxed);
    std::uint32_t gone = 0;
    auto left = order;
    const auto each = words_of_entry();
    while (left.count() > 0 &&
           (each == 0 || gone == 0 ||
            txn_.log_left() >= words_of_way(level) + each + words_of_end)) {
      const auto slot = left.slot(left.count() - 1);
      if (!shell_) drop_entry(leaf, slot);
      left = left.without(left.count() - 1);
      ++gone;
    }
    txn_.store(object_.motion[0],
               entries - std::min<std::uint64_t>(entries, gone));
    if (left.count() == 0) return true;
    txn_.store(txn_.img().word(leaf + 8), left.raw);
    return false;
  }
  void drop_entry(offset leaf, std::uint32_t slot) {
    if (nodes_.key_is_text) drop_cell(txn_, nodes_.key_at(leaf, slot));
    if (nodes_.value_is_text) drop_cell(txn_, nodes_.value_at(leaf, slot));
    if (nodes_.value_is_nested) drop_nested(txn_, nodes_.value_at(leaf, slot));
  }

  transaction& txn_;
  root& object_;
  const btree_nodes& nodes_;
  bool shell_;
};

bool drop_tree(transaction& txn, root& object, const type_tree& type,
               bool shell) {
  const auto nodes = nodes_of(type);
  if (!nodes) throw write_failed{write_error::damaged};
  tree_dropper dropper{txn, object, *nodes, shell};
  for (bool first = true; dropper.drop_some(first); first = false) {
  }
  return object.shape[0].load(std::memory_order_relaxed) == 0;
}

}  // namespace

bool drop_content(transaction& txn, offset root_at, std::string_view line,
                  trash_kind kind) {
  const auto outermost = type_tree::parse(line);
  const auto* const type =
      outermost ? nested_type(*outermost, kind.level) : nullptr;
  if (type == nullptr) throw write_failed{write_error::damaged};
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
      return drop_tree(txn, object, *type, kind.shell);
    case type_kind::text:
      drop_cell(txn, txn.img().offset_of(&object.motion[0]));
      txn.store(object.motion[0], 0);
      txn.store(object.motion[1], 0);
      return true;
    case type_kind::topic:
      give_up_topic(txn, object);
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
