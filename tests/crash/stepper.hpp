// tests/crash/stepper.hpp: runs a forked child one instruction at a time.
#pragma once

#include "store_filter.hpp"

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>

namespace commy::test {

/// A child of this process that is stopped at marks, which it sets itself, and
/// between marks goes on by single instructions. Killed at the end.
class stepper {
public:
  /// Forks; the child runs `act(mark)` and stops at each call of `mark()`.
  /// Throws std::runtime_error when the system refuses tracing.
  using mark = void (*)();
  explicit stepper(const std::function<void(mark)>& act);
  stepper(const stepper&) = delete;
  stepper& operator=(const stepper&) = delete;
  ~stepper();

  /// Lets the child run at full speed up to its next mark. False when it ended
  /// instead. Throws when it crashed.
  bool run_to_mark();
  /// Lets it run up to its next mark and calls `each()` after every
  /// instruction that may have stored where others see it, `otherwise()` after
  /// every other one. Returns how many instructions there were.
  std::uint64_t step_to_mark(const std::function<void()>& each,
                             const std::function<void()>& otherwise = {});

private:
  /// Resumes with a ptrace request and waits for the next stop. Answers the
  /// signal that stopped it, or 0 when it ended well.
  int resume(int request);
  /// The instruction that comes next may store into memory that is shared.
  [[nodiscard]] bool may_store_next();

  static constexpr std::size_t page_bytes = 4096;
  using code = std::array<std::uint8_t, page_bytes + longest_instruction>;
  const code& code_page(std::uint64_t number);
  void end() noexcept;

  pid_t child_ = -1;
  std::unordered_map<std::uint64_t, code> code_;  // By page.
  bool running_ = true;
  bool first_ = true;
};

}  // namespace commy::test
