#include <commy/base/fence.hpp>
#include <commy/memory/topic_object.hpp>
#include <commy/memory/topic_repair.hpp>
#include <commy/memory/transaction_body.hpp>

#include <algorithm>

namespace commy::memory {
namespace {

struct idle_topic {
  offset at = 0;
  topic_view topic{};
};

/// Bytes of a removed topic with so many cells, if there are any.
idle_topic find_idle(const image& img, std::uint32_t depth) {
  idle_topic found;
  for_each_topic(img, [&](offset at, const topic_view& topic) {
    if (topic.depth != depth ||
        topic.header->root.load(std::memory_order_relaxed) != 0) {
      return true;
    }
    found = {at, topic};
    return false;
  });
  return found;
}

void clear(const image& img, offset at, std::uint64_t bytes) {
  // relaxed: aside, nobody sees it before it is linked.
  for (std::uint64_t i = 0; i < bytes; i += 8)
    img.word(at + i).store(0, std::memory_order_relaxed);
}

}  // namespace

std::uint64_t next_position(const topic_view& topic) noexcept {
  auto next = ~std::uint64_t{0};
  for (std::uint32_t i = 0; i < topic.depth; ++i) {
    // acquire: what is below the answer was claimed before.
    const cell_word word{topic.cells[i].word.load(std::memory_order_acquire)};
    next = std::min(next, topic.position(word.lap() + 1, i));
  }
  return next;
}

std::uint64_t claimed_end(const topic_view& topic) noexcept {
  // relaxed: a hint.
  auto position = topic.header->tail.load(std::memory_order_relaxed);
  for (std::uint32_t step = 0; step <= topic.depth; ++step) {
    const cell_word word{
        topic.cell(position).word.load(std::memory_order_acquire)};
    if (word.lap() == ((topic.lap(position) - 1) & offset_mask)) {
      return position;
    }
    if (word.lap() != topic.lap(position)) break;
    ++position;
  }
  return next_position(topic);
}

void initialise_topic(transaction& txn, root& object, std::uint32_t depth,
                      topic_mode mode) {
  const auto& img = txn.img();
  const auto place = img.offset_of(&object);
  if (const auto idle = find_idle(img, depth); idle.topic) {
    auto& header = *idle.topic.header;
    txn.store(header.root, place);
    txn.store(header.mode, mode.raw);
    txn.store(header.first, next_position(idle.topic));
    txn.store(header.refused, 0);
    txn.store(header.skipped, 0);
    object.shape[0].store(idle.at, std::memory_order_relaxed);
    return;
  }
  const auto at = txn.take(topic_bytes(depth));
  clear(img, at, topic_bytes(depth));
  auto& header = *reinterpret_cast<topic_header*>(img.bytes(at));
  header.depth.store(depth, std::memory_order_relaxed);
  header.root.store(place, std::memory_order_relaxed);
  header.life.store(1, std::memory_order_relaxed);
  header.mode.store(mode.raw, std::memory_order_relaxed);
  header.first.store(depth, std::memory_order_relaxed);
  header.tail.store(depth, std::memory_order_relaxed);
  object.shape[0].store(at, std::memory_order_relaxed);
}

result<void, write_error> link_topic(engine& owner, const object_place& place) {
  const auto& img = owner.img();
  const auto at =
      img.root_at(place.root).shape[0].load(std::memory_order_acquire);
  const auto topic = topic_at(img, at);
  if (!topic) return unexpected{write_error::damaged};
  // Also when it has a number: who gave it that may have died before its
  // commit, and the number go again. Under the lock it has been settled.
  const auto directory = directory_place(owner);
  if (directory.root == 0) return unexpected{write_error::damaged};
  return owner.write(directory.root, directory.generation, owner.patience(),
                     [&](transaction& txn) {
                       // Under the lock: a removal would have moved it on.
                       if (img.root_at(place.root)
                               .generation.load(std::memory_order_relaxed) !=
                           place.generation) {
                         throw write_failed{write_error::removed};
                       }
                       if (topic.number() != 0) return;
                       auto& list = first_topic(img.root_at(directory.root));
                       const auto before = list.load(std::memory_order_relaxed);
                       std::uint64_t number = 1;
                       if (before != 0) {
                         const auto last = topic_at(img, before);
                         if (!last) throw write_failed{write_error::damaged};
                         number += last.number();
                       }
                       if (number > topics_max) {
                         throw write_failed{write_error::too_many_objects};
                       }
                       txn.store(topic.header->next, before);
                       txn.store(topic.header->number, number);
                       // release, pairs with the acquire in for_each_topic():
                       // the bytes.
                       fence::release();
                       txn.store(list, at);
                     });
}

void give_up_topic(transaction& txn, root& object) {
  const auto& img = txn.img();
  const auto at = object.shape[0].load(std::memory_order_relaxed);
  if (at == 0) return;
  const auto topic = topic_at(img, at);
  if (!topic) throw write_failed{write_error::damaged};
  auto& header = *topic.header;
  if (topic.number() == 0) {
    txn.drop(at);
  } else if (header.root.load(std::memory_order_relaxed) ==
             img.offset_of(&object)) {
    txn.store(header.life, header.life.load(std::memory_order_relaxed) + 1);
    drain_topic(img, topic);
    txn.store(header.root, 0);
  }
  txn.store(object.shape[0], 0);
}

}  // namespace commy::memory
