// commy/memory/detail/btree_build.hpp: a whole tree made at once.
#pragma once

#include <commy/memory/btree.hpp>

#include <algorithm>

namespace commy::memory {

template <class Order>
template <class Next>
void btree<Order>::rebuild(transaction& txn, bool drop_texts, Next&& next) {
  const auto& nodes = order_.nodes();
  const auto k = nodes.key_words();
  note_whole(txn, *root_);
  // One level: its nodes, and the separators between them.
  std::vector<offset> level;
  std::vector<std::uint64_t> separators;
  key_words_array keys{};
  key_words_array last{};
  value_words_array values{};
  std::uint32_t used = 0;
  std::uint64_t entries = 0;
  for (; next(keys.data(), values.data()); ++entries) {
    if (level.empty() || used == nodes.leaf_slots) {
      if (!level.empty()) {
        separators.resize(separators.size() + k);
        order_.separator(txn, last.data(), keys.data(),
                         &separators[separators.size() - k]);
      }
      level.push_back(take_leaf(txn));
      used = 0;
    }
    set_words(nodes.key_at(level.back(), used), keys.data(), k);
    set_words(nodes.value_at(level.back(), used), values.data(),
              nodes.value_words());
    img_->word(level.back() + 8)
        .store(leaf_order::straight(++used).raw, std::memory_order_relaxed);
    last = keys;
  }
  const auto old = root_->shape[0].load(std::memory_order_relaxed);
  const auto old_height = root_->shape[1].load(std::memory_order_relaxed);
  // More than a leaf's worth goes as trash, in constant time.
  const bool is_large = old != 0 && size() > nodes.leaf_slots;
  std::uint64_t height = 0;
  for (; level.size() > 1; ++height)
    build_level(txn, level, separators);
  txn.touch(root_->sequence);
  const bool as_trash =
      is_large &&
      trash_content(txn, *root_, nodes.value_is_nested, !drop_texts);
  set_top(txn, level.empty() ? 0 : level[0], height);
  txn.store(root_->motion[0], entries);
  if (old != 0 && !as_trash) drop_nodes(txn, old, old_height, drop_texts);
}

/// Replaces a level by the one above it.
template <class Order>
void btree<Order>::build_level(transaction& txn, std::vector<offset>& level,
                               std::vector<std::uint64_t>& separators) const {
  const auto& nodes = order_.nodes();
  const std::size_t k = nodes.key_words();
  std::vector<offset> above;
  std::vector<std::uint64_t> between;
  const std::size_t fan = nodes.inner_keys + 1;
  for (std::size_t begin = 0; begin < level.size(); begin += fan) {
    const auto count = std::min(fan, level.size() - begin);
    const auto node = take_inner(txn);
    set_words(nodes.child_at(node, 0), &level[begin], count);
    if (count > 1) {
      set_words(nodes.key_at(node, 0), &separators[begin * k], (count - 1) * k);
    }
    img_->word(node + 8).store(count - 1, std::memory_order_relaxed);
    if (begin > 0) {
      const auto from =
          separators.begin() + static_cast<std::ptrdiff_t>((begin - 1) * k);
      between.insert(between.end(), from,
                     from + static_cast<std::ptrdiff_t>(k));
    }
    above.push_back(node);
  }
  level = std::move(above);
  separators = std::move(between);
}

/// Gives all nodes back, texts of separators with them, and of entries with
/// `drop_texts`. Bounded by the log, which every node takes a record of.
template <class Order>
void btree<Order>::drop_nodes(transaction& txn, offset node,
                              std::uint64_t level, bool drop_texts) const {
  const auto& nodes = order_.nodes();
  if (level > btree_nodes::height_max) {
    throw write_failed{write_error::damaged};
  }
  if (level == 0) {
    const auto count = leaf_step(node).count;
    for (std::uint32_t i = 0; drop_texts && i < count; ++i) {
      const auto slot = order_of(node).slot(i);
      drop_key(txn, nodes.key_at(node, slot));
      drop_value(txn, nodes.value_at(node, slot));
    }
  } else {
    const auto count = inner_step(node).count;
    for (std::uint32_t i = 0; i <= count; ++i) {
      drop_nodes(txn, word(nodes.child_at(node, i)), level - 1, drop_texts);
      if (i < count) drop_key(txn, nodes.key_at(node, i));
    }
  }
  txn.drop(node);
}

}  // namespace commy::memory
