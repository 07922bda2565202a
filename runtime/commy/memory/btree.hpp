// commy/memory/btree.hpp: the algorithm behind ordered maps and sets.
#pragma once

#include <commy/base/fence.hpp>
#include <commy/memory/btree_nodes.hpp>
#include <commy/memory/change_ring.hpp>
#include <commy/memory/hash_table.hpp>
#include <commy/memory/text_cell.hpp>
#include <commy/memory/transaction.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

namespace commy::memory {

/// Which entry a search is for.
enum class seek : std::uint8_t {
  first,
  last,
  equal,      // The key.
  not_below,  // The first entry that is not below the key: lower bound.
  above,      // The first entry above the key: upper bound.
  below,      // The last entry below the key.
  not_above,  // The last entry that is not above the key.
};

/// A tree whose leaves hold all entries (a B+ tree): inner nodes hold
/// separators, which need not be keys that exist; between texts the shortest.
/// Every node is a unit, so that a look is disturbed only by who changes a node
/// on its way. It checks the sequences of what it visited, deepest first: a
/// node is freed only after its parent turned odd, so a freed one is found out.
///
/// A leaf that is left with a quarter of its slots joins its neighbour when
/// both fit into three quarters of one; an empty one goes.
///
/// In the root: shape[0] topmost node (0: no entries), shape[1] levels of inner
/// nodes above the leaves; motion[0] entries.
///
/// `Order` says how keys compare; `nodes()` their sizes. With `is_word` a key
/// is one word, and `rank(word)` an integer of the same order. `key` is what a
/// search is for; `compare(image, stored words, key, sound)` answers below 0, 0
/// or above 0, and clears `sound` when the stored words make no sense.
template <class Order>
class btree {
public:
  using key = typename Order::key;

  btree(const image& img, offset root_at, Order order) noexcept
      : img_{&img}, root_{&img.root_at(root_at)}, order_{order} {}

  /// One optimistic look. `found(key words, value words)` gets copies; see
  /// hash_table::find. Cost: root's shape line, a few lines a level.
  template <class Found>
  [[nodiscard]] lookup find(std::uint64_t generation, seek what,
                            const key& sought, Found&& found,
                            bool own = false) const {
    if (what == seek::equal) return find_here(generation, sought, found, own);
    return find_slowly(generation, what, sought, std::forward<Found>(found),
                       own);
  }

  /// `equal`, inlined by force: see hash_table::find_here.
  template <class Found>
  [[nodiscard]] lookup find_here(std::uint64_t generation, const key& sought,
                                 Found& found, bool own) const;

  /// The way from the top to an entry, for who holds the lock or a guard: in
  /// inner nodes the index of the child, in the leaf the rank.
  struct step {
    offset node;
    std::uint32_t index;
    std::uint32_t count;
  };
  struct path {
    // Not zeroed: a way is a few steps long.
    std::array<step, btree_nodes::height_max + 1> steps;
    std::uint32_t height = 0;  // steps[height] is the leaf.
    bool there = false;        // At an entry.

    [[nodiscard]] step& leaf() noexcept { return steps[height]; }
    [[nodiscard]] const step& leaf() const noexcept { return steps[height]; }
  };
  /// Throws `write_failed{damaged}` when nodes make no sense. For `equal` the
  /// path leads to the key's place, also when it is not there.
  [[nodiscard]] path locate(seek what, const key& sought) const;
  /// On to the neighbour; not `there` behind the last or before the first.
  void advance(path& at) const;
  void retreat(path& at) const;
  [[nodiscard]] offset key_at(const path& at) const noexcept;
  [[nodiscard]] offset value_at(const path& at) const noexcept;
  void load_key(const path& at, std::uint64_t* words) const noexcept;
  void load_value(const path& at, std::uint64_t* words) const noexcept;

  /// Adds an entry at `at`, which `locate(equal)` gave for its key. Changes
  /// leave the path worthless.
  void insert(transaction& txn, path& at, const std::uint64_t* key_words,
              const std::uint64_t* value_words);
  /// The old text or nested container, if the value is one, is given back.
  void replace_value(transaction& txn, const path& at,
                     const std::uint64_t* words);
  /// What key and value hold is given back.
  void erase(transaction& txn, path& at);
  /// Gives back what the entry at `at` holds, which `rebuild` leaves out.
  void drop_entry(transaction& txn, const path& at) const {
    drop_key(txn, key_at(at));
    drop_value(txn, value_at(at));
  }
  /// Becomes a tree of the entries that `next(key words, value words)` makes,
  /// in ascending order, until it answers false; the old nodes are given back,
  /// and with `drop_texts` all that their entries hold. The payload is not
  /// logged.
  template <class Next>
  void rebuild(transaction& txn, bool drop_texts, Next&& next);

  [[nodiscard]] std::uint64_t size() const noexcept {
    return root_->motion[0].load(std::memory_order_relaxed);
  }

private:
  // Keys and values are copied to the stack.
  using key_words_array = std::array<std::uint64_t, btree_nodes::key_max / 8>;
  using value_words_array =
      std::array<std::uint64_t, btree_nodes::value_max / 8>;

  /// The sequences that one optimistic look has seen.
  class visits;
  /// Any kind of look.
  template <class Found>
  [[nodiscard, gnu::noinline]] lookup find_slowly(std::uint64_t generation,
                                                  seek what, const key& sought,
                                                  Found&& found,
                                                  bool own) const;
  template <class Found>
  [[nodiscard]] lookup settle_at_leaf(visits& seen, offset leaf, seek what,
                                      const key& sought, const step* steps,
                                      std::uint32_t height,
                                      Found&& found) const;
  [[nodiscard]] std::pair<lookup, offset> neighbour(visits& seen,
                                                    const step* steps,
                                                    std::uint32_t height,
                                                    bool forward) const;

  [[nodiscard]] std::uint64_t word(offset at) const noexcept {
    // relaxed: validated by the node's sequence, or under the lock.
    return img_->word(at).load(std::memory_order_relaxed);
  }
  [[nodiscard]] bool is_inner(offset node) const noexcept {
    return node % 16 == 0 && img_->holds(node, order_.nodes().inner_bytes());
  }
  [[nodiscard]] bool is_leaf(offset node) const noexcept {
    return node % 16 == 0 && img_->holds(node, order_.nodes().leaf_bytes());
  }
  [[nodiscard]] leaf_order order_of(offset leaf) const noexcept {
    return {word(leaf + 8)};
  }
  [[nodiscard]] int compare(offset key_at, const key& sought,
                            bool& sound) const;
  /// How many keys are below `sought`, or not above it.
  [[nodiscard]] std::uint32_t rank_in_leaf(offset leaf, leaf_order order,
                                           const key& sought, bool or_equal,
                                           bool& sound) const;
  /// How many separators are not above `sought`: the child to go on with.
  [[nodiscard]] std::uint32_t child_index(offset inner, std::uint32_t count,
                                          const key& sought, bool& sound) const;
  [[nodiscard]] std::uint32_t pick_child(offset inner, std::uint32_t count,
                                         seek what, const key& sought,
                                         bool& sound) const;
  void prefetch(offset node, bool inner) const noexcept;

  [[nodiscard]] step inner_step(offset node) const;
  [[nodiscard]] step leaf_step(offset node) const;
  [[nodiscard]] offset child(const step& at) const noexcept {
    return word(order_.nodes().child_at(at.node, at.index));
  }
  void descend(path& at, std::uint32_t from, bool leftmost) const;

  void copy_words(offset from, offset to, std::uint64_t words) const noexcept;
  void set_words(offset at, const std::uint64_t* from,
                 std::uint64_t words) const noexcept;
  [[nodiscard]] offset take_leaf(transaction& txn) const;
  [[nodiscard]] offset take_inner(transaction& txn) const;
  void put_in_leaf(transaction& txn, offset leaf, std::uint32_t rank,
                   const std::uint64_t* key_words,
                   const std::uint64_t* value_words, bool fresh) const;
  void put_in_saved_leaf(transaction& txn, offset leaf, std::uint32_t rank,
                         const std::uint64_t* key_words,
                         const std::uint64_t* value_words, bool fresh) const;
  void split_leaf(transaction& txn, path& at, const std::uint64_t* key_words,
                  const std::uint64_t* value_words);
  void add_child(transaction& txn, path& at, std::uint32_t level,
                 std::uint64_t* separator, offset right, bool at_end);
  [[nodiscard]] offset split_inner(transaction& txn, const step& at,
                                   std::uint64_t* separator, offset added,
                                   bool at_end);
  void set_top(transaction& txn, offset node, std::uint64_t height) const;
  void remove_child(transaction& txn, path& at, std::uint32_t level,
                    bool drop_separator);
  void lower_top(transaction& txn, std::uint64_t height) const;
  [[nodiscard]] bool pick_pair(path& at, std::uint32_t level, offset& left,
                               offset& right) const;
  void join_leaves(transaction& txn, path& at);
  [[nodiscard]] bool join_inner(transaction& txn, path& at,
                                std::uint32_t level);
  void build_level(transaction& txn, std::vector<offset>& level,
                   std::vector<std::uint64_t>& separators) const;
  /// For the change log; before the key's text is given back.
  void note(transaction& txn, change_kind kind,
            const std::uint64_t* key_words) const;
  void note_at(transaction& txn, change_kind kind, const path& at) const;
  void drop_key(transaction& txn, offset at) const;
  void drop_value(transaction& txn, offset at) const;
  void drop_nodes(transaction& txn, offset node, std::uint64_t level,
                  bool drop_texts) const;

  const image* img_;
  root* root_;
  [[no_unique_address]] Order order_;
};

}  // namespace commy::memory

#include <commy/memory/detail/btree_build.hpp>
#include <commy/memory/detail/btree_erase.hpp>
#include <commy/memory/detail/btree_insert.hpp>
#include <commy/memory/detail/btree_path.hpp>
#include <commy/memory/detail/btree_read.hpp>
