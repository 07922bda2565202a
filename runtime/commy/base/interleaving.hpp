// commy/base/interleaving.hpp: named points at which a test decides who goes
// on.
#pragma once

#ifdef COMMY_INTERLEAVING

#include <cstdint>
#include <functional>

/// What the tests in tests/interleaving do at a point: of all threads of the
/// runtime one runs at a time, and at each point and each wait a generator with
/// a seed draws which. Only those tests are built with COMMY_INTERLEAVING, and
/// define these functions; elsewhere this header is one empty macro.
///
/// Points are behind or before each access that other threads race with. A
/// standard mutex must not be held across one: the next thread that wants it
/// would wait unseen; see commy/base/blocking.hpp. Threads: those of a run; on
/// others a point is nothing.
namespace commy::interleaving {

/// No wait longer than this ever ends by itself.
inline constexpr std::int64_t never_ns = INT64_MAX;

/// Another thread may go on here, or this one.
void point(const char* name) noexcept;
/// Another thread goes on, if any can.
void yield() noexcept;

/// Waits until it is woken, or until the time of `now_ns`; true if woken. The
/// name is for reports.
bool wait(const char* name, const void* on, std::int64_t until_ns) noexcept;
/// The same until `met`, which is called on other threads' stacks.
bool wait_until(const char* name, const std::function<bool()>& met,
                std::int64_t until_ns) noexcept;
/// One that waits on it, or all.
void wake_one(const void* on) noexcept;
void wake_all(const void* on) noexcept;

/// A time that depends on the steps of the run alone.
[[nodiscard]] std::int64_t now_ns() noexcept;

/// A new thread takes part: announced by who starts it, present from its first
/// step to its last, which join() waits for.
struct participant;
[[nodiscard]] participant& announce() noexcept;
class presence {
public:
  explicit presence(participant& self) noexcept;
  presence(const presence&) = delete;
  presence& operator=(const presence&) = delete;
  ~presence();
};
void join(participant& other) noexcept;

}  // namespace commy::interleaving

#define COMMY_POINT(name) ::commy::interleaving::point(name)
#else
#define COMMY_POINT(name) static_cast<void>(0)
#endif
