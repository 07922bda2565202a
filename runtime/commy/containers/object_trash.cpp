// What removed objects give back, by their descriptors: see
// memory/object_removal.hpp.
#include <commy/containers/type_tree.hpp>
#include <commy/memory/hash_slots.hpp>
#include <commy/memory/object_removal.hpp>
#include <commy/memory/text_cell.hpp>

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
  if (slots.key_is_text || slots.value_is_text) {
    // A group's records are at most two texts for each of 13 slots and two
    // control words, each of two words; and the three stores below.
    constexpr std::uint64_t of_group = 2 * (2 * 13 + 2) + 2 * 3;
    while (group < groups && txn.log_left() > txn.log_room() / 2 + of_group) {
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

}  // namespace

bool drop_content(transaction& txn, offset root_at, std::string_view line) {
  const auto type = type_tree::parse(line);
  if (!type) throw write_failed{write_error::damaged};
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
    case type_kind::hash_map: {
      const auto& key = type->parameters[0];
      const auto& value = type->parameters[1];
      if (key.bytes > hash_slots::stride_max ||
          value.bytes > hash_slots::stride_max) {
        throw write_failed{write_error::damaged};
      }
      return drop_table(txn, object,
                        hash_slots::of(key.bytes, value.bytes,
                                       std::max(1U, std::min(value.align, 8U)),
                                       key.kind == type_kind::text,
                                       value.kind == type_kind::text));
    }
    case type_kind::text:
      drop_cell(txn, txn.img().offset_of(&object.motion[0]));
      txn.store(object.motion[0], 0);
      txn.store(object.motion[1], 0);
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
