#include "block_trace.hpp"

#include <commy/containers/type_tree.hpp>
#include <commy/memory/btree_nodes.hpp>
#include <commy/memory/classes.hpp>
#include <commy/memory/hash_table.hpp>
#include <commy/memory/vec_block.hpp>

#include <unordered_map>

namespace commy::test {
namespace {

using namespace memory;

struct any_slots {
  hash_slots slots;
  [[nodiscard]] const hash_slots& get() const noexcept { return slots; }
};

std::uint64_t load(const shared_u64& word) {
  return word.load(std::memory_order_acquire);
}

class tracer {
public:
  explicit tracer(const image& img) : img_{img} {}

  trace_report walk() {
    const auto directory = img_.header().directory;
    trace_object(directory, "directory");
    count_words();
    return std::move(report_);
  }

private:
  void problem(std::string text) {
    if (report_.problems.size() < 20) {
      report_.problems.push_back(std::move(text));
    }
  }

  /// Notes that `who` uses the block or run at `at`. False when it is none.
  bool reach(offset at, std::uint64_t bytes, block_kind kind,
             const std::string& who) {
    const auto [other, fresh] = reached_.emplace(at, who);
    if (!fresh) problem(who + " shares a block with " + other->second);
    const auto page_bytes = img_.sizes().page_bytes;
    const auto page = at / page_bytes;
    if (at == 0 || page >= img_.page_count()) {
      problem(who + " lies outside of the segment");
      return false;
    }
    if (at % page_bytes == 0) {
      const page_word word{load(img_.page(page))};
      const bool good = word.state() == page_state::live &&
                        word.count() * page_bytes >= bytes;
      if (!good) problem(who + " dangles: its run is not live or too short");
      return good;
    }
    const auto place = find_block(img_, at, kind);
    if (!place) {
      problem(who + " is no block");
      return false;
    }
    const block_word word{load(img_.word(place.word))};
    if (word.state() != block_state::live || place.bytes < bytes) {
      problem(who + " dangles: its block is not live or too small");
      return false;
    }
    return true;
  }

  void even(const shared_u64& sequence, const std::string& who) {
    if ((load(sequence) & 1U) != 0) problem(who + " has an odd sequence");
  }

  void trace_text(const std::uint64_t* words, const std::string& who) {
    const text_cell cell{{words[0], words[1]}};
    if (!cell.sound(img_)) {
      problem(who + " is no sound text");
    } else if (cell.outside()) {
      reach(cell.block(), cell.size(), block_kind::plain, who);
    }
  }

  void trace_object(offset at, const std::string& name) {
    if (!reach(at, sizeof(root), block_kind::root, name)) return;
    const auto& object = img_.root_at(at);
    const block_word word{
        load(img_.word(find_block(img_, at, block_kind::root).word))};
    if (word.generation() != load(object.generation)) {
      problem(name + ": its root is of another generation than its block");
    }
    if (lock_word{load(object.lock)}.locked()) problem(name + " is locked");
    even(object.shape_sequence, name + ": shape");
    even(object.sequence, name);

    const auto line_at = load(object.type);
    if (!reach(line_at, 8, block_kind::plain, name + ": type line")) return;
    const auto bytes = load(img_.word(line_at));
    if (bytes > 4096 || !img_.holds(line_at + 8, bytes)) {
      return problem(name + ": its type line has no sound length");
    }
    const std::string line{
        reinterpret_cast<const char*>(img_.bytes(line_at + 8)), bytes};
    if (line == "directory") {
      return trace_table(at, hash_slots::of(16, 16, 8, true, false), name,
                         true);
    }
    const auto type = type_tree::parse(line);
    if (!type) return problem(name + ": type '" + line + "' is not readable");
    trace_content(at, *type, name);
  }

  void trace_content(offset at, const type_tree& type,
                     const std::string& name) {
    const auto& object = img_.root_at(at);
    switch (type.kind) {
      case type_kind::box:
        reach(load(object.shape[0]), type.parameters[0].bytes,
              block_kind::plain, name);
        break;
      case type_kind::vec_deque: {
        const auto capacity = load(object.shape[1]);
        const auto stride = align_up(type.parameters[0].bytes, 8);
        const auto count = load(object.motion[1]) - load(object.motion[0]);
        if (count > capacity) problem(name + " holds more than its ring does");
        if (capacity != 0) {
          reach(load(object.shape[0]), capacity * stride, block_kind::plain,
                name + ": ring");
        }
        break;
      }
      case type_kind::vec:
        trace_vec(object, type.parameters[0], name);
        break;
      case type_kind::btree_map:
      case type_kind::btree_set:
        trace_tree(object, type, name);
        break;
      case type_kind::hash_map:
      case type_kind::hash_set: {
        const auto& key = type.parameters[0];
        const bool is_map = type.kind == type_kind::hash_map;
        const auto value = is_map ? type.parameters[1] : type_tree{};
        trace_table(
            at,
            hash_slots::of(key.bytes, value.bytes, std::min(value.align, 8U),
                           key.kind == type_kind::text,
                           is_map && value.kind == type_kind::text),
            name, false);
        break;
      }
      default: {
        const std::uint64_t words[2] = {load(object.motion[0]),
                                        load(object.motion[1])};
        trace_text(words, name);
      }
    }
  }

  void trace_vec(const root& object, const type_tree& element,
                 const std::string& name) {
    const auto shape = vec_block::of(element.bytes);
    const auto state = vec_state::load(object);
    if (!state.sound(img_, shape)) return problem(name + " is no sound vector");
    if (state.capacity == 0) return;
    if (!reach(state.block, shape.block_bytes(state.capacity),
               block_kind::plain, name + ": elements")) {
      return;
    }
    for (std::uint64_t g = 0; g < shape.groups(state.capacity); ++g) {
      even(img_.word(state.block + 8 * g), name + ": a group");
    }
    if (element.kind != type_kind::text) return;
    for (std::uint64_t i = 0; i < state.size; ++i) {
      std::uint64_t words[2];
      load_bytes(img_, state.at(shape, i), sizeof words, words);
      trace_text(words, name + "[" + std::to_string(i) + "]");
    }
  }

  void trace_tree(const root& object, const type_tree& type,
                  const std::string& name) {
    const auto& key = type.parameters[0];
    const bool is_map = type.kind == type_kind::btree_map;
    const auto nodes =
        btree_nodes::of(key.bytes, is_map ? type.parameters[1].bytes : 0,
                        key.kind == type_kind::text,
                        is_map && type.parameters[1].kind == type_kind::text);
    const auto top = load(object.shape[0]);
    std::uint64_t entries = 0;
    last_key_.clear();
    has_last_key_ = false;
    if (top != 0) {
      entries = trace_node(top, load(object.shape[1]), nodes, key, name);
    }
    if (entries != load(object.motion[0])) {
      problem(name + " counts " + std::to_string(load(object.motion[0])) +
              " entries and has " + std::to_string(entries));
    }
  }

  /// Keys and separators must ascend from left to right. Returns the entries.
  std::uint64_t trace_node(offset node, std::uint64_t level,
                           const btree_nodes& nodes, const type_tree& key,
                           const std::string& name) {
    if (level > 20) return problem(name + " is too high"), 0;
    const auto bytes = level == 0 ? nodes.leaf_bytes() : nodes.inner_bytes();
    if (!reach(node, bytes, block_kind::plain, name + ": a node")) return 0;
    even(img_.word(node), name + ": a node");
    const auto said = load(img_.word(node + 8));
    std::uint64_t entries = 0;
    if (level == 0) {
      const leaf_order order{said};
      if (!order.sound(nodes.leaf_slots) || order.count() == 0) {
        return problem(name + " has an unsound leaf"), 0;
      }
      for (std::uint32_t i = 0; i < order.count(); ++i) {
        const auto slot = order.slot(i);
        ascend(nodes.key_at(node, slot), key, true, name);
        if (nodes.value_is_text) {
          std::uint64_t words[2];
          load_bytes(img_, nodes.value_at(node, slot), sizeof words, words);
          trace_text(words, name + ": a value");
        }
      }
      return order.count();
    }
    if (said > nodes.inner_keys) {
      return problem(name + " has an unsound inner node"), 0;
    }
    for (std::uint32_t i = 0; i <= said; ++i) {
      entries += trace_node(load(img_.word(nodes.child_at(node, i))), level - 1,
                            nodes, key, name);
      if (i < said) ascend(nodes.key_at(node, i), key, false, name);
    }
    return entries;
  }

  /// A separator may be equal to the key behind it.
  void ascend(offset at, const type_tree& key, bool is_key,
              const std::string& name) {
    std::string here;
    if (key.kind == type_kind::text) {
      std::uint64_t words[2];
      load_bytes(img_, at, sizeof words, words);
      trace_text(words, name + ": a key");
      const text_cell cell{{words[0], words[1]}};
      if (!cell.sound(img_)) return;
      copy_text(img_, cell, here);
      if (has_last_key_ &&
          (last_was_key_ ? here <= last_key_ : here < last_key_)) {
        problem(name + " is not in order: '" + here + "'");
      }
    } else {
      here.resize(key.bytes);
      load_bytes(img_, at, key.bytes, here.data());
      const auto order =
          has_last_key_
              ? compare_values(
                    key, reinterpret_cast<const std::byte*>(last_key_.data()),
                    reinterpret_cast<const std::byte*>(here.data()))
              : -1;
      if (last_was_key_ ? order >= 0 : order > 0) {
        problem(name + " is not in order");
      }
    }
    last_key_ = here;
    has_last_key_ = true;
    last_was_key_ = is_key;
  }

  void trace_table(offset at, const hash_slots& slots, const std::string& name,
                   bool is_directory) {
    const auto& object = img_.root_at(at);
    const auto table_at = load(object.shape[0]);
    const auto groups = load(object.shape[1]);
    if (table_at == 0) {
      if (load(object.motion[0]) != 0) problem(name + " counts without table");
      return;
    }
    if (!reach(table_at, groups * slots.group_bytes, block_kind::plain,
               name + ": table")) {
      return;
    }
    for (std::uint64_t g = 0; g < groups; ++g) {
      even(img_.word(table_at + g * slots.group_bytes), name + ": a group");
    }
    const hash_table<any_slots> table{img_, at, any_slots{slots}};
    std::uint64_t entries = 0;
    table.for_each([&](const std::uint64_t* words) {
      ++entries;
      const auto who = name + "[" + std::to_string(entries) + "]";
      table_key key;
      std::string text;
      if (slots.key_is_text) {
        trace_text(words, who + ": key");
        const text_cell cell{{words[0], words[1]}};
        if (!cell.sound(img_)) return true;
        copy_text(img_, cell, text);
        key.text = text;
      } else {
        std::memcpy(&key.bits, words, slots.key_bytes);
      }
      std::uint64_t found[hash_slots::stride_max / 8]{};
      const auto place = table.locate(key);
      if (place.group == 0) {
        problem(who + " is not found by its key");
      } else {
        table.load_slot(place, found);
        if (std::memcmp(found, words, slots.stride) != 0) {
          problem(who + ": its key leads to another entry");
        }
      }
      if (slots.value_is_text) {
        trace_text(words + slots.value_at / 8, who + ": value");
      }
      if (is_directory) trace_entry(words, text);
      return true;
    });
    if (entries != load(object.motion[0])) {
      problem(name + " counts " + std::to_string(load(object.motion[0])) +
              " entries and has " + std::to_string(entries));
    }
  }

  void trace_entry(const std::uint64_t* words, const std::string& name) {
    trace_object(words[2], name);
    if (img_.holds(words[2], sizeof(root)) &&
        load(img_.root_at(words[2]).generation) != words[3]) {
      problem(name + ": the directory names another generation");
    }
  }

  void count_words() {
    const auto pages = img_.page_count();
    for (std::uint64_t p = 0; p < pages;) {
      const page_word word{load(img_.page(p))};
      const auto at = p * img_.sizes().page_bytes;
      std::uint64_t step = 1;
      switch (word.state()) {
        case page_state::live:
          ++report_.live_runs;
          step = std::max<std::uint64_t>(1, word.count());
          if (!reached_.contains(at)) {
            problem("the run at page " + std::to_string(p) + " leaks");
          }
          break;
        case page_state::reserved:
        case page_state::dropped:
          problem("page " + std::to_string(p) + " is still in a transaction");
          break;
        case page_state::slab:
          count_slab(p, word);
          break;
        default:
          break;
      }
      p += step;
    }
  }

  void count_slab(std::uint64_t page, page_word use) {
    const auto cls = static_cast<std::uint32_t>(use.count() & 0xffU);
    if (cls >= size_class_count) return problem("a slab of no known class");
    const auto shape = slab_shape::of(cls, img_.sizes());
    const auto base = page * img_.sizes().page_bytes;
    for (std::uint32_t i = 0; i < shape.count; ++i) {
      const block_word word{load(img_.word(base + 64 + 8ULL * i))};
      const auto at = base + shape.first + i * shape.block_bytes;
      const auto where = "block " + std::to_string(i) + " of page " +
                         std::to_string(page) + " (" +
                         std::to_string(shape.block_bytes) + " bytes)";
      switch (word.state()) {
        case block_state::free:
          break;
        case block_state::live:
          ++report_.live_blocks;
          if (!reached_.contains(at)) problem(where + " leaks");
          break;
        case block_state::owned:
        case block_state::in_ring:
          ++report_.loans;
          break;
        default:
          problem(where + " is still in a transaction");
      }
    }
  }

  const image& img_;
  trace_report report_;
  std::string last_key_;
  bool has_last_key_ = false;
  bool last_was_key_ = false;
  std::unordered_map<offset, std::string> reached_;
};

}  // namespace

std::string trace_report::text() const {
  std::string all;
  for (const auto& one : problems)
    all += "  " + one + "\n";
  return all;
}

trace_report trace_blocks(const image& img) { return tracer{img}.walk(); }

}  // namespace commy::test
