// Loans whose blocks become an object's, by a transaction.
#include <commy/memory/engine.hpp>
#include <commy/memory/loan.hpp>
#include <commy/memory/loan_run.hpp>
#include <commy/memory/loan_words.hpp>

#include <vector>

namespace commy {

using memory::block_state;
using memory::block_word;
using memory::loan_block;
using memory::offset;
using memory::record_kind;
using memory::write_failed;

namespace {

failure<write_error> not_to_be_kept(const char* why) {
  failure_detail detail;
  detail.text.append(why);
  return {write_error::wrong_type, detail};
}

}  // namespace

// A block that changes hands is, to the journal, a block taken: the record,
// then the step from OWNED instead of from FREE. So commit, sweep and the
// checks of journals know nothing of it, and a death frees what neither of the
// two has. Of a large loan the run is taken so, and the descriptor is given
// back whichever way it ends; it loses the run's name in between, while it is
// still a loan of ours, whose sweep clears a name that is none any more.
offset transaction::keep(loan_block& lent) {
  if (!lent) throw write_failed{not_to_be_kept("the loan is empty")};
  if (lent.owner_.get() != engine_) {
    throw write_failed{not_to_be_kept(
        "the loan was taken by another attachment than this one")};
  }
  if (!lent.is_sound()) throw write_failed{write_error::damaged};
  auto& lane = *lane_;
  const auto& image = img();
  const auto& place = lent.place_;
  const bool large = memory::is_large(place.cls);
  const auto from = memory::owned_by(lent.owner_->slot(), lent.generation_);
  const auto mine = from.reserved_by(lane.index);
  memory::kept_loan noted{.place = place,
                          .generation = mine.generation(),
                          .owner = lent.owner_->slot()};
  if (large) {
    noted.page = lent.content_ >> image.page_shift();
    noted.run = memory::kept_run(image, place, lane.index);
    if (noted.run.raw == 0) throw write_failed{write_error::damaged};
  }
  // All that may fail, before the first step.
  reserve_log(4);
  lane.kept.push_back(noted);
  if (large) {
    append_block(record_kind::run_taken, noted.page, noted.run.raw);
    memory::part_run(image, place, noted.run);
  }
  append_block(record_kind::block_taken, place.word, mine.raw);
  if (!memory::step_loan(image, place, from,
                         large ? mine.made_dropped() : mine)) {
    throw write_failed{write_error::damaged};
  }
  fence::release();  // [take]
  lent.kept_ = true;
  return lent.content_;
}

void transaction::forget_kept(offset word) noexcept {
  std::erase_if(lane_->kept, [&](const memory::kept_loan& k) {
    return k.place.word == word;
  });
}

/// Before the log is undone: what it says was taken is not there any more then.
/// Generations go on, so that a death in between leaves what the log, or the
/// sweep of loans, frees.
void transaction::give_back_kept() noexcept {
  const auto& image = img();
  for (const auto& kept : lane_->kept) {
    const bool large = kept.run.raw != 0;
    if (large && !memory::is_parted(image, kept.page, kept.run)) continue;
    const auto mine = block_word::make(block_state::reserved, lane_->index + 1,
                                       kept.generation);
    const auto back = memory::owned_by(kept.owner, kept.generation + 1);
    // Dropped again by the same transaction, or still part of an object.
    if (!memory::step_loan(image, kept.place, mine.made_dropped(), back) &&
        !memory::step_loan(image, kept.place, mine, back)) {
      continue;
    }
    if (large) memory::rejoin_run(image, kept.place, kept.page, kept.run);
  }
}

namespace memory {

/// Has the transaction that kept the block been undone? Then this object owns
/// it again.
bool loan_block::is_back() const noexcept {
  if (!owner_->usable()) return false;
  const auto back = owned_by(owner_->slot(), generation_ + 2);
  // relaxed: this thread has stored it, or nobody.
  if (owner_->img().word(place_.word).load(std::memory_order_relaxed) !=
      back.raw) {
    return false;
  }
  generation_ += 2;
  kept_ = false;
  return true;
}

}  // namespace memory
}  // namespace commy
