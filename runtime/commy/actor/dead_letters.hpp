// commy/actor/dead_letters.hpp: messages that were accepted but never handled.
#pragma once

#include <commy/base/blocking.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace commy {

class actor_trace;

enum class dead_reason : std::uint8_t {
  receiver_stopped,  ///< It lay in the mailbox when its receiver stopped.
  handler_failed,    ///< Its handler threw; a restart does not try it again.
  mailbox_full,      ///< Dropped, as its receiver's overflow policy says.
  out_of_memory
};

/// A message that nobody handled to its end. A request is never one: who asked
/// learns its fate. The texts live only during the call.
struct dead_letter {
  std::string_view receiver;
  std::string_view message;
  dead_reason why;
  std::string_view text;    // What the handler threw, or empty.
  std::uint64_t count = 1;  ///< How many of these at once.
};

using dead_letter_listener = std::function<void(const dead_letter&)>;

namespace actors {
class dead_letter_office;
}  // namespace actors

/// Ends a listener's calls when it is destroyed. Must not outlive the system.
class [[nodiscard]] dead_letter_subscription {
public:
  dead_letter_subscription() noexcept = default;
  dead_letter_subscription(dead_letter_subscription&& other) noexcept;
  dead_letter_subscription& operator=(
      dead_letter_subscription&& other) noexcept;
  ~dead_letter_subscription();

private:
  friend class actors::dead_letter_office;
  dead_letter_subscription(actors::dead_letter_office& office,
                           std::uint64_t id) noexcept
      : office_{&office}, id_{id} {}
  void end() noexcept;

  actors::dead_letter_office* office_ = nullptr;
  std::uint64_t id_ = 0;
};

namespace actors {

/// Counts, logs and passes on dead letters. Threads: any.
class dead_letter_office {
public:
  /// `trace`: null, or told of each letter; outlives this.
  explicit dead_letter_office(actor_trace* trace) noexcept : trace_{trace} {}

  void report(const dead_letter& letter) noexcept;
  [[nodiscard]] std::uint64_t count() const noexcept;

  /// `listener` is called on the thread that found the letter, one call at a
  /// time; what it throws is logged. It must be short, and must not subscribe
  /// or unsubscribe: it would wait for itself. After the subscription's end it
  /// is not called any more.
  dead_letter_subscription listen(dead_letter_listener listener);

private:
  friend class commy::dead_letter_subscription;
  void forget(std::uint64_t id) noexcept;
  void log_some(const dead_letter& letter, std::int64_t now_ns) noexcept;

  actor_trace* const trace_;
  mutable blocking::mutex mutex_;
  std::uint64_t count_ = 0;
  std::uint64_t next_id_ = 1;
  std::int64_t window_began_ns_ = 0;
  std::uint32_t logged_in_window_ = 0;
  std::uint32_t unlogged_ = 0;
  std::vector<std::pair<std::uint64_t, dead_letter_listener>> listeners_;
};

}  // namespace actors
}  // namespace commy
