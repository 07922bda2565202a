// What objects hold, by their descriptors: see memory/block_tracer.hpp.
#include <commy/base/units.hpp>
#include <commy/containers/tree_trace.hpp>
#include <commy/containers/type_layout.hpp>
#include <commy/memory/hash_table.hpp>
#include <commy/memory/topic_cells.hpp>
#include <commy/memory/vec_block.hpp>

#include <algorithm>

namespace commy::memory {
namespace {

struct any_slots {
  hash_slots slots;
  [[nodiscard]] const hash_slots& get() const noexcept { return slots; }
};

std::uint64_t load(const shared_u64& word) {
  return word.load(std::memory_order_acquire);
}

/// True if the entry's own key leads to it.
bool is_found(const hash_table<any_slots>& table, const hash_slots& slots,
              const table_key& key, const std::uint64_t* words) {
  std::uint64_t found[hash_slots::stride_max / 8]{};
  const auto place = table.locate(key);
  if (place.group == 0) return false;
  table.load_slot(place, found);
  return std::memcmp(found, words, slots.stride) == 0;
}

/// `nested`: the type of the values, when they are containers.
void trace_table(block_tracer& tracer, offset at, const hash_slots& slots,
                 const std::string& name, const type_tree* nested,
                 const std::function<void(const std::string&,
                                          const std::uint64_t*)>& entry) {
  const auto& img = tracer.img();
  const auto& object = img.root_at(at);
  const auto table_at = load(object.shape[0]);
  const auto groups = load(object.shape[1]);
  if (table_at == 0) {
    if (load(object.motion[0]) != 0) {
      tracer.finding(name + " counts without table");
    }
    return;
  }
  if (slots.count == 0 || slots.stride > hash_slots::stride_max ||
      !is_power_of_two(groups) || table_at % 64 != 0 ||
      groups > img.sizes().capacity / slots.group_bytes ||
      !img.holds(table_at, groups * slots.group_bytes)) {
    return tracer.finding(name + ": its table makes no sense");
  }
  if (!tracer.reach(table_at, groups * slots.group_bytes, block_kind::plain,
                    name + ": table")) {
    return;
  }
  for (std::uint64_t g = 0; g < groups; ++g) {
    tracer.expect_even(img.word(table_at + g * slots.group_bytes),
                       name + ": a group");
  }
  const hash_table<any_slots> table{img, at, any_slots{slots}};
  std::uint64_t entries = 0;
  table.for_each([&](const std::uint64_t* words) {
    ++entries;
    const auto who = name + "[" + std::to_string(entries) + "]";
    table_key key;
    std::string text;
    if (slots.key_is_text) {
      if (!tracer.trace_text(words, who + ": key")) return true;
      copy_text(img, {{words[0], words[1]}}, text);
      key.text = text;
    } else {
      std::memcpy(&key.bits, words, slots.key_bytes);
    }
    // In trash, groups that were emptied may end the way to a key.
    if (load(object.shape[3]) == 0 && !is_found(table, slots, key, words)) {
      tracer.finding(who + " is not found by its key");
    }
    if (slots.value_is_text) {
      tracer.trace_text(words + slots.value_at / 8, who + ": value");
    }
    if (nested != nullptr) {
      trace_nested(tracer, words + slots.value_at / 8, *nested, who);
    }
    entry(text, words);
    return true;
  });
  if (entries != load(object.motion[0])) {
    tracer.finding(name + " counts " + std::to_string(load(object.motion[0])) +
                   " entries and has " + std::to_string(entries));
  }
}

void trace_queue(block_tracer& tracer, offset at, const type_tree& element,
                 const std::string& name) {
  const auto& object = tracer.img().root_at(at);
  const auto capacity = load(object.shape[1]);
  const auto stride = align_up(element.bytes, 8);
  if (load(object.motion[1]) - load(object.motion[0]) > capacity) {
    tracer.finding(name + " holds more than its ring does");
  }
  if (capacity == 0) return;
  if (stride == 0 || capacity > tracer.img().sizes().capacity / stride) {
    return tracer.finding(name + ": its ring makes no sense");
  }
  tracer.reach(load(object.shape[0]), capacity * stride, block_kind::plain,
               name + ": ring");
}

void trace_vec(block_tracer& tracer, offset at, const type_tree& element,
               const std::string& name) {
  const auto& img = tracer.img();
  if (element.bytes == 0 || element.bytes > vec_block::element_max) {
    return tracer.finding(name + ": its type has no such elements");
  }
  const auto shape = vec_block::of(element.bytes);
  const auto state = vec_state::load(img.root_at(at));
  if (!state.sound(img, shape)) {
    return tracer.finding(name + " is no sound vector");
  }
  if (state.capacity == 0 ||
      !tracer.reach(state.block, state.block_bytes(shape), block_kind::plain,
                    name + ": elements")) {
    return;
  }
  if (state.lent != 0 &&
      !tracer.reach(state.lent, state.capacity * shape.bytes, block_kind::plain,
                    name + ": elements of a loan")) {
    return;
  }
  for (std::uint64_t g = 0; g < shape.groups(state.capacity); ++g) {
    tracer.expect_even(img.word(state.block + 8 * g), name + ": a group");
  }
  const bool nested = is_nestable(element.kind);
  if (element.kind != type_kind::text && !nested) return;
  for (std::uint64_t i = 0; i < state.size; ++i) {
    const auto cell = state.at(shape, i);
    const std::uint64_t words[2] = {load(img.word(cell)),
                                    load(img.word(cell + 8))};
    const auto who = name + "[" + std::to_string(i) + "]";
    if (nested) {
      trace_nested(tracer, words, element, who);
    } else {
      tracer.trace_text(words, who);
    }
  }
}

void trace_hash(block_tracer& tracer, offset at, const type_tree& type,
                const std::string& name) {
  const auto slots = slots_of(type);
  if (!slots) {
    return tracer.finding(name + ": its type has no such keys or values");
  }
  const auto* const nested = type.has_nested() ? &type.element() : nullptr;
  trace_table(tracer, at, *slots, name, nested,
              [](const std::string&, const std::uint64_t*) {});
}

}  // namespace

void trace_directory_table(block_tracer& tracer, offset root_at,
                           const std::function<void(const std::string&, offset,
                                                    std::uint64_t)>& entry) {
  trace_table(tracer, root_at, hash_slots::of(16, 16, 8, true, false),
              "directory", nullptr,
              [&](const std::string& name, const std::uint64_t* words) {
                entry(name, words[2], words[3]);
              });
}

void trace_content(block_tracer& tracer, offset root_at, std::string_view line,
                   const std::string& name, trash_kind kind) {
  const auto outermost = type_tree::parse(line);
  const auto* const type =
      outermost ? nested_type(*outermost, kind.level) : nullptr;
  if (type == nullptr) {
    return tracer.finding(name + ": its type '" +
                          std::string{line.substr(0, 80)} +
                          "' is not readable");
  }
  trace_typed(tracer, root_at, *type, name, kind.shell);
}

void trace_nested(block_tracer& tracer, const std::uint64_t* words,
                  const type_tree& type, const std::string& name) {
  // Each root is reached once, whatever cells say, so this ends.
  if (tracer.trace_root(words[0], name, words[1])) {
    trace_typed(tracer, words[0], type, name, false);
  }
}

void trace_typed(block_tracer& tracer, offset root_at, const type_tree& type,
                 const std::string& name, bool shell) {
  const auto& object = tracer.img().root_at(root_at);
  switch (type.kind) {
    case type_kind::box:
      tracer.reach(load(object.shape[0]), type.parameters[0].bytes,
                   block_kind::plain, name);
      break;
    case type_kind::topic: {
      // What it names: see block_tracer::trace_topics().
      const auto at = load(object.shape[0]);
      const auto topic = topic_at(tracer.img(), at);
      if (!topic) {
        tracer.finding(name + ": its topic makes no sense");
      } else {
        tracer.reach(at, topic_bytes(topic.depth), block_kind::plain, name);
      }
      break;
    }
    case type_kind::vec_deque:
      trace_queue(tracer, root_at, type.parameters[0], name);
      break;
    case type_kind::vec:
      trace_vec(tracer, root_at, type.parameters[0], name);
      break;
    case type_kind::hash_map:
    case type_kind::hash_set:
      trace_hash(tracer, root_at, type, name);
      break;
    case type_kind::btree_map:
    case type_kind::btree_set:
      trace_tree(tracer, root_at, type, name, shell);
      break;
    default: {
      const std::uint64_t words[2] = {load(object.motion[0]),
                                      load(object.motion[1])};
      tracer.trace_text(words, name);
    }
  }
}

}  // namespace commy::memory
