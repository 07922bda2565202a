// commy/host/inbox_source.hpp: an inbox in which an actor system's workers
// wait.
#pragma once

#include <commy/actor/event_source.hpp>
#include <commy/message/inbox.hpp>
#include <commy/message/loan_custody.hpp>

#include <functional>

namespace commy::host {

/// Hands an inbox's messages to a handler on whichever worker polls it. So a
/// message to an idle host wakes one thread, which then runs the actor itself;
/// with an `inbox_thread` it wakes two, one after the other.
///
/// The handler must not wait. What its answer means, and how long loans are
/// kept: as for `inbox_thread`. Threads: as for `event_source`.
class inbox_source final : public event_source {
public:
  using handler = std::function<bool(const message::parcel&)>;

  inbox_source(message::inbox box, handler handle)
      : box_{std::move(box)}, handle_{std::move(handle)} {
    box_.keep_from_loops();
  }

  /// For `publish`, `withdraw`, `statistics`.
  [[nodiscard]] message::inbox& box() noexcept { return box_; }

  std::size_t poll() noexcept override;
  void wait() noexcept override;
  void interrupt() noexcept override { box_.interrupt(); }

private:
  message::inbox box_;
  handler handle_;
  message::loan_custody custody_{box_};
};

}  // namespace commy::host
