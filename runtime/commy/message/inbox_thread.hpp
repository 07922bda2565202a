// commy/message/inbox_thread.hpp: hands an inbox's messages to a handler.
#pragma once

#include <commy/message/inbox.hpp>
#include <commy/message/loan_custody.hpp>

#include <atomic>
#include <functional>
#include <thread>

namespace commy::message {

/// A thread that takes an inbox's messages, of all kinds, as they come and
/// calls a handler for each. This is how a host brings messages of other
/// processes to its actors:
///
///     inbox_thread mail{std::move(box), [&](const parcel& p) {
///       return actors.deliver(p.target(), p.id(), p.bytes(), p.owner())
///           .has_value();
///     }};
///
/// The handler runs in that thread and should not wait. True says that the
/// message was passed on and its loans will be adopted later (`adopt_loan`); at
/// most `loan_custody::messages_max` messages later those that were not go
/// back. False, or an exception, which is logged, gives them back at once.
class inbox_thread {
public:
  using handler = std::function<bool(const parcel&)>;

  inbox_thread(inbox box, handler handle);
  inbox_thread(const inbox_thread&) = delete;
  inbox_thread& operator=(const inbox_thread&) = delete;
  /// Waits for the handler under way, then closes the inbox.
  ~inbox_thread();

  /// For `publish`, `withdraw`, `statistics`.
  [[nodiscard]] inbox& box() noexcept { return box_; }

private:
  void run();

  inbox box_;
  handler handle_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace commy::message
