#include <commy/memory/topic_object.hpp>
#include <commy/message/topic_link.hpp>

#include <algorithm>
#include <bit>
#include <string>

namespace commy::message {

using memory::engine;
using memory::object_place;
using memory::topic_mode;

namespace {

std::string why_unsound(const topic_options& options) {
  if (options.depth < 2 || options.depth > memory::topic_depth_max ||
      !std::has_single_bit(options.depth)) {
    return "the depth of a topic is a power of two from 2 to " +
           std::to_string(memory::topic_depth_max) + ", not " +
           std::to_string(options.depth);
  }
  if (options.history > options.depth) {
    return "a topic that keeps " + std::to_string(options.depth) +
           " messages has no history of " + std::to_string(options.history);
  }
  return {};
}

unexpected<open_error> refused(std::string_view name, std::string_view why) {
  return {open_error::refused, std::string{name} + ": " + std::string{why}};
}

unexpected<open_error> only_read(std::string_view name) {
  return {open_error::read_only,
          std::string{name} +
              ": publishers and subscribers of a topic both write to the "
              "segment"};
}

}  // namespace

result<topic_link, open_error> topic_link::at(
    const std::shared_ptr<engine>& owner, std::string_view name,
    const result<object_place, open_error>& place) {
  if (!place) return unexpected{place.error()};
  if (const auto linked = memory::link_topic(*owner, *place); !linked) {
    if (linked.error() == write_error::removed) {
      return unexpected{open_error::not_found, name};
    }
    if (linked.error() == write_error::too_many_objects) {
      return refused(name, "the segment has 4,095 topics, used or removed");
    }
    return memory::open_failure(linked.error(), name);
  }
  topic_link made;
  made.owner_ = owner;
  const auto& root = owner->img().root_at(place->root);
  made.place_ = root.shape[0].load(std::memory_order_acquire);
  made.topic_ = memory::topic_at(owner->img(), made.place_);
  if (!made.topic_) return unexpected{open_error::damaged, name};
  const auto& header = *made.topic_.header;
  made.number_ = made.topic_.number();
  // acquire: the life before the root's generation is looked at once more.
  made.life_ = header.life.load(std::memory_order_acquire);
  made.mode_ = topic_mode{header.mode.load(std::memory_order_acquire)};
  if (root.generation.load(std::memory_order_acquire) != place->generation ||
      header.root.load(std::memory_order_relaxed) != place->root) {
    return unexpected{open_error::not_found, name};
  }
  return made;
}

result<topic_link, open_error> topic_link::open_or_create(
    const std::shared_ptr<engine>& owner, std::string_view name,
    std::string_view type, const topic_options& options) {
  if (!owner->writable()) return only_read(name);
  if (const auto why = why_unsound(options); !why.empty()) {
    return refused(name, why);
  }
  const auto mode = topic_mode::make(options.slow, options.history);
  return at(owner, name,
            memory::create_object(
                *owner, name, type,
                [&](transaction& txn, memory::root& object) {
                  memory::initialise_topic(txn, object, options.depth, mode);
                },
                false));
}

result<topic_link, open_error> topic_link::open(
    const std::shared_ptr<engine>& owner, std::string_view name,
    std::string_view type) {
  if (!owner->writable()) return only_read(name);
  return at(owner, name, memory::find_object(*owner, name, type));
}

topic_statistics topic_link::statistics() const {
  topic_statistics now;
  const auto& header = *topic_.header;
  // relaxed, all: hints and statistics.
  const auto read = [](const memory::shared_u64& word) {
    return word.load(std::memory_order_relaxed);
  };
  const auto behind = [](std::uint64_t a, std::uint64_t b) {
    return a > b ? a - b : 0;
  };
  const auto tail = memory::claimed_end(topic_);
  const auto begun = behind(tail, read(header.first));
  now.refused = read(header.refused);
  now.skipped = read(header.skipped);
  now.published = behind(begun, now.skipped);
  now.evicted = behind(begun, topic_.depth);
  now.depth = topic_.depth;
  now.history = mode_.history();
  now.slow = mode_.holds_publisher() ? slow_reader::hold_publisher
                                     : slow_reader::lose_oldest;
  for (std::uint32_t s = 0; s < memory::holders_max; ++s) {
    const auto& entry = topic_.entries[s];
    const memory::entry_word word{read(entry.word)};
    if (word.state() != memory::entry_state::live || word.owner() == 0 ||
        read(entry.life) != life_) {
      continue;
    }
    now.subscribers.push_back({word.owner() - 1,
                               behind(tail, read(entry.cursor)),
                               read(entry.missed)});
  }
  return now;
}

}  // namespace commy::message
