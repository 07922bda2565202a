#include <commy/actor/answer.hpp>
#include <commy/platform/event_flag.hpp>

namespace commy::actors {
namespace {

/// Takes the right to give the one answer.
bool claim(cell& asker, const message::reply_slot& slot) noexcept {
  // The asker itself decides which answer is in time.
  if ((slot.who & interleaved_tag) != 0) return true;
  auto expected = slot.id;
  COMMY_POINT("answer.claim");
  // acq_rel: pairs with the asker's own claim at timeout or stop, and tells who
  // looks for cycles that the asker no longer depends on us.
  return asker.waiting_ask.compare_exchange_strong(
      expected, 0, std::memory_order_acq_rel, std::memory_order_relaxed);
}

}  // namespace

bool thread_wait::wait_for(std::chrono::nanoseconds at_most) {
  std::unique_lock hold{mutex_};
  return changed_.wait_for(hold, at_most, [&] { return done_; });
}

void thread_wait::refuse(ask_error why, std::string_view text) noexcept {
  settle([&] {
    refusal_.why = why;
    refusal_.text.append(text);
  });
}

void thread_wait::also_set(std::shared_ptr<platform::event_flag> flag) {
  const std::lock_guard hold{mutex_};
  flag_ = std::move(flag);
}

void thread_wait::set_flag() noexcept { flag_->set(); }

void thread_wait::drop() noexcept {
  COMMY_POINT("answer.drop");
  // acq_rel: the last one sees all the other did before it frees both.
  if (holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

void deliver_answer(const message::reply_slot& slot,
                    message::envelope& answer) noexcept {
  auto& asker = *reinterpret_cast<cell*>(slot.who & ~interleaved_tag);
  // Read before the claim: if the claim succeeds, the asker is still the one
  // that asked, so this was its generation. Of an interleaved ask that is over,
  // it may be another actor's, who knows no such ask.
  answer.generation = asker.inlet.generation();
  static_cast<message::request_envelope&>(answer).reply = slot;
  if (claim(asker, slot)) {
    COMMY_POINT("answer.claimed");
    switch (asker.inlet.push_urgent(answer)) {
      case message::pushed::queued:
        return;
      case message::pushed::woke:
        schedule(asker);
        return;
      case message::pushed::closed:
        break;
    }
  }
  message::drop_envelope(answer);
}

bool is_awaited(const message::reply_slot& slot) noexcept {
  if (slot.who == 0) return false;
  if (const auto* const thread = thread_in(slot)) return thread->is_awaited();
  if ((slot.who & (wire_tag | interleaved_tag)) != 0) return true;
  // relaxed: numbers are never used twice, so a no stays one.
  return reinterpret_cast<cell*>(slot.who)->waiting_ask.load(
             std::memory_order_relaxed) == slot.id;
}

bool answer_refused(message::reply_slot& slot, ask_error why,
                    std::string_view text) noexcept {
  const auto to = std::exchange(slot, {});
  if (to.who == 0) return false;
  if (auto* const thread = thread_in(to)) {
    thread->refuse(why, text);
    thread->drop();
    return true;
  }
  if (auto* const asker = wire_asker_in(to)) {
    asker->refuse(why, text);
    return true;
  }
  refused content{why, fixed_text<180>{text}};
  auto* const e = message::try_make_envelope(answer_ops<refused>, 0, content);
  if (e == nullptr) return true;  // The asker's own timeout is the answer.
  e->kind = message::envelope_kind::refusal;
  deliver_answer(to, *e);
  return true;
}

}  // namespace commy::actors
