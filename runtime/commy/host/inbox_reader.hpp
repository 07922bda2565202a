// commy/host/inbox_reader.hpp: who takes an inbox's messages.
#pragma once

#include <commy/actor/actor_system.hpp>
#include <commy/host/inbox_source.hpp>
#include <commy/message/inbox_thread.hpp>

#include <memory>

namespace commy::host {

/// Hands an inbox's messages to a handler: on the workers of an actor system,
/// which wait in the first inbox that asks for it, so that the one a message
/// wakes also runs the message's actor; or on a thread of its own, which wakes
/// a worker in turn: for each further inbox, since a thread can sleep in one
/// ring only, and in a system without workers. The handler must not wait; see
/// `inbox_thread`. Threads: any.
class inbox_reader {
public:
  using handler = inbox_source::handler;

  /// `actors` outlives this object.
  inbox_reader(actor_system& actors, message::inbox box, handler handle);
  inbox_reader(const inbox_reader&) = delete;
  inbox_reader& operator=(const inbox_reader&) = delete;
  /// Waits for the handler under way, then closes the inbox. Not from a handler
  /// of an actor.
  ~inbox_reader();

  /// For `publish`, `withdraw`, `statistics`.
  [[nodiscard]] message::inbox& box() noexcept {
    return source_ != nullptr ? source_->box() : thread_->box();
  }

private:
  actor_system& actors_;
  // One of the two.
  std::unique_ptr<inbox_source> source_;
  std::unique_ptr<message::inbox_thread> thread_;
};

}  // namespace commy::host
