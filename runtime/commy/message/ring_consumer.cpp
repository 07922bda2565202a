#include <commy/memory/loan_run.hpp>
#include <commy/message/ring_consumer.hpp>
#include <commy/message/wake_watch.hpp>
#include <commy/platform/thread_hint.hpp>

#include <algorithm>
#include <cstring>

namespace commy::message {

using memory::block_kind;
using memory::cell_copy;
using memory::cell_state;
using memory::cell_word;
using memory::named_loans;

namespace {

/// Once in so many messages senders are shown how far the reader is, and when
/// it begins to wait. Half as often as they look, so that two looks differ
/// while it works.
constexpr std::uint64_t progress_interval = 8;
/// As in ring_producer.cpp.
constexpr std::uint64_t cells_ahead = 8;

/// {slot generation 28, random 35, 1}: the low half is never zero.
std::uint64_t new_tag(std::uint64_t generation) noexcept {
  return generation << 36U | (platform::random_u64() >> 28U) | 1U;
}
bool is_of_generation(std::uint64_t tag, std::uint64_t generation) noexcept {
  return tag != 0 && tag >> 36U == (generation & 0xfff'ffffU);
}

}  // namespace

result<ring_consumer, inbox_error> ring_consumer::open(
    std::shared_ptr<memory::engine> owner, const inbox_options& options) {
  if (!owner->writable()) return unexpected{inbox_error::read_only};
  if (!owner->usable()) return unexpected{inbox_error::detached};
  const auto ring = owner->own_ring();
  if (!ring) return unexpected{inbox_error::no_space};
  // relaxed: only this process changes it while its slot is alive. A number of
  // another generation is what a process left that detached without closing.
  const auto before = ring.header->reader.load(std::memory_order_relaxed);
  if (is_of_generation(before, owner->generation())) {
    return unexpected{inbox_error::already_open};
  }
  return ring_consumer{std::move(owner), ring, options};
}

ring_consumer::ring_consumer(std::shared_ptr<memory::engine> owner,
                             memory::ring_view ring,
                             const inbox_options& options)
    : owner_{std::move(owner)},
      ring_{ring},
      tag_{new_tag(owner_->generation())},
      options_{options},
      payload_(memory::inline_bytes / 8),
      counts_{std::make_unique<counters>()} {
  find_start();
  ring_.header->sleeper.store(0, std::memory_order_relaxed);
  // release, pairs with the acquire in ring_producer::reader_is_gone().
  ring_.header->reader.store(tag_, std::memory_order_release);
}

ring_consumer::ring_consumer(ring_consumer&& other) noexcept
    : owner_{std::move(other.owner_)},
      ring_{other.ring_},
      tag_{other.tag_},
      next_{other.next_.load(std::memory_order_relaxed)},
      options_{other.options_},
      budget_{other.budget_},
      payload_{std::move(other.payload_)},
      counts_{std::move(other.counts_)} {
  Expects(other.watch_ == nullptr);
}

ring_consumer::~ring_consumer() {
  // Before the ring: its thread looks at it.
  watch_.reset();
  if (owner_ == nullptr || !owner_->usable()) return;
  // seq_cst, [hand-over]: a sender that does not see it has filled its cell
  // before we look at the cells below; one that does takes its message back.
  ring_.header->reader.store(0, std::memory_order_seq_cst);
  for (std::uint32_t i = 0; i < ring_.count; ++i) {
    auto& cell = ring_.cells[i];
    cell_word now{cell.word.load(std::memory_order_seq_cst)};
    if (now.state() != cell_state::full) continue;
    const auto message = memory::copy_cell(cell, now);
    // acq_rel: as in try_take().
    if (cell.word.compare_exchange_strong(now.raw, now.emptied().raw,
                                          std::memory_order_acq_rel,
                                          std::memory_order_relaxed)) {
      memory::release_named(owner_->img(), owner_->slot(), message);
    }
  }
}

void ring_consumer::find_start() noexcept {
  // The smallest position that a cell still stands for. (The hint `head` may
  // lag behind, or be nonsense.)
  std::uint64_t first = ~std::uint64_t{0};
  std::uint64_t last = 0;
  for (std::uint32_t i = 0; i < ring_.count; ++i) {
    // acquire, pairs with [push].
    const cell_word word{ring_.cells[i].word.load(std::memory_order_acquire)};
    const auto position = ring_.position(word.lap(), i);
    first = std::min(first, position);
    last = std::max(last, position);
  }
  next_.store(first, std::memory_order_relaxed);
  // A claim that was skipped is up to one lap ahead of the others, no more.
  if (last - first >= 2ULL * ring_.count) rebuild();
}

void ring_consumer::rebuild() noexcept {
  // The own ring makes no sense: somebody has scribbled over it. Begins anew
  // two laps on, where no sender's claim of today fits; what it finishes is
  // found here again. Loans that only the lost bytes named come back when this
  // participant ends.
  const auto lap = (ring_.lap(next_.load(std::memory_order_relaxed)) + 2) &
                   memory::offset_mask;
  for (std::uint32_t i = 0; i < ring_.count; ++i) {
    auto& cell = ring_.cells[i];
    const cell_word now{cell.word.load(std::memory_order_acquire)};
    if (now.state() == cell_state::full) {
      memory::release_named(owner_->img(), owner_->slot(),
                            memory::copy_cell(cell, now));
    }
    cell.word.store(cell_word::make(cell_state::free, 0, lap).raw,
                    std::memory_order_release);
  }
  const auto next = ring_.position(lap, 0);
  next_.store(next, std::memory_order_relaxed);
  ring_.header->tail.store(next, std::memory_order_relaxed);
  ring_.header->head.store(next, std::memory_order_relaxed);
  bump(counts_->rebuilt);
}

void ring_consumer::show_progress() noexcept {
  // relaxed: a hint for senders.
  ring_.header->head.store(next_.load(std::memory_order_relaxed),
                           std::memory_order_relaxed);
}

// Members of try_take() alone are inlined by force, as in ring_producer.cpp.

[[gnu::always_inline]] inline bool ring_consumer::look_up(
    const cell_copy& message, incoming& into) noexcept {
  auto& named = into.loans;
  const auto& img = owner_->img();
  if (!message.info.carried()) {
    if (!memory::read_inline_named(message, named)) return false;
  } else {
    const loan_handle carrier{message.payload[0], message.payload[1]};
    // Checks that a carrier is one, is ours and holds as many bytes as the cell
    // says.
    if (!memory::read_named(
            img, message,
            memory::in_ring_of(owner_->slot(), carrier.generation()), named)) {
      return false;
    }
  }
  for (std::uint32_t i = 0; i < named.count; ++i) {
    const auto handle = named.handles[i];
    auto& place = places_[handle.block() / 64 % places_.size()];
    if (place.block != handle.block()) {
      place = memory::find_block(img, handle.block(), block_kind::loan);
    }
    if (!place || handle.segment() != memory::segment_number(img)) {
      return false;
    }
    // The sender's core has them: on their way together. The word is not looked
    // at: whoever adopts proves it, and a load in between would fetch its line
    // to be read, and once more to be written.
    platform::prefetch_to_write(&img.word(place.word));
    platform::prefetch_to_write(img.bytes(place.block));
    platform::prefetch_to_write(&memory::loan_note(img, place));
    if (i == 0) into.first_loan = place;
  }
  return true;
}

[[gnu::always_inline]] inline bool ring_consumer::copy_payload(
    const cell_copy& cell, const named_loans& named) {
  if (!cell.info.carried()) {
    // All of it: not so many bytes as there are, by a call of memcpy.
    std::memcpy(payload_.data(), cell.payload.data(), memory::inline_bytes);
    return true;
  }
  const auto bytes = cell.info.bytes();
  const auto words = (bytes + 7) / 8;
  if (payload_.size() < words) payload_.resize(words);
  const auto& img = owner_->img();
  const auto place =
      memory::find_block(img, named.carrier.block(), block_kind::loan);
  // Nothing, should somebody have scribbled since `read_named` looked.
  const auto room = memory::room_of(img, place);
  if (room.bytes < sizeof(memory::carrier_header) + std::uint64_t{bytes}) {
    return false;
  }
  std::memcpy(payload_.data(),
              img.bytes(room.at) + sizeof(memory::carrier_header), bytes);
  return memory::free_loan(
      img, place,
      memory::in_ring_of(owner_->slot(), named.carrier.generation()));
}

[[gnu::always_inline]] inline bool ring_consumer::open_message(
    const cell_copy& cell, bool known, incoming& into) {
  const auto& img = owner_->img();
  if (static_cast<std::uint32_t>(cell.target) !=
      static_cast<std::uint32_t>(tag_)) [[unlikely]] {
    memory::release_named(img, owner_->slot(), cell);
    bump(counts_->stale);
    return false;
  }
  const auto kind = static_cast<memory::cell_kind>(cell.info.kind());
  const auto prefix = memory::prefix_bytes(kind);
  if (!known || cell.word.sender() - 1 >= img.sizes().participants ||
      !cell.info.is_of(cell.word) ||
      cell.info.kind() > memory::last_cell_kind || cell.info.bytes() < prefix ||
      !copy_payload(cell, into.loans)) [[unlikely]] {
    memory::release_named(img, owner_->slot(), cell);
    into.loans.count = 0;
    bump(counts_->damaged);
    return false;
  }
  into.sender = cell.word.sender() - 1;
  into.actor = static_cast<std::uint32_t>(cell.target >> 32U);
  into.id = message_id{cell.message};
  into.kind = kind;
  into.correlation = prefix != 0 ? payload_.front() : 0;
  into.bytes = std::as_bytes(std::span{payload_})
                   .first(cell.info.bytes())
                   .subspan(prefix);
  bump(counts_->taken);
  return true;
}

bool ring_consumer::try_take(incoming& into) {
  if (!owner_->usable()) return false;
  if (take_next(into)) return true;
  if (watch_ == nullptr) return false;
  if (counts_->check_wanted.exchange(false, std::memory_order_relaxed)) {
    check_all();
    if (take_next(into)) return true;
  }
  // The loop sleeps elsewhere now.
  show_progress();
  watch_->found_nothing();
  return false;
}

bool ring_consumer::take_next(incoming& into) {
  // Each step ends a position: one lap of messages to drop, one of skipped
  // claims, and what a rebuilt ring makes us see again. Then enough for a call.
  for (std::uint32_t step = 0; step < 2 * ring_.count + 2; ++step) {
    const auto next = next_.load(std::memory_order_relaxed);
    auto& cell = ring_.cell(next);
    // acquire, pairs with [push]: the message and the blocks' bytes.
    cell_word now{cell.word.load(std::memory_order_acquire)};
    const auto lap = ring_.lap(next);
    if (now.lap() == lap) {
      if (now.state() == cell_state::free ||
          now.state() == cell_state::claimed) {
        return false;
      }
      if (now.state() == cell_state::full) {
        const auto copy = memory::copy_cell(cell, now);
        const bool known = look_up(copy, into);
        // acq_rel: release, pairs with the next sender's acquire: our copy is
        // made. Fails when the sender took it back.
        if (!cell.word.compare_exchange_strong(now.raw, now.emptied().raw,
                                               std::memory_order_acq_rel,
                                               std::memory_order_relaxed)) {
          continue;
        }
        next_.store(next + 1, std::memory_order_relaxed);
        if ((next + 1) % progress_interval == 0) show_progress();
        // In a burst the next ones are full, too: here by the time we get
        // there. A cell that its sender is about to fill is left to him.
        if (++run_ > cells_ahead) {
          platform::prefetch_to_write(&ring_.cell(next + 1 + cells_ahead));
        }
        if (open_message(copy, known, into)) return true;
        continue;
      }
    } else if (now.lap() == ((lap + 1) & memory::offset_mask)) {
      // A claim that was skipped, or a message taken back.
      next_.store(next + 1, std::memory_order_relaxed);
      continue;
    }
    rebuild();
  }
  return false;
}

void ring_consumer::release(const named_loans& loans) noexcept {
  if (!owner_->usable()) return;
  const auto& img = owner_->img();
  for (std::uint32_t i = 0; i < loans.count; ++i) {
    const auto handle = loans.handles[i];
    const auto place =
        memory::find_block(img, handle.block(), block_kind::loan);
    if (!place) continue;
    const auto here = memory::in_ring_of(owner_->slot(), handle.generation());
    // Looked at first: most were adopted, and a swap in vain costs as much as
    // one that succeeds. relaxed: nobody else puts it into this state.
    if (img.word(place.word).load(std::memory_order_relaxed) == here.raw) {
      memory::free_loan(img, place, here);
    }
  }
}

inbox_statistics ring_consumer::statistics() const noexcept {
  const auto read = [](const std::atomic<std::uint64_t>& counter) {
    return counter.load(std::memory_order_relaxed);
  };
  return {read(counts_->taken),          read(counts_->stale),
          read(counts_->damaged),        read(counts_->skipped_claims),
          read(counts_->unknown_target), read(counts_->rebuilt)};
}

}  // namespace commy::message
