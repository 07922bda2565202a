// commy/actor/answer.hpp: how the one answer of a request reaches who asked.
#pragma once

#include <commy/actor/cell.hpp>
#include <commy/actor/errors.hpp>
#include <commy/base/blocking.hpp>
#include <commy/base/fixed_text.hpp>
#include <commy/message/envelope.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace commy::platform {
class event_flag;
}  // namespace commy::platform

namespace commy::message {
struct carried_loan;
}  // namespace commy::message

namespace commy::actors {

/// A reply in its envelope.
template <class R>
struct answered {
  static_assert(std::is_nothrow_move_constructible_v<R>,
                "commy: a reply moves without throwing, since an answer must "
                "not fail on its way");
  using slotted = void;
  R value;
};
template <>
struct answered<void> {
  using slotted = void;
};

/// Anything but a reply.
struct refused {
  using slotted = void;
  ask_error why;
  fixed_text<180> text;
};

/// Who asks from another process: the answer leaves as bytes. It is given one,
/// by any of its functions, which frees it. Threads: whichever answers.
// NOLINTNEXTLINE(cppcoreguidelines-virtual-class-destructor): as above.
class wire_asker {
public:
  wire_asker() = default;
  wire_asker(const wire_asker&) = delete;
  wire_asker& operator=(const wire_asker&) = delete;
  /// The loans are taken out of the reply, or stay in it when it cannot go.
  virtual void answer(
      std::span<const std::byte> reply,
      std::span<const message::carried_loan> loans) noexcept = 0;
  /// With a reply that cannot be copied byte by byte: the `wire_entry` of the
  /// request, which the asker knows, says what bytes it is, if any.
  virtual void answer_object(void* reply) noexcept = 0;
  virtual void refuse(ask_error why, std::string_view text) noexcept = 0;

protected:
  virtual ~wire_asker() = default;
};

template <class Payload>
inline constexpr message::envelope_ops answer_ops{
    nullptr, &message::destroy_payload<Payload>, "answer", false};

/// A plain thread that waits. Two hold it: the thread, and the request until it
/// is answered; whoever comes last frees it. So a thread may give up and go,
/// and an answer that comes later still finds memory.
// NOLINTNEXTLINE(cppcoreguidelines-virtual-class-destructor): drop() deletes.
class thread_wait {
public:
  thread_wait() = default;
  thread_wait(const thread_wait&) = delete;
  thread_wait& operator=(const thread_wait&) = delete;

  /// Waits for the answer; false when `at_most` has passed.
  [[nodiscard]] bool wait_for(std::chrono::nanoseconds at_most);
  void refuse(ask_error why, std::string_view text) noexcept;
  void drop() noexcept;
  /// The answer sets this flag, too.
  void also_set(std::shared_ptr<platform::event_flag> flag);
  /// The thread has not given up yet. Threads: who holds the request.
  [[nodiscard]] bool is_awaited() const noexcept {
    // relaxed: a moment later it may have; nothing follows from a yes.
    return holders_.load(std::memory_order_relaxed) > 1;
  }

  /// Requires: answered.
  [[nodiscard]] const refused& refusal() const noexcept { return refusal_; }

protected:
  virtual ~thread_wait() = default;
  template <class F>
  void settle(F set) noexcept {
    {
      const std::lock_guard hold{mutex_};
      set();
      done_ = true;
      if (flag_ != nullptr) set_flag();
    }
    // Unlocked, else the thread wakes up only to wait for the lock. It may have
    // seen the answer and gone: our share keeps this alive.
    changed_.notify_one();
  }

private:
  blocking::mutex mutex_;
  blocking::condition_variable changed_;
  void set_flag() noexcept;

  bool done_ = false;
  std::shared_ptr<platform::event_flag> flag_;
  std::atomic<int> holders_{2};
  refused refusal_{};
};

template <class R>
class thread_wait_for final : public thread_wait {
public:
  void answer(answered<R>&& reply) noexcept {
    settle([&] { reply_.emplace(std::move(reply)); });
  }
  /// Null when it was refused. Requires: answered.
  [[nodiscard]] answered<R>* reply() noexcept {
    return reply_ ? &*reply_ : nullptr;
  }

private:
  std::optional<answered<R>> reply_;
};

// In the low bits of `reply_slot::who`, which are free in pointers to threads,
// cells and what else the heap gives out.
inline constexpr std::uintptr_t thread_tag = 1;
inline constexpr std::uintptr_t interleaved_tag = 2;
inline constexpr std::uintptr_t wire_tag = 4;

inline message::reply_slot slot_for(thread_wait& thread) noexcept {
  return {reinterpret_cast<std::uintptr_t>(&thread) | thread_tag, 0};
}
inline message::reply_slot slot_for(cell& asker, std::uint64_t ask) noexcept {
  return {reinterpret_cast<std::uintptr_t>(&asker), ask};
}
inline message::reply_slot interleaved_slot_for(cell& asker,
                                                std::uint64_t ask) noexcept {
  return {reinterpret_cast<std::uintptr_t>(&asker) | interleaved_tag, ask};
}
/// The slot owns the asker until it is answered.
inline message::reply_slot slot_for(wire_asker& asker) noexcept {
  return {reinterpret_cast<std::uintptr_t>(&asker) | wire_tag, 0};
}
inline wire_asker* wire_asker_in(const message::reply_slot& slot) noexcept {
  return (slot.who & wire_tag) == 0
             ? nullptr
             : reinterpret_cast<wire_asker*>(slot.who & ~wire_tag);
}
/// Whether somebody may still wait at this slot. Of an interleaved ask it is
/// not known. Threads: any. Cost: one load.
[[nodiscard]] bool is_awaited(const message::reply_slot& slot) noexcept;
inline thread_wait* thread_in(const message::reply_slot& slot) noexcept {
  return (slot.who & thread_tag) == 0
             ? nullptr
             : reinterpret_cast<thread_wait*>(slot.who & ~thread_tag);
}

/// Hands an answer to the asking actor if it still waits for it; else drops it.
/// The envelope has a slot.
void deliver_answer(const message::reply_slot& slot,
                    message::envelope& answer) noexcept;

/// Answers with a reply, once; a slot that is empty or was answered stays so.
template <class R>
void answer_with(message::reply_slot& slot, answered<R>&& reply) noexcept {
  const auto to = std::exchange(slot, {});
  if (to.who == 0) return;
  if (auto* const thread = thread_in(to)) {
    static_cast<thread_wait_for<R>*>(thread)->answer(std::move(reply));
    thread->drop();
    return;
  }
  if (auto* const asker = wire_asker_in(to)) {
    if constexpr (std::is_void_v<R>) {
      asker->answer({}, {});
    } else if constexpr (std::is_trivially_copyable_v<R>) {
      asker->answer(std::as_bytes(std::span{&reply.value, 1}), {});
    } else {
      asker->answer_object(&reply.value);
    }
    return;
  }
  auto* const e = message::try_make_envelope(answer_ops<answered<R>>, 0, reply);
  // Without memory for it the asker's own timeout is the answer.
  if (e == nullptr) return;
  e->kind = message::envelope_kind::answer;
  deliver_answer(to, *e);
}

/// Answers with an error, once. True when somebody was waiting.
bool answer_refused(message::reply_slot& slot, ask_error why,
                    std::string_view text) noexcept;

}  // namespace commy::actors
