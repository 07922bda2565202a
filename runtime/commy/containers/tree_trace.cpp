#include <commy/containers/tree_trace.hpp>
#include <commy/containers/type_layout.hpp>
#include <commy/memory/packed_bytes.hpp>

#include <array>

namespace commy::memory {
namespace {

std::uint64_t load(const shared_u64& word) {
  return word.load(std::memory_order_acquire);
}

/// Walks a tree from left to right.
class tree_walk {
public:
  tree_walk(block_tracer& tracer, const btree_nodes& nodes,
            const type_tree& type, const std::string& name, bool shell)
      : tracer_{tracer},
        nodes_{nodes},
        type_{type},
        name_{name},
        shell_{shell} {}

  /// The entries at and below a node. Each node is reached once, whatever its
  /// bytes say, so the walk ends.
  std::uint64_t visit(offset node, std::uint64_t level) {
    const auto bytes = level == 0 ? nodes_.leaf_bytes() : nodes_.inner_bytes();
    if (!tracer_.reach(node, bytes, block_kind::plain, name_ + ": a node")) {
      return 0;
    }
    tracer_.expect_even(img().word(node), name_ + ": a node");
    const auto said = load(img().word(node + 8));
    return level == 0 ? visit_leaf(node, leaf_order{said})
                      : visit_inner(node, level, said);
  }

private:
  [[nodiscard]] const image& img() const noexcept { return tracer_.img(); }

  std::uint64_t visit_leaf(offset leaf, leaf_order order) {
    if (!order.sound(nodes_.leaf_slots) || order.count() == 0) {
      return tracer_.finding(name_ + " has an unsound leaf"), 0;
    }
    // The entries of a shell live elsewhere, or not any more.
    for (std::uint32_t i = 0; !shell_ && i < order.count(); ++i) {
      const auto slot = order.slot(i);
      ascend(nodes_.key_at(leaf, slot), true);
      if (nodes_.value_is_text) {
        tracer_.trace_text(text_at(nodes_.value_at(leaf, slot)).data(),
                           name_ + ": a value");
      }
      if (nodes_.value_is_nested) {
        trace_nested(tracer_, text_at(nodes_.value_at(leaf, slot)).data(),
                     type_.element(), name_ + ": a value");
      }
    }
    return order.count();
  }

  std::uint64_t visit_inner(offset inner, std::uint64_t level,
                            std::uint64_t separators) {
    if (separators > nodes_.inner_keys) {
      return tracer_.finding(name_ + " has an unsound inner node"), 0;
    }
    std::uint64_t entries = 0;
    for (std::uint32_t i = 0; i <= separators; ++i) {
      entries += visit(load(img().word(nodes_.child_at(inner, i))), level - 1);
      if (i == separators) continue;
      if (!shell_) {
        ascend(nodes_.key_at(inner, i), false);
      } else if (nodes_.key_is_text) {
        tracer_.trace_text(text_at(nodes_.key_at(inner, i)).data(),
                           name_ + ": a separator");
      }
    }
    return entries;
  }

  /// The next key or separator; a separator may be equal to the key behind it.
  void ascend(offset at, bool is_key) {
    std::string here;
    int order = -1;
    if (nodes_.key_is_text) {
      const auto words = text_at(at);
      if (!tracer_.trace_text(words.data(), name_ + ": a key")) return;
      copy_text(img(), {{words[0], words[1]}}, here);
      if (any_) order = last_.compare(here);
    } else {
      here.resize(type_.parameters[0].bytes);
      load_bytes(img(), at, type_.parameters[0].bytes, here.data());
      if (any_) {
        order = compare_values(type_.parameters[0],
                               reinterpret_cast<const std::byte*>(last_.data()),
                               reinterpret_cast<const std::byte*>(here.data()));
      }
    }
    if (last_was_key_ ? order >= 0 : order > 0) {
      tracer_.finding(name_ + " is not in order");
    }
    last_ = std::move(here);
    any_ = true;
    last_was_key_ = is_key;
  }

  [[nodiscard]] std::array<std::uint64_t, 2> text_at(offset at) const {
    return {load(img().word(at)), load(img().word(at + 8))};
  }

  block_tracer& tracer_;
  const btree_nodes& nodes_;
  const type_tree& type_;
  const std::string& name_;
  const bool shell_;
  std::string last_;
  bool any_ = false;
  bool last_was_key_ = false;
};

}  // namespace

void trace_tree(block_tracer& tracer, offset root_at, const type_tree& type,
                const std::string& name, bool shell) {
  const auto& object = tracer.img().root_at(root_at);
  const auto nodes = nodes_of(type);
  if (!nodes) {
    return tracer.finding(name + ": its type has no such keys or values");
  }
  const auto top = load(object.shape[0]);
  const auto level = load(object.shape[1]);
  std::uint64_t entries = 0;
  if (top != 0) {
    if (level > btree_nodes::height_max) {
      return tracer.finding(name + " is too high");
    }
    entries = tree_walk{tracer, *nodes, type, name, shell}.visit(top, level);
  }
  if (entries != load(object.motion[0])) {
    tracer.finding(name + " counts " + std::to_string(load(object.motion[0])) +
                   " entries and has " + std::to_string(entries));
  }
}

}  // namespace commy::memory
