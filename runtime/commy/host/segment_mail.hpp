// commy/host/segment_mail.hpp: messages of other processes for our actors.
#pragma once

#include <commy/actor/actor_system.hpp>
#include <commy/base/result.hpp>
#include <commy/host/handle_resolver.hpp>
#include <commy/host/inbox_source.hpp>
#include <commy/memory/segment.hpp>
#include <commy/message/inbox_thread.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace commy::host {

/// The host's inboxes in the segments it serves: each message goes to the actor
/// it is for, as bytes, and is refused there when it is not one of that actor's
/// protocol. Handles in it stay good until the actor's handler has resolved
/// them or 1,024 more messages with handles have come. Threads: any.
///
/// The actor system's workers wait in the first inbox that is opened, and the
/// one that a message wakes runs the message's actor. Each further inbox has a
/// thread of its own, which wakes a worker in turn: a thread can sleep in one
/// ring only. So has the first one in a system without workers.
class segment_mail : public handle_resolver {
public:
  /// `actors` must outlive `close`.
  explicit segment_mail(actor_system& actors) : actors_{actors} {}

  /// Opens the inbox of this attachment.
  result<void, inbox_error> open(const segment& shared);
  /// Lets other processes find the actor of that name, in each open inbox.
  result<void, inbox_error> publish(std::string_view actor);
  /// Withdraws all names and closes all inboxes.
  void close();

  /// Takes the block over that a handle names; it goes back to its segment
  /// with `keep`. So it succeeds once for each message that brought it.
  found resolve(const std::array<std::uint64_t, 2>& handle) override;

  /// Messages that no actor took.
  [[nodiscard]] std::uint64_t refused() const noexcept {
    // relaxed: a figure for people.
    return refused_.load(std::memory_order_relaxed);
  }

private:
  struct box {
    segment shared;
    // One of the two.
    std::unique_ptr<inbox_source> source;
    std::unique_ptr<message::inbox_thread> thread;

    [[nodiscard]] message::inbox& inbox() const noexcept {
      return source != nullptr ? source->box() : thread->box();
    }
  };
  bool deliver(const message::parcel& parcel);

  actor_system& actors_;
  std::atomic<std::uint64_t> refused_{0};
  std::mutex mutex_;  // Guards the list, not what is in it.
  std::vector<box> boxes_;
};

}  // namespace commy::host
