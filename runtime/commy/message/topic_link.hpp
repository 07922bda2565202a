// commy/message/topic_link.hpp: a topic's bytes, found by name.
#pragma once

#include <commy/memory/segment.hpp>
#include <commy/memory/topic_cells.hpp>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace commy {

using memory::slow_reader;

/// How a topic is made; matters to the one who makes it.
struct topic_options {
  /// Messages that the topic keeps, at most; a power of two from 2 to 65,536.
  /// Each keeps its block, so the segment needs room for so many, besides what
  /// subscribers hold.
  std::uint32_t depth = 64;
  /// Messages that a new subscriber gets of those published before it came; at
  /// most `depth`.
  std::uint32_t history = 0;
  slow_reader slow = slow_reader::lose_oldest;
};

/// One subscriber, as others see it.
struct topic_subscriber_info {
  memory::slot_index participant = 0;
  std::uint64_t lag = 0;     // Messages that it has not read yet.
  std::uint64_t missed = 0;  // Messages that it has lost.
};

/// A topic as it is, by hints and by what subscribers say of themselves.
struct topic_statistics {
  std::uint64_t published = 0;  // Since it was made.
  std::uint64_t evicted = 0;    // Of these, no longer to be had.
  std::uint64_t refused = 0;    // Publications for which there was no room.
  std::uint64_t skipped = 0;    // Begun by publishers that died.
  std::uint32_t depth = 0;
  std::uint32_t history = 0;
  slow_reader slow = slow_reader::lose_oldest;
  std::vector<topic_subscriber_info> subscribers;
};

namespace message {

/// What publisher and subscriber of a topic have alike: where it is, and which
/// life of its bytes they belong to. Copies are the same topic.
class topic_link {
public:
  /// Opens the topic, or makes it. `type` is its type line. Fails with
  /// type_mismatch, read_only, refused (the options, too many topics) and as
  /// each object.
  static result<topic_link, open_error> open_or_create(
      const std::shared_ptr<memory::engine>& owner, std::string_view name,
      std::string_view type, const topic_options& options);
  static result<topic_link, open_error> open(
      const std::shared_ptr<memory::engine>& owner, std::string_view name,
      std::string_view type);

  [[nodiscard]] const std::shared_ptr<memory::engine>& owner() const noexcept {
    return owner_;
  }
  [[nodiscard]] const memory::image& img() const noexcept {
    return owner_->img();
  }
  [[nodiscard]] const memory::topic_view& topic() const noexcept {
    return topic_;
  }
  [[nodiscard]] memory::topic_mode mode() const noexcept { return mode_; }
  [[nodiscard]] std::uint32_t number() const noexcept { return number_; }
  [[nodiscard]] std::uint64_t life() const noexcept { return life_; }
  /// What lanes wait for that wait for room.
  [[nodiscard]] memory::offset place() const noexcept { return place_; }
  /// False once the topic has been removed. A look at a line that hardly ever
  /// changes. seq_cst: see [withdraw].
  [[nodiscard]] bool is_alive() const noexcept {
    return topic_.header->life.load(std::memory_order_seq_cst) == life_;
  }
  /// Requires: the engine is usable.
  [[nodiscard]] topic_statistics statistics() const;

private:
  topic_link() noexcept = default;
  static result<topic_link, open_error> at(
      const std::shared_ptr<memory::engine>& owner, std::string_view name,
      const result<memory::object_place, open_error>& place);

  std::shared_ptr<memory::engine> owner_;
  memory::topic_view topic_;
  memory::topic_mode mode_;
  memory::offset place_ = 0;
  std::uint32_t number_ = 0;
  std::uint64_t life_ = 0;
};

}  // namespace message
}  // namespace commy
