#include <commy/base/fence.hpp>
#include <commy/memory/engine.hpp>
#include <commy/memory/loan.hpp>
#include <commy/memory/loan_holders.hpp>
#include <commy/memory/loan_run.hpp>
#include <commy/memory/loan_words.hpp>
#include <commy/memory/page_owners.hpp>

namespace commy {

namespace memory {

namespace {

/// A loan larger than its segment can lend.
failure<loan_error> too_large(const image& img, std::uint64_t wanted) {
  failure_detail detail;
  detail.wanted = wanted;
  detail.found = largest_loan(img.sizes());
  return {loan_error::too_large, detail};
}

void restock_loans(engine& owner, lane& mine, slab_use use) {
  if (!is_large(use.cls)) return stock(owner, mine, use);
  // Rather a run of others' than one more; rather more runs than more slabs.
  if (restock_runs(mine, use) || restock_spare(mine, use)) return;
  stock(owner, mine, use);
}

}  // namespace

result<loan_block, loan_error> loan_block::take(std::shared_ptr<engine> owner,
                                                std::uint64_t bytes,
                                                std::uint32_t type) try {
  const auto& img = owner->img();
  const auto cls = loan_class_for(img, bytes);
  if (cls == slab_class_count) return unexpected{too_large(img, bytes)};
  const lane_scope scope{*owner, owner->patience()};
  auto& mine = owner->my_lane();
  // relaxed: advice; a poisoned segment only refuses from now on.
  if (img.header().poisoned.load(std::memory_order_relaxed) != 0) {
    return unexpected{loan_error::poisoned};
  }
  if (const auto last = mine.recent.take(cls);
      last.place &&
      step_own_loan(img, last.place, cached_by(owner->slot(), last.generation),
                    owned_by(owner->slot(), last.generation))) {
    loan_block made;
    made.place_ = last.place;
    made.generation_ = last.generation;
    made.content_ = last.place.block;
    made.note(img, bytes, type);
    made.owner_ = std::move(owner);
    return made;
  }
  const slab_use use{block_kind::loan, cls};
  auto& ready = mine.slabs_of(use).ready;
  // As in transaction::take(): a thousand lost rounds are no race.
  for (int round = 0; round < 1000; ++round) {
    while (!ready.empty()) {
      const auto entry = ready.pop();
      auto& word = img.word(entry.word);
      block_word now{word.load(std::memory_order_relaxed)};
      if (now.state() != block_state::free) continue;
      const auto taken = owned_by(owner->slot(), now.generation() + 1);
      // acquire, pairs with the release that freed it: its last owner is done.
      if (!word.compare_exchange_strong(now.raw, taken.raw,
                                        std::memory_order_acquire,
                                        std::memory_order_relaxed)) {
        continue;
      }
      // [take] An object may have kept this block, and a reader look at it who
      // has not seen yet that it does not any more.
      fence::release();
      loan_block made;
      made.place_ = {entry.block(), entry.word, img.shape(cls).block_bytes, cls,
                     mine.index + 1};
      made.generation_ = taken.generation();
      auto room = room_of(img, made.place_);
      if (!room) [[unlikely]] {
        made.owner_ = owner;  // Gives the descriptor back should that fail.
        attach_run(*owner, made.place_);
        room = room_of(img, made.place_);
        if (!room) return unexpected{loan_error::damaged};
      }
      made.content_ = room.at;
      made.note(img, bytes, type);
      made.owner_ = std::move(owner);
      return made;
    }
    restock_loans(*owner, mine, use);
  }
  return unexpected{loan_error::damaged};
} catch (const write_failed& failed) {
  return unexpected{loan_error_of(failed.why.code()), failed.why.detail()};
}

result<loan_block, loan_error> loan_block::adopt(
    std::shared_ptr<engine> owner, loan_handle handle,
    const block_place& known) noexcept {
  if (!owner->usable()) return unexpected{loan_error::detached};
  if (!owner->writable()) return unexpected{loan_error::read_only};
  const auto& img = owner->img();
  if (handle.segment() != segment_number(img)) {
    return unexpected{loan_error::wrong_segment};
  }
  const auto place = known.block == handle.block()
                         ? known
                         : find_block(img, handle.block(), block_kind::loan);
  if (!place) return unexpected{loan_error::stale};
  const auto generation = handle.generation();
  if (!step_loan(img, place, in_ring_of(owner->slot(), generation),
                 owned_by(owner->slot(), generation))) {
    return unexpected{loan_error::stale};
  }
  fence::release();  // [take]
  loan_block made;
  made.place_ = place;
  made.generation_ = generation;
  made.owner_ = std::move(owner);
  // The step above has acquired all that follows. Input, hence checked.
  const auto room = room_of(img, place);
  if (!room) return unexpected{loan_error::damaged};
  made.content_ = room.at;
  const auto note = loan_note(img, place).load(std::memory_order_relaxed);
  made.bytes_ = static_cast<std::uint32_t>(note);
  if (made.bytes_ > room.bytes) {
    made.bytes_ = static_cast<std::uint32_t>(room.bytes);
  }
  made.type_ = static_cast<std::uint32_t>(note >> 32U);
  return made;
}

void loan_block::note(const image& img, std::uint64_t bytes,
                      std::uint32_t type) noexcept {
  bytes_ = static_cast<std::uint32_t>(bytes);
  type_ = type;
  // relaxed: the hand-over's release carries it along.
  loan_note(img, place_)
      .store(static_cast<std::uint64_t>(type) << 32U | bytes_,
             std::memory_order_relaxed);
}

void loan_block::give_back() noexcept {
  if (owner_ == nullptr) return;
  if (kept_ && !is_back()) [[unlikely]] {
    if (owner_->usable() && owner_->open_transaction() != nullptr) {
      owner_->open_transaction()->forget_kept(place_.word);
    }
    return owner_.reset();
  }
  // A forked child and a detached engine have no mapping that is theirs.
  if (owner_->usable()) {
    const auto& img = owner_->img();
    const auto mine = owned_by(owner_->slot(), generation_);
    auto* const lane = owner_->lane_at_hand();
    if (lane == nullptr) {
      if (step_own_loan(img, place_, mine, mine.freed())) {
        note_free(img, place_);
      }
    } else if (is_large(place_.cls)) {
      if (step_own_loan(img, place_, mine, mine.freed())) {
        put_back(*lane, place_, block_kind::loan);
      }
    } else {
      // Without a look: that would wait for the line to come, which the step of
      // adopting may still be doing. What somebody has scribbled there is put
      // right by it. relaxed: the lane's own until its next step.
      img.word(place_.word)
          .store(cached_by(owner_->slot(), generation_ + 1).raw,
                 std::memory_order_relaxed);
      const auto goes = lane->recent.keep({place_, generation_ + 1});
      const auto cached = cached_by(owner_->slot(), goes.generation);
      if (goes.place &&
          step_own_loan(img, goes.place, cached, cached.freed())) {
        put_back(*lane, goes.place, block_kind::loan);
      }
    }
  }
  owner_.reset();
}

bool loan_block::publish(std::uint32_t topic) const noexcept {
  const auto& img = owner_->img();
  open_holders(img, place_, generation_ + 1);
  return step_loan(img, place_, owned_by(owner_->slot(), generation_),
                   in_topic_of(topic, generation_ + 1));
}

bool loan_block::take_back(slot_index reader) noexcept {
  if (step_loan(owner_->img(), place_, in_ring_of(reader, generation_ + 1),
                owned_by(owner_->slot(), generation_ + 2))) {
    generation_ += 2;
    return true;
  }
  owner_.reset();
  return false;
}

}  // namespace memory
}  // namespace commy
