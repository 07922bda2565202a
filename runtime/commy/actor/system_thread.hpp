// commy/actor/system_thread.hpp: a thread of a system, and the host's hooks.
#pragma once

#include <commy/actor/system_options.hpp>
#include <commy/actor/thread_info.hpp>
#include <commy/base/blocking.hpp>

#include <functional>
#include <stdexcept>
#include <vector>

namespace commy::actors {

/// A thread could not begin its work; the text says which and why.
class thread_failure : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// A named thread that calls the hooks of its system's options, which outlive
/// it. Threads: one at a time.
class system_thread {
public:
  /// Runs `body`, which does not throw, on a new thread that keeps to `cores`
  /// if there are any, between the hooks. Waits for the first hook, if there is
  /// one, and for the pinning. Throws `thread_failure` when one of them fails
  /// or the system gives no thread; then nothing runs.
  void start(const system_options& options, thread_kind kind, unsigned index,
             const std::vector<unsigned>& cores, std::function<void()> body);
  /// Waits for the end of the second hook.
  void join() noexcept;

private:
  blocking::thread thread_;
};

/// The core for the worker of that index; none if the options list none.
[[nodiscard]] std::vector<unsigned> core_for(const system_options& options,
                                             unsigned index);

/// Throws `std::invalid_argument`, with those that can be used, when `cores`
/// has one that cannot.
void check_cores(const std::vector<unsigned>& cores);

}  // namespace commy::actors
