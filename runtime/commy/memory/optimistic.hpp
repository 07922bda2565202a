// commy/memory/optimistic.hpp: repeating a look until it was undisturbed.
#pragma once

#include <commy/memory/engine.hpp>
#include <commy/memory/hash_table.hpp>
#include <commy/platform/thread_hint.hpp>

namespace commy::memory {

/// Looks before the reader parks: beside a writer at full speed at most 5
/// retries in a row were measured for one unit, so 64 are never reached unless
/// the writer was stopped or died in the middle.
inline constexpr int look_limit = 64;

/// Runs `look()` (which answers a `lookup`) until it is not `busy`: first at
/// once, then after waiting for the writer that stands in the way, at most
/// until `deadline`. Success means found.
template <class Look>
result<void, read_error> settle_read(engine& owner, offset root_at,
                                     engine::clock::time_point deadline,
                                     Look&& look) {
  if (!owner.usable()) return unexpected{read_error::detached};
  for (int looks = 1;; ++looks) {
    switch (look()) {
      case lookup::found:
        return {};
      case lookup::absent:
        return unexpected{read_error::absent};
      case lookup::removed:
        return unexpected{read_error::removed};
      case lookup::damaged:
        return unexpected{read_error::damaged};
      case lookup::busy:
        break;
    }
    if (looks < look_limit) {
      platform::cpu_relax();
      continue;
    }
    if (engine::clock::now() >= deadline) return unexpected{read_error::busy};
    if (const auto why = owner.await_writer(root_at, deadline)) {
      return unexpected{*why};
    }
  }
}

/// One look at anything in an object, checked against the sequence that every
/// transaction on it moves. `copy()` reads by relaxed words and bounds-checks
/// what it reads; its answer stands if nobody wrote meanwhile. `own`: this
/// thread's open transaction is the writer, and sees its own writes.
template <class Copy>
[[nodiscard]] lookup under_sequence(const root& object, Copy&& copy,
                                    bool own = false) {
  // acquire, pairs with [unit-even].
  const auto seen = object.sequence.load(std::memory_order_acquire);
  if ((seen & 1U) != 0 && !own) return lookup::busy;
  const lookup outcome = copy();
  fence::acquire();  // Partner of [unit-odd] and [take].
  return object.sequence.load(std::memory_order_relaxed) == seen ? outcome
                                                                 : lookup::busy;
}

}  // namespace commy::memory
