// commy/actor/reasons.hpp: why an actor failed, in words.
#pragma once

#include <commy/actor/cell.hpp>
#include <commy/actor/supervision.hpp>

#include <cstddef>
#include <exception>
#include <new>
#include <string>
#include <string_view>

namespace commy::actors {

/// Exceptions nested deeper than this tell nothing more.
inline constexpr std::size_t most_reasons = 8;

/// The exception's text, then those of the exceptions nested in it.
reason_chain describe_exception(const std::exception_ptr& thrown);
/// "actor 'x' <what>: <what was thrown>", and what that was nested in.
reason_chain reason_of(const cell& c, std::string_view what,
                       const std::exception_ptr& thrown);
/// One line.
std::string joined(const reason_chain& chain);

/// For texts that explain a failure: when there is no memory even for them, the
/// failure is dealt with all the same.
template <class F>
void if_memory_allows(F f) noexcept {
  try {
    f();
  } catch (const std::bad_alloc&) {
    return;
  }
}

}  // namespace commy::actors
