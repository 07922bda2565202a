// commy/memory/detail/btree_erase.hpp: taking entries out of a tree.
#pragma once

#include <commy/memory/btree.hpp>

namespace commy::memory {

template <class Order>
void btree<Order>::note(transaction& txn, change_kind kind,
                        const std::uint64_t* keys) const {
  if (!is_observed(txn)) [[likely]]
    return;
  if (order_.nodes().key_is_text) {
    const text_cell cell{{keys[0], keys[1]}};
    if (!cell.sound(*img_)) throw write_failed{write_error::damaged};
    const auto text = view_text(*img_, cell);
    add_change(txn, *root_, kind, text.data(), text.size());
  } else {
    add_change(txn, *root_, kind, keys, order_.nodes().key_bytes);
  }
}

template <class Order>
void btree<Order>::note_at(transaction& txn, change_kind kind,
                           const path& at) const {
  if (!is_observed(txn)) [[likely]]
    return;
  key_words_array keys{};
  load_key(at, keys.data());
  note(txn, kind, keys.data());
}

template <class Order>
void btree<Order>::drop_key(transaction& txn, offset at) const {
  if (order_.nodes().key_is_text) drop_text(txn, {{word(at), word(at + 8)}});
}

template <class Order>
void btree<Order>::drop_value(transaction& txn, offset at) const {
  if (order_.nodes().value_is_text) {
    drop_text(txn, {{word(at), word(at + 8)}});
  } else if (order_.nodes().value_is_nested) {
    trash_nested(txn, {{word(at), word(at + 8)}});
  }
}

template <class Order>
void btree<Order>::erase(transaction& txn, path& at) {
  const auto& nodes = order_.nodes();
  const auto leaf = at.leaf();
  txn.touch(root_->sequence);
  txn.touch(img_->word(leaf.node));
  txn.note_emptied();
  note_at(txn, change_kind::erased, at);
  drop_key(txn, key_at(at));
  drop_value(txn, value_at(at));
  const auto left = order_of(leaf.node).without(leaf.index);
  txn.store(img_->word(leaf.node + 8), left.raw);
  txn.store(root_->motion[0], size() - 1);
  if (left.count() == 0) {
    if (at.height == 0) {
      set_top(txn, 0, 0);
    } else {
      remove_child(txn, at, at.height, true);
    }
    txn.drop(leaf.node);
  } else if (left.count() <= nodes.leaf_slots / 4 && at.height > 0) {
    join_leaves(txn, at);
  }
}

/// Picks the neighbour under the same parent that the node at `level` may join:
/// the parent's index moves to the right one of both. False if it is alone.
template <class Order>
bool btree<Order>::pick_pair(path& at, std::uint32_t level, offset& left,
                             offset& right) const {
  auto& parent = at.steps[level - 1];
  if (parent.count == 0) return false;
  if (parent.index == 0) parent.index = 1;
  const auto& nodes = order_.nodes();
  left = word(nodes.child_at(parent.node, parent.index - 1));
  right = word(nodes.child_at(parent.node, parent.index));
  return true;
}

template <class Order>
void btree<Order>::join_leaves(transaction& txn, path& at) {
  const auto& nodes = order_.nodes();
  offset left = 0;
  offset right = 0;
  if (!pick_pair(at, at.height, left, right)) return;
  if (leaf_step(left).count + leaf_step(right).count >
      nodes.leaf_slots * 3 / 4) {
    return;
  }
  auto order = order_of(left);
  const auto from = order_of(right);
  txn.touch(img_->word(left));
  for (std::uint32_t i = 0; i < from.count(); ++i) {
    const auto slot = order.free_slot();
    txn.save_unused(nodes.key_at(left, slot), nodes.key_words());
    txn.save_unused(nodes.value_at(left, slot), nodes.value_words());
    copy_words(nodes.key_at(right, from.slot(i)), nodes.key_at(left, slot),
               nodes.key_words());
    copy_words(nodes.value_at(right, from.slot(i)), nodes.value_at(left, slot),
               nodes.value_words());
    order = order.with(order.count(), slot);
  }
  txn.store(img_->word(left + 8), order.raw);
  remove_child(txn, at, at.height, true);
  txn.drop(right);
}

/// Takes the child that the path names out of the node above `level`, and what
/// becomes empty or too small on the way up.
template <class Order>
void btree<Order>::remove_child(transaction& txn, path& at, std::uint32_t level,
                                bool drop_separator) {
  const auto& nodes = order_.nodes();
  for (;; --level) {
    auto& parent = at.steps[level - 1];
    if (parent.count == 0) {
      // Its only child: it goes as well.
      txn.drop(parent.node);
      if (level == 1) return set_top(txn, 0, 0);
      drop_separator = true;
      continue;
    }
    const auto [node, gone, count] = parent;
    const auto separator = gone > 0 ? gone - 1 : 0;
    txn.touch(img_->word(node));
    if (drop_separator) drop_key(txn, nodes.key_at(node, separator));
    const auto keys = count - separator - 1;
    txn.save(nodes.key_at(node, separator),
             std::uint64_t{keys} * nodes.key_words());
    txn.save(nodes.child_at(node, gone), count - gone);
    copy_words(nodes.key_at(node, separator + 1), nodes.key_at(node, separator),
               std::uint64_t{keys} * nodes.key_words());
    copy_words(nodes.child_at(node, gone + 1), nodes.child_at(node, gone),
               count - gone);
    txn.store(img_->word(node + 8), count - 1ULL);
    if (level == 1) return lower_top(txn, at.height);
    if (count - 1 > nodes.inner_keys / 4 || !join_inner(txn, at, level - 1)) {
      return;
    }
    // The separator has moved into the joined node.
    drop_separator = false;
  }
}

/// A topmost inner node with a single child gives way to it.
template <class Order>
void btree<Order>::lower_top(transaction& txn, std::uint64_t height) const {
  auto top = root_->shape[0].load(std::memory_order_relaxed);
  auto now = height;
  while (now > 0 && inner_step(top).count == 0) {
    txn.drop(top);
    top = word(order_.nodes().child_at(top, 0));
    --now;
  }
  if (now != height) set_top(txn, top, now);
}

/// Joins the inner node at `level` with a neighbour if both fit into three
/// quarters of one. The path's parent then names the one that has to go.
template <class Order>
bool btree<Order>::join_inner(transaction& txn, path& at, std::uint32_t level) {
  const auto& nodes = order_.nodes();
  offset left = 0;
  offset right = 0;
  if (!pick_pair(at, level, left, right)) return false;
  const auto a = inner_step(left).count;
  const auto b = inner_step(right).count;
  if (a + b + 1 > nodes.inner_keys * 3 / 4) return false;
  const auto& parent = at.steps[level - 1];
  txn.touch(img_->word(left));
  txn.save(nodes.key_at(left, a), std::uint64_t{b + 1} * nodes.key_words());
  txn.save(nodes.child_at(left, a + 1), b + 1);
  copy_words(nodes.key_at(parent.node, parent.index - 1), nodes.key_at(left, a),
             nodes.key_words());
  copy_words(nodes.key_at(right, 0), nodes.key_at(left, a + 1),
             std::uint64_t{b} * nodes.key_words());
  copy_words(nodes.child_at(right, 0), nodes.child_at(left, a + 1), b + 1);
  txn.store(img_->word(left + 8), a + b + 1ULL);
  txn.drop(right);
  return true;
}

}  // namespace commy::memory
