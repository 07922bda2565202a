// commy/memory/detail/btree_read.hpp: looking things up in a tree.
#pragma once

#include <commy/memory/btree.hpp>

namespace commy::memory {

template <class Order>
class btree<Order>::visits {
public:
  explicit visits(bool own) noexcept : own_{own} {}

  /// Notes a unit before its bytes are read. False when it is being written.
  [[nodiscard]] bool enter(const shared_u64& sequence) noexcept {
    // acquire, pairs with [unit-even]: the bytes are at least this new.
    const auto seen = sequence.load(std::memory_order_acquire);
    if ((seen & 1U) != 0 && !own_) return false;
    units_[count_++] = {&sequence, seen};
    return true;
  }
  /// `outcome` if no unit has moved. Deepest first: each vouches for what was
  /// read through it.
  [[nodiscard]] lookup confirm(lookup outcome) const noexcept {
    fence::acquire();  // Partner of [unit-odd] and [take].
    for (auto i = count_; i > 0; --i) {
      // relaxed: behind the fence.
      if (units_[i - 1].sequence->load(std::memory_order_relaxed) !=
          units_[i - 1].seen) {
        return lookup::busy;
      }
    }
    return outcome;
  }

private:
  struct unit {
    const shared_u64* sequence;
    std::uint64_t seen;
  };
  // The shape, a way down, and a way down to the neighbour. Not zeroed.
  std::array<unit, 2 * btree_nodes::height_max + 3> units_;
  std::uint32_t count_ = 0;
  bool own_;
};

/// Inlined by force: g++ takes a function that only prefetches for one without
/// effect and drops the call.
template <class Order>
[[gnu::always_inline]] inline void btree<Order>::prefetch(
    [[maybe_unused]] offset node, [[maybe_unused]] bool inner) const noexcept {
#ifdef __GNUC__
  // A search would meet the lines one by one, the child's last; so they come at
  // once. A hint: an offset that makes no sense does no harm.
  const auto* const at = img_->bytes(node & offset_mask);
  const auto bytes = std::min<std::uint32_t>(
      inner ? order_.nodes().inner_bytes() : order_.nodes().leaf_bytes(),
      btree_nodes::node_bytes);
#pragma GCC unroll 8
  for (std::uint32_t i = 0; i < btree_nodes::node_bytes; i += 64) {
    if (i < bytes) __builtin_prefetch(at + i);
  }
#endif
}

template <class Order>
int btree<Order>::compare(offset at, const key& sought, bool& sound) const {
  key_words_array words;
  for (std::uint32_t i = 0; i < order_.nodes().key_words(); ++i) {
    words[i] = word(at + 8ULL * i);
  }
  return order_.compare(*img_, words.data(), sought, sound);
}

template <class Order>
[[gnu::always_inline]] inline std::uint32_t btree<Order>::rank_in_leaf(
    offset leaf, leaf_order order, const key& sought, bool or_equal,
    bool& sound) const {
  const auto& nodes = order_.nodes();
  const auto count = order.count();
  if constexpr (Order::is_word) {
    // Four steps without a branch that depends on keys. A rank behind the last
    // names some slot; what lies there is not counted.
    const auto wanted = order_.rank_of(sought);
    // A key is one word, so they lie side by side.
    const auto* const keys = &img_->word(nodes.key_at(leaf, 0));
    std::uint32_t rank = 0;
#pragma GCC unroll 4
    for (std::uint32_t i = 0; i < 4; ++i) {
      const auto log = 3 - i;
      const auto next = rank + (1U << log);
      const auto slot = std::min(order.slot(next - 1), nodes.leaf_slots - 1);
      // relaxed: as in word().
      const auto here = order_.rank(keys[slot].load(std::memory_order_relaxed));
      const bool before = or_equal ? here <= wanted : here < wanted;
      // Added, not chosen: g++ would make a branch of it.
      rank += (static_cast<std::uint32_t>(before) &
               static_cast<std::uint32_t>(next <= count))
              << log;
    }
    return rank;
  } else {
    std::uint32_t low = 0;
    std::uint32_t high = count;
    while (low < high && sound) {
      const auto middle = (low + high) / 2;
      const auto slot = std::min(order.slot(middle), nodes.leaf_slots - 1);
      const auto c = compare(nodes.key_at(leaf, slot), sought, sound);
      if (c < 0 || (or_equal && c == 0)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}

template <class Order>
[[gnu::always_inline]] inline std::uint32_t btree<Order>::child_index(
    offset inner, std::uint32_t count, const key& sought, bool& sound) const {
  const auto& nodes = order_.nodes();
  if (count == 0) return 0;
  std::uint32_t base = 0;
  if constexpr (Order::is_word) {
    // A key is one word, so separators lie side by side.
    const auto* const keys = &img_->word(nodes.key_at(inner, 0));
    const auto wanted = order_.rank_of(sought);
    const auto is_not_above = [&](std::uint32_t index) {
      // relaxed: as in word().
      return order_.rank(keys[index].load(std::memory_order_relaxed)) <= wanted;
    };
    for (auto left = count; left > 1;) {
      const auto half = left / 2;
      base += is_not_above(base + half - 1) ? half : 0;
      left -= half;
    }
    return base + (is_not_above(base) ? 1 : 0);
  } else {
    auto high = count;
    while (base < high && sound) {
      const auto middle = (base + high) / 2;
      if (compare(nodes.key_at(inner, middle), sought, sound) <= 0) {
        base = middle + 1;
      } else {
        high = middle;
      }
    }
    return base;
  }
}

template <class Order>
std::uint32_t btree<Order>::pick_child(offset inner, std::uint32_t count,
                                       seek what, const key& sought,
                                       bool& sound) const {
  if (what == seek::first) return 0;
  if (what == seek::last) return count;
  return child_index(inner, count, sought, sound);
}

/// The point read, which has no neighbour to go to and so needs no steps. What
/// it has seen stays in its own frame: to g++ any atomic access may change what
/// a call knows of.
template <class Order>
template <class Found>
[[gnu::always_inline]] inline lookup btree<Order>::find_here(
    std::uint64_t generation, const key& sought, Found& found, bool own) const {
  struct unit {
    const shared_u64* sequence;
    std::uint64_t seen;
  };
  std::array<unit, btree_nodes::height_max + 1> units;
  std::uint32_t depth = 0;
  // Deepest first: each vouches for what was read through it.
  const auto confirm = [&](lookup outcome) __attribute__((always_inline)) {
    fence::acquire();  // Partner of [unit-odd] and [take].
    while (depth > 0) {
      const auto& last = units[--depth];
      // relaxed: behind the fence.
      if (last.sequence->load(std::memory_order_relaxed) != last.seen)
          [[unlikely]] {
        return lookup::busy;
      }
    }
    return outcome;
  };
  const auto& nodes = order_.nodes();
  const auto* const data = img_->bytes(0);
  auto end = img_->committed();
  const auto word_at = [data](offset at) -> const shared_u64& {
    return *reinterpret_cast<const shared_u64*>(data + at);
  };
  // acquire, here and below, pairs with [unit-even]: the bytes that follow are
  // at least this new.
  const auto shape_seen = root_->shape_sequence.load(std::memory_order_acquire);
  if ((shape_seen & 1U) != 0 && !own) return lookup::busy;
  units[depth++] = {&root_->shape_sequence, shape_seen};
  auto node = root_->shape[0].load(std::memory_order_relaxed);
  const auto height = root_->shape[1].load(std::memory_order_relaxed);
  if (root_->generation.load(std::memory_order_relaxed) != generation ||
      node == 0 || height >= btree_nodes::height_max) [[unlikely]] {
    // A copy, so that nothing knows of this one's place.
    const btree same{*this};
    auto wanted = sought;
    return same.find_slowly(generation, seek::equal, wanted, found, own);
  }
  bool sound = true;
  for (auto level = height;; --level) {
    const auto bytes = level > 0 ? nodes.inner_bytes() : nodes.leaf_bytes();
    if (node % 16 != 0 || !image::lies_below(end, node, bytes)) [[unlikely]] {
      // The segment may have grown since: what leads here is newer than `end`.
      end = img_->committed();
      if (node % 16 != 0 || !image::lies_below(end, node, bytes)) {
        return confirm(lookup::damaged);
      }
    }
    const auto& sequence = word_at(node);
    const auto seen = sequence.load(std::memory_order_acquire);
    if ((seen & 1U) != 0 && !own) return lookup::busy;
    units[depth++] = {&sequence, seen};
    if (level == 0) break;
    const auto count = word_at(node + 8).load(std::memory_order_relaxed);
    if (count > nodes.inner_keys) [[unlikely]]
      return confirm(lookup::damaged);
    const auto index =
        child_index(node, static_cast<std::uint32_t>(count), sought, sound);
    if (!sound) [[unlikely]]
      return confirm(lookup::damaged);
    node = word_at(nodes.child_at(node, index)).load(std::memory_order_relaxed);
    prefetch(node, level > 1);
  }
  const leaf_order order{word_at(node + 8).load(std::memory_order_relaxed)};
  const auto rank = rank_in_leaf(node, order, sought, false, sound);
  if (!sound) return confirm(lookup::damaged);
  if (rank >= order.count()) {
    // An empty leaf is no part of a tree.
    return confirm(order.count() == 0 ? lookup::damaged : lookup::absent);
  }
  const auto slot = order.slot(rank);
  if (slot >= nodes.leaf_slots) [[unlikely]]
    return confirm(lookup::damaged);
  key_words_array keys;
  for (std::uint32_t i = 0; i < nodes.key_words(); ++i) {
    keys[i] = word_at(nodes.key_at(node, slot) + 8ULL * i)
                  .load(std::memory_order_relaxed);
  }
  if (order_.compare(*img_, keys.data(), sought, sound) != 0 || !sound) {
    return confirm(sound ? lookup::absent : lookup::damaged);
  }
  value_words_array values;
  for (std::uint32_t i = 0; i < nodes.value_words(); ++i) {
    values[i] = word_at(nodes.value_at(node, slot) + 8ULL * i)
                    .load(std::memory_order_relaxed);
  }
  const bool makes_sense =
      found(static_cast<const std::uint64_t*>(keys.data()),
            static_cast<const std::uint64_t*>(values.data()));
  return confirm(makes_sense ? lookup::found : lookup::damaged);
}

template <class Order>
template <class Found>
lookup btree<Order>::find_slowly(std::uint64_t generation, seek what,
                                 const key& sought, Found&& found,
                                 bool own) const {
  visits seen{own};
  if (!seen.enter(root_->shape_sequence)) return lookup::busy;
  if (root_->generation.load(std::memory_order_relaxed) != generation) {
    return seen.confirm(lookup::removed);
  }
  const auto& nodes = order_.nodes();
  auto node = root_->shape[0].load(std::memory_order_relaxed);
  const auto height = root_->shape[1].load(std::memory_order_relaxed);
  if (node == 0) return seen.confirm(lookup::absent);
  if (height > btree_nodes::height_max) return seen.confirm(lookup::damaged);
  std::array<step, btree_nodes::height_max> steps;
  for (std::uint32_t level = 0; level < height; ++level) {
    if (!is_inner(node)) return seen.confirm(lookup::damaged);
    if (!seen.enter(img_->word(node))) return lookup::busy;
    const auto said = word(node + 8);
    if (said > nodes.inner_keys) return seen.confirm(lookup::damaged);
    const auto count = static_cast<std::uint32_t>(said);
    bool sound = true;
    const auto index = pick_child(node, count, what, sought, sound);
    if (!sound) return seen.confirm(lookup::damaged);
    steps[level] = {node, index, count};
    node = word(nodes.child_at(node, index));
    prefetch(node, level + 1 < height);
  }
  return settle_at_leaf(seen, node, what, sought, steps.data(),
                        static_cast<std::uint32_t>(height),
                        std::forward<Found>(found));
}

template <class Order>
template <class Found>
lookup btree<Order>::settle_at_leaf(visits& seen, offset leaf, seek what,
                                    const key& sought, const step* steps,
                                    std::uint32_t height, Found&& found) const {
  const auto& nodes = order_.nodes();
  if (!is_leaf(leaf)) return seen.confirm(lookup::damaged);
  if (!seen.enter(img_->word(leaf))) return lookup::busy;
  auto order = order_of(leaf);
  // An empty leaf is no part of a tree.
  if (order.count() == 0) return seen.confirm(lookup::damaged);
  const bool backward =
      what == seek::last || what == seek::below || what == seek::not_above;
  std::uint32_t rank = 0;
  if (what == seek::last) {
    rank = order.count();
  } else if (what != seek::first) {
    bool sound = true;
    rank = rank_in_leaf(leaf, order, sought,
                        what == seek::above || what == seek::not_above, sound);
    if (!sound) return seen.confirm(lookup::damaged);
  }
  if (backward ? rank == 0 : rank == order.count()) {
    if (what == seek::equal) return seen.confirm(lookup::absent);
    const auto [outcome, other] = neighbour(seen, steps, height, !backward);
    if (outcome == lookup::busy) return lookup::busy;
    if (outcome != lookup::found) return seen.confirm(outcome);
    leaf = other;
    if (!seen.enter(img_->word(leaf))) return lookup::busy;
    order = order_of(leaf);
    if (order.count() == 0) return seen.confirm(lookup::damaged);
    rank = backward ? order.count() : 0;
  }
  if (backward) --rank;
  const auto slot = order.slot(rank);
  if (slot >= nodes.leaf_slots) return seen.confirm(lookup::damaged);
  key_words_array keys;
  for (std::uint32_t i = 0; i < nodes.key_words(); ++i) {
    keys[i] = word(nodes.key_at(leaf, slot) + 8ULL * i);
  }
  if (what == seek::equal) {
    bool sound = true;
    if (order_.compare(*img_, keys.data(), sought, sound) != 0) {
      return seen.confirm(sound ? lookup::absent : lookup::damaged);
    }
  }
  value_words_array values;
  for (std::uint32_t i = 0; i < nodes.value_words(); ++i) {
    values[i] = word(nodes.value_at(leaf, slot) + 8ULL * i);
  }
  const bool makes_sense =
      found(static_cast<const std::uint64_t*>(keys.data()),
            static_cast<const std::uint64_t*>(values.data()));
  return seen.confirm(makes_sense ? lookup::found : lookup::damaged);
}

/// The leaf before or behind the one that `steps` lead to, entered but for
/// itself.
template <class Order>
std::pair<lookup, offset> btree<Order>::neighbour(visits& seen,
                                                  const step* steps,
                                                  std::uint32_t height,
                                                  bool forward) const {
  const auto& nodes = order_.nodes();
  auto level = height;
  while (level > 0 &&
         (forward ? steps[level - 1].index == steps[level - 1].count
                  : steps[level - 1].index == 0)) {
    --level;
  }
  if (level == 0) return {lookup::absent, 0};
  const auto& turn = steps[level - 1];
  auto node = word(
      nodes.child_at(turn.node, forward ? turn.index + 1 : turn.index - 1));
  for (; level < height; ++level) {
    if (!is_inner(node)) return {lookup::damaged, 0};
    if (!seen.enter(img_->word(node))) return {lookup::busy, 0};
    const auto count = word(node + 8);
    if (count > nodes.inner_keys) return {lookup::damaged, 0};
    node = word(
        nodes.child_at(node, forward ? 0 : static_cast<std::uint32_t>(count)));
  }
  return {is_leaf(node) ? lookup::found : lookup::damaged, node};
}

}  // namespace commy::memory
