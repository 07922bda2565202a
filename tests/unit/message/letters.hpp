// Messages and their counting, for the tests of envelopes and mailboxes.
#pragma once

#include <commy/message/mailbox.hpp>

#include <atomic>
#include <cstdint>

namespace letters {

/// A payload that counts how many of its kind are alive.
struct letter {
  static inline std::atomic<int> alive{0};

  explicit letter(std::uint32_t n) noexcept : number{n} { ++alive; }
  letter(letter&& other) noexcept : number{other.number} { ++alive; }
  ~letter() { --alive; }

  std::uint32_t number;
};

inline constexpr commy::message::envelope_ops ops{
    nullptr, &commy::message::destroy_payload<letter>, "letter", false};

inline commy::message::envelope& make(std::uint32_t number) {
  letter content{number};
  return *commy::message::try_make_envelope(ops, 0, content);
}

inline std::uint32_t number_in(commy::message::envelope& e) {
  return commy::message::payload_of<letter>(e).number;
}

/// Destroys what a mailbox has handed out; the block stays the mailbox's.
inline std::uint32_t read(commy::message::envelope& e) {
  const auto number = number_in(e);
  e.ops->destroy(e);
  return number;
}

/// Destroys an envelope that no mailbox has.
inline void discard(commy::message::envelope& e) {
  e.ops->destroy(e);
  commy::message::free_envelope(e);
}

/// What one letter takes up, as these tests count.
inline constexpr commy::message::room one{1, 64};

/// Both sides, as an actor's cell has them. Open, and owned by the test.
struct mailbox {
  explicit mailbox(std::uint32_t bound = 1000) {
    outlet.open(inlet, {bound, commy::message::room::most_bytes});
  }

  commy::message::pushed send(std::uint32_t number) {
    if (!inlet.try_reserve(one)) return commy::message::pushed::closed;
    return inlet.push(make(number));
  }

  /// As an actor that stops. Returns how many messages were left.
  int end() {
    outlet.close(inlet);
    for (auto* e = outlet.close_urgent(inlet); e != nullptr;) {
      auto* const next = e->next.load(std::memory_order_relaxed);
      discard(*e);
      e = next;
    }
    int left = 0;
    while (!outlet.is_drained(inlet)) {
      if (auto* const e = outlet.try_pop()) {
        read(*e);
        inlet.give_back(one);
        ++left;
      }
    }
    outlet.retire(inlet);
    return left;
  }

  commy::message::mailbox_inlet inlet;
  commy::message::mailbox_outlet outlet;
};

}  // namespace letters
