// commy/memory/detail/btree_insert.hpp: adding entries to a tree.
#pragma once

#include <commy/memory/btree.hpp>

#include <algorithm>

namespace commy::memory {

template <class Order>
void btree<Order>::copy_words(offset from, offset to,
                              std::uint64_t words) const noexcept {
  for (std::uint64_t i = 0; i < words; ++i) {
    img_->word(to + 8 * i).store(word(from + 8 * i), std::memory_order_relaxed);
  }
}

template <class Order>
void btree<Order>::set_words(offset at, const std::uint64_t* from,
                             std::uint64_t words) const noexcept {
  for (std::uint64_t i = 0; i < words; ++i) {
    img_->word(at + 8 * i).store(from[i], std::memory_order_relaxed);
  }
}

/// A node that nobody sees before its parent, or the shape, turns even.
template <class Order>
offset btree<Order>::take_leaf(transaction& txn) const {
  const auto node = txn.take(order_.nodes().leaf_bytes());
  img_->word(node).store(0, std::memory_order_relaxed);
  img_->word(node + 8).store(0, std::memory_order_relaxed);
  return node;
}

template <class Order>
offset btree<Order>::take_inner(transaction& txn) const {
  const auto node = txn.take(order_.nodes().inner_bytes());
  img_->word(node).store(0, std::memory_order_relaxed);
  img_->word(node + 8).store(0, std::memory_order_relaxed);
  return node;
}

template <class Order>
void btree<Order>::set_top(transaction& txn, offset node,
                           std::uint64_t height) const {
  txn.touch(root_->shape_sequence);
  txn.store(root_->shape[0], node);
  txn.store(root_->shape[1], height);
}

/// Into a leaf that nobody sees (`fresh`), or whose sequence is odd and whose
/// order word is saved.
template <class Order>
[[gnu::always_inline]] inline void btree<Order>::put_in_saved_leaf(
    transaction& txn, offset leaf, std::uint32_t rank,
    const std::uint64_t* key_words, const std::uint64_t* value_words,
    bool fresh) const {
  const auto& nodes = order_.nodes();
  const auto order = order_of(leaf);
  const auto slot = order.free_slot();
  if (!fresh) {
    txn.save_unused(nodes.key_at(leaf, slot), nodes.key_words());
    txn.save_unused(nodes.value_at(leaf, slot), nodes.value_words());
  }
  set_words(nodes.key_at(leaf, slot), key_words, nodes.key_words());
  set_words(nodes.value_at(leaf, slot), value_words, nodes.value_words());
  img_->word(leaf + 8).store(order.with(rank, slot).raw,
                             std::memory_order_relaxed);
}

template <class Order>
void btree<Order>::put_in_leaf(transaction& txn, offset leaf,
                               std::uint32_t rank,
                               const std::uint64_t* key_words,
                               const std::uint64_t* value_words,
                               bool fresh) const {
  if (!fresh) {
    txn.touch(img_->word(leaf));
    txn.save(leaf + 8, 1);
  }
  put_in_saved_leaf(txn, leaf, rank, key_words, value_words, fresh);
}

template <class Order>
void btree<Order>::insert(transaction& txn, path& at,
                          const std::uint64_t* key_words,
                          const std::uint64_t* value_words) {
  const auto& leaf = at.leaf();
  const auto entries = size();
  if (leaf.node != 0 && leaf.count < order_.nodes().leaf_slots) [[likely]] {
    txn.touch_and_save<2, 2>({&root_->sequence, &img_->word(leaf.node)},
                             {&img_->word(leaf.node + 8), &root_->motion[0]});
    put_in_saved_leaf(txn, leaf.node, leaf.index, key_words, value_words,
                      false);
    // relaxed: as those below.
    root_->motion[0].store(entries + 1, std::memory_order_relaxed);
    return note(txn, change_kind::set, key_words);
  }
  txn.touch(root_->sequence);
  if (leaf.node == 0) {
    const auto node = take_leaf(txn);
    put_in_leaf(txn, node, 0, key_words, value_words, true);
    set_top(txn, node, 0);
  } else {
    split_leaf(txn, at, key_words, value_words);
  }
  txn.store(root_->motion[0], entries + 1);
  note(txn, change_kind::set, key_words);
}

template <class Order>
void btree<Order>::split_leaf(transaction& txn, path& at,
                              const std::uint64_t* key_words,
                              const std::uint64_t* value_words) {
  const auto& nodes = order_.nodes();
  const auto [leaf, index, count] = at.leaf();
  const auto order = order_of(leaf);
  // At the right end keys come in order: there leaves stay full.
  bool at_end = index == count;
  for (std::uint32_t level = 0; level < at.height; ++level) {
    at_end = at_end && at.steps[level].index == at.steps[level].count;
  }
  const auto kept = at_end ? count : count / 2;
  const auto right = take_leaf(txn);
  for (auto i = kept; i < count; ++i) {
    copy_words(nodes.key_at(leaf, order.slot(i)), nodes.key_at(right, i - kept),
               nodes.key_words());
    copy_words(nodes.value_at(leaf, order.slot(i)),
               nodes.value_at(right, i - kept), nodes.value_words());
  }
  img_->word(right + 8).store(leaf_order::straight(count - kept).raw,
                              std::memory_order_relaxed);
  if (kept < count) {
    txn.touch(img_->word(leaf));
    txn.note_emptied();
    txn.store(img_->word(leaf + 8), order.cut(kept).raw);
  }
  if (at_end || index > kept) {
    put_in_leaf(txn, right, index - kept, key_words, value_words, true);
  } else {
    put_in_leaf(txn, leaf, index, key_words, value_words, false);
  }
  const auto left_order = order_of(leaf);
  key_words_array last;
  key_words_array first;
  for (std::uint32_t i = 0; i < nodes.key_words(); ++i) {
    last[i] = word(nodes.key_at(leaf, left_order.slot(left_order.count() - 1)) +
                   8ULL * i);
    first[i] = word(nodes.key_at(right, order_of(right).slot(0)) + 8ULL * i);
  }
  key_words_array separator;
  order_.separator(txn, last.data(), first.data(), separator.data());
  add_child(txn, at, at.height, separator.data(), right, at_end);
}

/// Links `right` behind the node at `level` of the path, and splits what is
/// full on the way up.
template <class Order>
void btree<Order>::add_child(transaction& txn, path& at, std::uint32_t level,
                             std::uint64_t* separator, offset right,
                             bool at_end) {
  const auto& nodes = order_.nodes();
  for (;; --level) {
    if (level == 0) {
      if (at.height == btree_nodes::height_max) {
        throw write_failed{write_error::too_large};
      }
      const auto top = take_inner(txn);
      set_words(nodes.key_at(top, 0), separator, nodes.key_words());
      const std::uint64_t children[] = {at.steps[0].node, right};
      set_words(nodes.child_at(top, 0), children, 2);
      img_->word(top + 8).store(1, std::memory_order_relaxed);
      return set_top(txn, top, at.height + 1ULL);
    }
    auto& parent = at.steps[level - 1];
    if (parent.count == nodes.inner_keys) {
      right = split_inner(txn, parent, separator, right, at_end);
      continue;
    }
    const auto [node, i, count] = parent;
    txn.touch(img_->word(node));
    txn.save(nodes.key_at(node, i),
             std::uint64_t{count - i + 1} * nodes.key_words());
    txn.save(nodes.child_at(node, i + 1), count - i + 1);
    for (auto k = count; k > i; --k) {
      copy_words(nodes.key_at(node, k - 1), nodes.key_at(node, k),
                 nodes.key_words());
      copy_words(nodes.child_at(node, k), nodes.child_at(node, k + 1), 1);
    }
    set_words(nodes.key_at(node, i), separator, nodes.key_words());
    set_words(nodes.child_at(node, i + 1), &right, 1);
    return txn.store(img_->word(node + 8), count + 1ULL);
  }
}

/// Splits a full inner node that gets one child more. Returns the new node;
/// `separator` becomes the one before it.
template <class Order>
offset btree<Order>::split_inner(transaction& txn, const step& at,
                                 std::uint64_t* separator, offset added,
                                 bool at_end) {
  const auto& nodes = order_.nodes();
  const auto k = nodes.key_words();
  const auto n = nodes.inner_keys;
  // All separators and children, with the new ones.
  std::vector<std::uint64_t> keys(std::size_t{n + 1} * k);
  std::vector<std::uint64_t> children(n + 2);
  for (std::uint32_t i = 0; i <= n; ++i) {
    for (std::uint32_t w = 0; w < k; ++w) {
      const auto from = i < at.index ? i : i - 1;
      keys[std::size_t{i} * k + w] =
          i == at.index ? separator[w]
                        : word(nodes.key_at(at.node, from) + 8ULL * w);
    }
  }
  for (std::uint32_t i = 0; i < n + 2; ++i) {
    children[i] =
        i == at.index + 1
            ? added
            : word(nodes.child_at(at.node, i <= at.index ? i : i - 1));
  }
  const auto kept = at_end ? n - 1 : (n + 1) / 2;
  const auto right = take_inner(txn);
  set_words(nodes.key_at(right, 0), &keys[std::size_t{kept + 1} * k],
            std::uint64_t{n - kept} * k);
  set_words(nodes.child_at(right, 0), &children[kept + 1], n + 1 - kept);
  img_->word(right + 8).store(n - kept, std::memory_order_relaxed);
  txn.touch(img_->word(at.node));
  if (at.index < kept) {
    const auto changed = kept - at.index;
    txn.save(nodes.key_at(at.node, at.index), std::uint64_t{changed} * k);
    txn.save(nodes.child_at(at.node, at.index + 1), changed);
    set_words(nodes.key_at(at.node, at.index), &keys[std::size_t{at.index} * k],
              std::uint64_t{changed} * k);
    set_words(nodes.child_at(at.node, at.index + 1), &children[at.index + 1],
              changed);
  }
  txn.store(img_->word(at.node + 8), kept);
  std::copy_n(&keys[std::size_t{kept} * k], k, separator);
  return right;
}

template <class Order>
void btree<Order>::replace_value(transaction& txn, const path& at,
                                 const std::uint64_t* words) {
  const auto& nodes = order_.nodes();
  txn.touch(root_->sequence);
  txn.touch(img_->word(at.leaf().node));
  const auto place = value_at(at);
  drop_value(txn, place);
  txn.save(place, nodes.value_words());
  set_words(place, words, nodes.value_words());
  note_at(txn, change_kind::set, at);
}

}  // namespace commy::memory
