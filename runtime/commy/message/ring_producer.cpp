#include <commy/base/fence.hpp>
#include <commy/memory/journal.hpp>
#include <commy/message/ring_producer.hpp>
#include <commy/message/ring_wake.hpp>
#include <commy/platform/thread_hint.hpp>

#include <algorithm>
#include <array>
#include <cstring>

namespace commy::message {

using memory::carrier_header;
using memory::cell_info;
using memory::cell_state;
using memory::cell_word;
using memory::loan_block;

namespace {

/// Once in so many messages a sender looks at the reader's progress, whose line
/// it leaves alone meanwhile. If messages wait and it has not moved at all
/// since the last look, the kernel is asked whether the reader lives (0.6 us).
/// So at most twice as many messages of each sender follow a reader that died
/// awake.
constexpr std::uint64_t look_interval = 16;
/// Cells behind the one just claimed, that the next messages of a burst go to:
/// the reader wrote them a lap ago, and one takes as long to come back from its
/// core (50 to 100 ns) as two or three messages take to be sent.
constexpr std::uint64_t cells_ahead = 8;

send_error translate(loan_error error) noexcept {
  switch (error) {
    case loan_error::too_large:
      return send_error::too_large;
    case loan_error::read_only:
      return send_error::read_only;
    case loan_error::detached:
      return send_error::detached;
    case loan_error::damaged:
      return send_error::damaged;
    default:
      return send_error::no_memory;
  }
}

/// With what comes before the payload.
std::size_t whole_bytes(const outgoing& message) noexcept {
  return memory::prefix_bytes(message.kind) + message.bytes.size();
}

bool fits_cell(const outgoing& message) noexcept {
  return whole_bytes(message) <= memory::inline_bytes &&
         message.loans.size() <= 2;
}

/// What travels: the correlation of kinds that have one, and the payload.
void copy_whole(const outgoing& message, std::byte* into) noexcept {
  const auto prefix = memory::prefix_bytes(message.kind);
  if (prefix != 0) std::memcpy(into, &message.correlation, prefix);
  if (!message.bytes.empty()) {
    std::memcpy(into + prefix, message.bytes.data(), message.bytes.size());
  }
}

/// The same for what fits a cell. By words: a call of memcpy, which must find
/// out how few bytes there are, takes as long as all else here.
void copy_small(const outgoing& message,
                std::array<std::uint64_t, memory::inline_bytes / 8>& into) {
  std::size_t at = 0;
  if (memory::prefix_bytes(message.kind) != 0) into[at++] = message.correlation;
  const auto* const bytes = message.bytes.data();
  const auto whole = message.bytes.size() / 8;
  for (std::size_t i = 0; i < whole; ++i)
    std::memcpy(&into[at++], bytes + 8 * i, 8);
  if (const auto rest = message.bytes.size() % 8; rest != 0) {
    std::memcpy(&into[at], bytes + 8 * whole, rest);
  }
}

}  // namespace

ring_producer::ring_producer(std::shared_ptr<memory::engine> owner,
                             memory::slot_index reader,
                             std::uint64_t tag) noexcept
    : owner_{std::move(owner)},
      ring_{memory::ring_of(owner_->img(), reader)},
      reader_{reader},
      tag_{tag},
      // Two looks tell something, and who sends one answer never has two.
      next_look_{look_interval} {}

bool ring_producer::ask_for_reader() noexcept {
  if (!owner_->is_dead(reader_)) return false;
  owner_->recover(reader_);
  return true;
}

// What push() alone calls is inlined by force: with the frames of as many calls
// a message takes a third more instructions.

[[gnu::always_inline]] inline bool ring_producer::reader_is_gone() noexcept {
  const auto& header = *ring_.header;
  // acquire, pairs with the store in ring_consumer::open().
  if (header.reader.load(std::memory_order_acquire) != tag_) return true;
  bool stuck = false;
  if (sent_ >= next_look_) {
    next_look_ = sent_ + look_interval;
    // relaxed: hints; both only decide whether the kernel is asked.
    const auto head = header.head.load(std::memory_order_relaxed);
    stuck = head == head_seen_ &&
            head != header.tail.load(std::memory_order_relaxed);
    head_seen_ = head;
  }
  if (!stuck && header.sleeper.load(std::memory_order_relaxed) == 0)
      [[likely]] {
    return false;
  }
  return ask_for_reader();
}

[[gnu::always_inline]] inline result<void, send_error> ring_producer::check(
    const outgoing& message) const {
  if (message.loans.size() > memory::loans_max) {
    return unexpected{send_error::too_many_loans};
  }
  if (whole_bytes(message) > memory::message_bytes_max) {
    failure_detail detail;
    detail.wanted = whole_bytes(message);
    detail.found = memory::message_bytes_max;
    return unexpected{send_error::too_large, detail};
  }
  for (const auto& loan : message.loans) {
    if (loan.place % 8 != 0 ||
        loan.place + sizeof(loan_handle) > message.bytes.size()) {
      return unexpected{send_error::bad_place};
    }
    if (loan.block != nullptr && *loan.block &&
        (loan.block->owner() != owner_ || !loan.block->is_sound())) {
      return unexpected{send_error::foreign_loan};
    }
    // Twice in one message: it can be handed over once.
    for (const auto* before = message.loans.data(); before != &loan; ++before) {
      if (loan.block != nullptr && before->block == loan.block) {
        return unexpected{send_error::foreign_loan};
      }
    }
  }
  return {};
}

result<loan_block, send_error> ring_producer::make_carrier(
    const outgoing& message) const {
  const auto bytes = whole_bytes(message);
  const auto prefix = memory::prefix_bytes(message.kind);
  auto block = loan_block::take(owner_, sizeof(carrier_header) + bytes, 0);
  if (!block) {
    return unexpected{translate(block.error().code()), block.error().detail()};
  }
  carrier_header header{static_cast<std::uint32_t>(bytes), 0, {}};
  auto* const payload = block->data() + sizeof header;
  copy_whole(message, payload);
  for (const auto& loan : message.loans) {
    const auto place = prefix + loan.place;
    loan_handle handle;
    if (loan.block != nullptr && *loan.block) {
      handle = loan.block->next_handle();
      header.places[header.loans++] = static_cast<std::uint16_t>(place / 8);
    }
    std::memcpy(payload + place, &handle, sizeof handle);
  }
  std::memcpy(block->data(), &header, sizeof header);
  return std::move(*block);
}

std::uint64_t ring_producer::find_tail() const noexcept {
  // The smallest position that no cell has seen claimed. A cell only moves on,
  // so the answer is never too high, whatever happens meanwhile.
  std::uint64_t tail = ~std::uint64_t{0};
  for (std::uint32_t i = 0; i < ring_.count; ++i) {
    const cell_word word{ring_.cells[i].word.load(std::memory_order_relaxed)};
    const auto position = ring_.position(word.lap(), i);
    tail = std::min(tail, word.state() == cell_state::free
                              ? position
                              : position + ring_.count);
  }
  return tail;
}

[[gnu::always_inline]] inline result<ring_producer::claim, send_error>
ring_producer::claim_cell() noexcept {
  // relaxed: a hint. It may lag behind, then the walk below goes forward; a
  // number that no sender has written is found out by the cell's lap.
  auto position = ring_.header->tail.load(std::memory_order_relaxed);
  // A step is a claim by somebody else, or one of three new beginnings: after
  // four laps of them the ring is in effect full.
  int beginnings = 0;
  for (std::uint32_t step = 0; step < 4 * ring_.count + 4; ++step) {
    auto& cell = ring_.cell(position);
    // acquire, pairs with the reader's release of the cell: it has copied what
    // we are about to overwrite.
    cell_word word{cell.word.load(std::memory_order_acquire)};
    const auto lap = ring_.lap(position);
    if (word.lap() == lap) {
      const auto mine = word.claimed_by(owner_->slot());
      if (word.state() == cell_state::free &&
          cell.word.compare_exchange_strong(word.raw, mine.raw,
                                            std::memory_order_acq_rel,
                                            std::memory_order_relaxed)) {
        // relaxed: a hint. Another sender's later store may set it back, which
        // costs a walk; all positions below it are claimed in any case.
        ring_.header->tail.store(position + 1, std::memory_order_relaxed);
        // Unless the reader may still be about to take what is in it.
        if (position + cells_ahead - head_seen_ < ring_.count) {
          platform::prefetch_to_write(&ring_.cell(position + cells_ahead));
        }
        return claim{&cell, mine};
      }
      ++position;
      continue;
    }
    if (word.lap() == ((lap - 1) & memory::offset_mask) &&
        word.state() != cell_state::free) {
      return unexpected{send_error::ring_full};
    }
    if (++beginnings > 3) return unexpected{send_error::damaged};
    position = find_tail();
  }
  return unexpected{send_error::ring_full};
}

[[gnu::always_inline]] inline ring_producer::draft ring_producer::compose(
    const outgoing& message, const loan_block& carrier) const {
  draft made;
  made.bytes = static_cast<std::uint32_t>(whole_bytes(message));
  made.carried = static_cast<bool>(carrier);
  if (made.carried) {
    const auto handle = carrier.next_handle();
    made.payload[0] = handle.low;
    made.payload[1] = handle.high;
    return made;
  }
  copy_small(message, made.payload);
  std::size_t named = 0;
  for (const auto& loan : message.loans) {
    const auto word = (memory::prefix_bytes(message.kind) + loan.place) / 8;
    loan_handle handle;
    if (loan.block != nullptr && *loan.block) {
      handle = loan.block->next_handle();
      made.places[named++] = word;
    }
    made.payload[word] = handle.low;
    made.payload[word + 1] = handle.high;
  }
  return made;
}

[[gnu::always_inline]] inline void ring_producer::write(
    const claim& mine, const outgoing& message,
    const draft& made) const noexcept {
  auto& cell = *mine.cell;
  // relaxed: the reader looks at them after an acquire of the cell's word.
#pragma GCC unroll 4
  for (std::size_t i = 0; i < made.payload.size(); ++i) {
    cell.payload[i].store(made.payload[i], std::memory_order_relaxed);
  }
  cell.message.store(static_cast<std::uint64_t>(message.id),
                     std::memory_order_relaxed);
  cell.target.store(static_cast<std::uint64_t>(message.actor) << 32U |
                        static_cast<std::uint32_t>(tag_),
                    std::memory_order_relaxed);
  // Compiler order is enough against our death; see the class.
  fence::compiler();
  cell.info.store(cell_info::make(mine.word.lap(), made.bytes, made.places[0],
                                  made.places[1], made.carried, message.kind)
                      .raw,
                  std::memory_order_relaxed);
  fence::compiler();
}

template <class Step>
[[gnu::always_inline]] inline void ring_producer::for_each_full(
    const outgoing& message, const loan_block& carrier, Step&& step) {
  for (const auto& loan : message.loans) {
    if (loan.block != nullptr && *loan.block) step(*loan.block);
  }
  if (carrier) step(carrier);
}

void ring_producer::take_back(const outgoing& message,
                              loan_block& carrier) const noexcept {
  for (const auto& loan : message.loans) {
    if (loan.block != nullptr && *loan.block) loan.block->take_back(reader_);
  }
  if (carrier) carrier.take_back(reader_);
}

result<void, send_error> ring_producer::push(const outgoing& message) {
  if (!owner_->usable()) return unexpected{send_error::detached};
  if (!ring_ || reader_is_gone()) {
    return unexpected{send_error::receiver_stopped};
  }
  // Most likely the one to be claimed: here by the time the message is checked.
  platform::prefetch_to_write(
      &ring_.cell(ring_.header->tail.load(std::memory_order_relaxed)));
  if (auto sound = check(message); !sound) return sound;
  // Before the claim: a claimed cell holds up all that come after it.
  loan_block carrier;
  if (!fits_cell(message)) {
    auto made = make_carrier(message);
    if (!made) return unexpected{made.error()};
    carrier = std::move(*made);
  }
  // All that can be done before the claim is, so that nothing but stores lies
  // between it and FULL: a reader that looks meanwhile takes the line away.
  const auto made = compose(message, carrier);
  const auto mine = claim_cell();
  if (!mine) {
    if (mine.error() == send_error::ring_full && owner_->is_dead(reader_)) {
      owner_->recover(reader_);
      return unexpected{send_error::receiver_stopped};
    }
    return unexpected{mine.error()};
  }
  const auto hand_over = [&] {
    for_each_full(message, carrier, [this](const loan_block& block) {
      // check() has looked. Has somebody scribbled since, the loan is lost.
      static_cast<void>(block.hand_over(reader_));
    });
  };
  if (memory::planted == memory::planted_bug::hand_over_before_info) {
    hand_over();
    fence::compiler();
  }
  write(*mine, message, made);
  hand_over();
  auto& word = mine->cell->word;
  // [push] release, pairs with the reader's acquire: it sees the message and
  // the blocks' bytes.
  word.store(mine->word.filled().raw, std::memory_order_release);
  // Before the two looks that follow: against the reader's store of `sleeper`
  // and its look at this word, of which one sees the other; and against whoever
  // closes the ring, see [hand-over].
  fence::full();
  if (ring_.header->reader.load(std::memory_order_relaxed) != tag_) {
    // Nobody will read it, unless somebody has already. Back to CLAIMED first:
    // then it is ours beyond doubt, and still named should we die.
    auto full = mine->word.filled().raw;
    if (word.compare_exchange_strong(full, mine->word.raw,
                                     std::memory_order_acq_rel,
                                     std::memory_order_relaxed)) {
      take_back(message, carrier);
      // release: the blocks are ours again before the cell is anybody's.
      word.store(mine->word.emptied().raw, std::memory_order_release);
      return unexpected{send_error::receiver_stopped};
    }
  } else if (ring_.header->sleeper.load(std::memory_order_relaxed) != 0) {
    wake_reader(*owner_, ring_);
  }
  for (const auto& loan : message.loans) {
    if (loan.block != nullptr) loan.block->forget();
  }
  carrier.forget();
  ++sent_;
  return {};
}

}  // namespace commy::message
