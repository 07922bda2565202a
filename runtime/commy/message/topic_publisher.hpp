// commy/message/topic_publisher.hpp: puts loans into a topic.
#pragma once

#include <commy/memory/loan.hpp>
#include <commy/message/topic_error.hpp>
#include <commy/message/topic_link.hpp>

#include <chrono>
#include <cstdint>

namespace commy::message {

/// Publishes blocks to all subscribers of one topic.
///
/// Order against death at any instruction: the cell is claimed while it names
/// the block of the lap before; that one is evicted; its name is taken out; the
/// new block's is written; its info makes it count; the block goes OWNED ->
/// IN_TOPIC; FULL. So a claim names every block that its publisher has evicted
/// half way or given away already.
///
/// Cost: six compare-and-swaps (the claim; two holder words and the word of the
/// block that is overwritten, of which the last only if nobody holds it; the
/// word of the new block; FULL), five cache lines, whatever the payload and
/// however many subscribers; a system call for each that sleeps. With
/// `hold_publisher` also a look at each subscriber's cursor, once a round.
/// Threads: one at a time; any number of publishers side by side.
class topic_publisher {
public:
  using clock = std::chrono::steady_clock;

  explicit topic_publisher(topic_link link) noexcept : link_{std::move(link)} {}

  /// Publishes the block, which is empty afterwards, or says why not; then it
  /// is still the caller's. Never waits.
  result<void, publish_error> publish(memory::loan_block& block);
  /// The same, but waits for room until `deadline`; the failure then says for
  /// whom. Not inside a transaction.
  result<void, publish_error> publish(memory::loan_block& block,
                                      clock::time_point deadline);

  [[nodiscard]] const topic_link& link() const noexcept { return link_; }

private:
  struct claim {
    memory::topic_cell* cell = nullptr;
    memory::cell_word before;
    memory::cell_word mine;
  };

  [[nodiscard]] result<void, publish_error> check(
      const memory::loan_block& block) const;
  result<void, publish_error> try_publish(memory::loan_block& block);
  [[nodiscard]] result<claim, publish_error> claim_cell();
  [[nodiscard]] bool has_room(std::uint64_t position);
  [[nodiscard]] std::uint64_t lowest_cursor(std::uint64_t needed);
  [[nodiscard]] bool skip_dead(memory::topic_cell& cell,
                               memory::cell_word seen);
  result<void, publish_error> fill(const claim& mine,
                                   memory::loan_block& block);
  void wake_sleepers(std::uint64_t sleeping) noexcept;

  topic_link link_;
  // No live subscriber that joined before is below this position.
  std::uint64_t safe_below_ = 0;
  std::uint64_t joins_seen_ = ~std::uint64_t{0};
  // Who barred the last claim; a number that no slot has when it was many.
  memory::slot_index in_the_way_ = nobody;
  static constexpr memory::slot_index nobody = ~memory::slot_index{0};
};

}  // namespace commy::message
