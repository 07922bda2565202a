// commy/memory/detail/btree_path.hpp: ways through a tree that stands still.
#pragma once

#include <commy/memory/btree.hpp>

namespace commy::memory {

template <class Order>
typename btree<Order>::step btree<Order>::inner_step(offset node) const {
  if (!is_inner(node) || word(node + 8) > order_.nodes().inner_keys) {
    throw write_failed{write_error::damaged};
  }
  return {node, 0, static_cast<std::uint32_t>(word(node + 8))};
}

template <class Order>
typename btree<Order>::step btree<Order>::leaf_step(offset node) const {
  if (!is_leaf(node)) throw write_failed{write_error::damaged};
  const auto order = order_of(node);
  if (order.count() == 0 || !order.within(order_.nodes().leaf_slots)) {
    throw write_failed{write_error::damaged};
  }
  return {node, 0, order.count()};
}

template <class Order>
typename btree<Order>::path btree<Order>::locate(seek what,
                                                 const key& sought) const {
  path at;
  auto node = root_->shape[0].load(std::memory_order_relaxed);
  const auto height = root_->shape[1].load(std::memory_order_relaxed);
  if (node == 0) {
    at.leaf() = {};
    return at;
  }
  if (height > btree_nodes::height_max) {
    throw write_failed{write_error::damaged};
  }
  at.height = static_cast<std::uint32_t>(height);
  bool sound = true;
  for (std::uint32_t level = 0; level < height; ++level) {
    auto& here = at.steps[level] = inner_step(node);
    here.index = pick_child(node, here.count, what, sought, sound);
    node = child(here);
    prefetch(node, level + 1 < height);
  }
  auto& leaf = at.leaf() = leaf_step(node);
  const bool backward =
      what == seek::last || what == seek::below || what == seek::not_above;
  if (what == seek::last) {
    leaf.index = leaf.count;
  } else if (what != seek::first) {
    leaf.index =
        rank_in_leaf(node, order_of(node), sought,
                     what == seek::above || what == seek::not_above, sound);
  }
  if (what == seek::equal) {
    at.there =
        leaf.index < leaf.count && compare(key_at(at), sought, sound) == 0;
  } else {
    at.there = true;
    if (backward) {
      retreat(at);
    } else if (leaf.index == leaf.count) {
      --leaf.index;
      advance(at);
    }
  }
  if (!sound) throw write_failed{write_error::damaged};
  return at;
}

template <class Order>
void btree<Order>::descend(path& at, std::uint32_t from, bool leftmost) const {
  for (auto level = from + 1; level <= at.height; ++level) {
    const auto node = child(at.steps[level - 1]);
    auto& here = at.steps[level];
    if (level < at.height) {
      here = inner_step(node);
      here.index = leftmost ? 0 : here.count;
    } else {
      here = leaf_step(node);
      here.index = leftmost ? 0 : here.count - 1;
    }
  }
}

template <class Order>
void btree<Order>::advance(path& at) const {
  if (++at.leaf().index < at.leaf().count) return;
  for (auto level = at.height; level > 0;) {
    auto& here = at.steps[--level];
    if (here.index < here.count) {
      ++here.index;
      return descend(at, level, true);
    }
  }
  at.there = false;
}

template <class Order>
void btree<Order>::retreat(path& at) const {
  if (at.leaf().index > 0) {
    --at.leaf().index;
    return;
  }
  for (auto level = at.height; level > 0;) {
    auto& here = at.steps[--level];
    if (here.index > 0) {
      --here.index;
      return descend(at, level, false);
    }
  }
  at.there = false;
}

template <class Order>
offset btree<Order>::key_at(const path& at) const noexcept {
  const auto& leaf = at.leaf();
  return order_.nodes().key_at(leaf.node, order_of(leaf.node).slot(leaf.index));
}

template <class Order>
offset btree<Order>::value_at(const path& at) const noexcept {
  const auto& leaf = at.leaf();
  return order_.nodes().value_at(leaf.node,
                                 order_of(leaf.node).slot(leaf.index));
}

template <class Order>
void btree<Order>::load_key(const path& at,
                            std::uint64_t* words) const noexcept {
  const auto from = key_at(at);
  for (std::uint32_t i = 0; i < order_.nodes().key_words(); ++i) {
    words[i] = word(from + 8ULL * i);
  }
}

template <class Order>
void btree<Order>::load_value(const path& at,
                              std::uint64_t* words) const noexcept {
  const auto from = value_at(at);
  for (std::uint32_t i = 0; i < order_.nodes().value_words(); ++i) {
    words[i] = word(from + 8ULL * i);
  }
}

}  // namespace commy::memory
