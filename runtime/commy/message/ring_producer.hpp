// commy/message/ring_producer.hpp: a sender's view of another's inbox.
#pragma once

#include <commy/memory/ring_cells.hpp>
#include <commy/message/carried_loan.hpp>
#include <commy/message/message_id.hpp>
#include <commy/message/send_error.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace commy::message {

/// A message about to be sent: bytes that mean the same in every process.
struct outgoing {
  std::uint32_t actor = 0;  // The receiver's number for the target.
  message_id id{};
  std::span<const std::byte> bytes{};
  std::span<const carried_loan> loans{};
  memory::cell_kind kind = memory::cell_kind::message;
  /// Of all kinds but messages: travels before the bytes.
  std::uint64_t correlation = 0;
};

/// Pushes messages into one reader's ring.
///
/// Order against death at any instruction: payload, then the info that makes it
/// count, then each block OWNED -> IN_RING (the carrier last), then FULL. So a
/// claim names every block that its sender has given away already.
///
/// Cost without large payloads: a compare-and-swap for the cell, a full fence,
/// three cache lines, of which the cell alone comes from the reader's core
/// (every 16th message also the line of its progress); a system call only when
/// the reader sleeps, when the ring is full, or when it has not moved for a
/// while.
/// Threads: one at a time; several producers may push to one ring side by side.
class ring_producer {
public:
  /// `reader` is a participant slot, `tag` the number of its inbox's opening.
  ring_producer(std::shared_ptr<memory::engine> owner,
                memory::slot_index reader, std::uint64_t tag) noexcept;

  /// Sends a message, or says why not; never waits for the receiver. Messages
  /// of one thread arrive in the order they were sent. After success the loans
  /// are empty; after a failure they are the caller's (only when the receiver
  /// died in this very moment, a sweep may have freed some: those are empty).
  result<void, send_error> push(const outgoing& message);

  /// Messages pushed so far.
  [[nodiscard]] std::uint64_t sent() const noexcept { return sent_; }

private:
  struct claim {
    memory::ring_cell* cell;
    memory::cell_word word;
  };
  /// What goes into the cell.
  struct draft {
    std::array<std::uint64_t, memory::inline_bytes / 8> payload{};
    std::array<std::uint32_t, 2> places{memory::cell_info::no_place,
                                        memory::cell_info::no_place};
    std::uint32_t bytes = 0;
    bool carried = false;
  };

  [[nodiscard]] bool reader_is_gone() noexcept;
  /// Is it dead by the kernel's word? Then it is swept.
  [[nodiscard]] bool ask_for_reader() noexcept;
  [[nodiscard]] result<void, send_error> check(const outgoing& message) const;
  [[nodiscard]] result<memory::loan_block, send_error> make_carrier(
      const outgoing& message) const;
  [[nodiscard]] result<claim, send_error> claim_cell() noexcept;
  [[nodiscard]] std::uint64_t find_tail() const noexcept;
  [[nodiscard]] draft compose(const outgoing& message,
                              const memory::loan_block& carrier) const;
  void write(const claim& mine, const outgoing& message,
             const draft& made) const noexcept;
  /// Calls `step(block)` for each block that goes along, the carrier last.
  template <class Step>
  static void for_each_full(const outgoing& message,
                            const memory::loan_block& carrier, Step&& step);
  void take_back(const outgoing& message,
                 memory::loan_block& carrier) const noexcept;

  std::shared_ptr<memory::engine> owner_;
  memory::ring_view ring_;
  memory::slot_index reader_;
  std::uint64_t tag_;
  std::uint64_t head_seen_ = 0;  // The reader's progress at the last look.
  std::uint64_t next_look_;      // When so many are sent.
  std::uint64_t sent_ = 0;
};

}  // namespace commy::message
