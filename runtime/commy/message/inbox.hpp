// commy/message/inbox.hpp: where a process receives what others send it.
#pragma once

#include <commy/message/name_table.hpp>
#include <commy/message/parcel.hpp>
#include <commy/message/protocol_table.hpp>
#include <commy/message/ring_consumer.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace commy::message {

/// This process's inbox in one segment: one ring, any number of names that lead
/// to it. A process without actors takes its messages itself:
///
///     auto inbox = message::inbox::open(shared).value();
///     inbox.publish("screen").value();
///     while (inbox.wait(deadline)) {
///       while (auto parcel = inbox.try_take()) {
///         if (auto frame = parcel->as<frame_ready>()) {
///           auto picture = parcel->adopt<image>(frame->picture);
///
/// or, in an event loop, by `wake_fd`. A host lets an `inbox_thread` do so.
/// There is one inbox per attachment. Threads: `publish`, `withdraw`,
/// `interrupt`, `statistics` from any; the rest from one at a time.
class inbox {
public:
  using clock = std::chrono::steady_clock;
  /// Names that one inbox may have published at once; a bound against a
  /// program that publishes without end.
  static constexpr std::size_t names_max = 4096;

  /// Opens an empty inbox, and makes the segment's table of names when there is
  /// none. Fails with read_only, already_open, no_space, names, detached.
  static result<inbox, inbox_error> open(const segment& shared,
                                         const inbox_options& options = {});
  inbox(inbox&& other) noexcept;
  inbox& operator=(inbox&&) = delete;
  /// Withdraws the names and closes. Parcels must be gone by then.
  ~inbox();

  /// Lets others find this inbox under `name`, and gives its number here.
  /// `lines` says what its actor takes, see protocol_table.hpp. Fails with
  /// bad_name, too_many, name_taken, names.
  result<std::uint32_t, inbox_error> publish(
      std::string_view name, std::span<const protocol_line> lines = {});
  /// Takes the name back; what is under way to it is dropped. Gives the number
  /// it had, or 0 when it is not published.
  std::uint32_t withdraw(std::string_view name) noexcept;

  /// The next message for a published name, or nothing. Never waits. Requests
  /// and what belongs to them are dropped: nobody here can answer them.
  [[nodiscard]] std::optional<parcel> try_take();
  /// Calls `handle(parcel&)` for each message that is there, at most for
  /// `most`, and returns how many they were. Never waits. Cheaper than as many
  /// `try_take`s: nothing of a message is moved. What the handler throws comes
  /// through; its message is taken.
  template <class Handle>
  std::size_t take_each(Handle&& handle, std::size_t most = 64) {
    return each(handle, most, [this](parcel& now) { return take_into(now); });
  }
  /// The same for parcels of whatever kind, whose target is empty when there is
  /// no such name, or none is meant. For hosts, which answer.
  template <class Handle>
  std::size_t take_each_any(Handle&& handle, std::size_t most = 64) {
    return each(handle, most,
                [this](parcel& now) { return take_any_into(now); });
  }
  /// Waits for a message, at most until `deadline`; see ring_consumer::wait.
  [[nodiscard]] bool wait(clock::time_point deadline) {
    return ring_->wait(deadline);
  }
  /// Ends a `wait` now, or the next one that would sleep.
  void interrupt() noexcept { ring_->interrupt(); }

  /// What an event loop waits on (poll, epoll; under Windows the handle of an
  /// event): readable while something may be there, until a `try_take` has
  /// found nothing, or a `take_each` fewer than it might have taken. The same
  /// at each call, valid as long as the inbox. A sender cannot write this
  /// process's descriptors, so the first call starts a thread, which sleeps for
  /// the loop, in place of `inbox_options::how`: see message::wake_watch for
  /// the cost. `wait` and `interrupt` go on as before; `interrupt` makes it
  /// readable. Requires: no thread waits, and the inbox is not with an
  /// `inbox_thread`. Throws `std::system_error` when the system has no thread
  /// or event left.
  [[nodiscard]] platform::native_event wake_fd() { return ring_->wake_event(); }
  /// For who takes the messages in other threads: nobody asks for an event.
  void keep_from_loops() noexcept { ring_->keep_from_loops(); }

  /// Frees those of these loans that nobody has adopted.
  void release(const memory::named_loans& loans) noexcept {
    ring_->release(loans);
  }
  /// The number of this opening, which addresses carry.
  [[nodiscard]] std::uint64_t tag() const noexcept { return ring_->tag(); }
  void count_unknown_target() noexcept { ring_->count_unknown_target(); }
  [[nodiscard]] inbox_statistics statistics() const noexcept {
    return ring_->statistics();
  }
  [[nodiscard]] const segment& shared() const noexcept {
    return names_.shared();
  }

private:
  struct published;
  inbox(name_table names, std::optional<protocol_table> protocols,
        std::unique_ptr<ring_consumer> ring);
  template <class Handle, class Take>
  std::size_t each(Handle& handle, std::size_t most, Take&& take) {
    parcel now{*ring_};
    std::size_t count = 0;
    while (count < most && take(now)) {
      ++count;
      handle(now);
      now.release();
    }
    return count;
  }
  [[nodiscard]] bool take_any_into(parcel& now);
  [[nodiscard]] bool take_into(parcel& now);
  [[nodiscard]] const std::string* name_of(std::uint32_t actor);

  name_table names_;
  // None: the segment's cannot be used, and senders compare nothing.
  std::optional<protocol_table> protocols_;
  // On the heap: parcels and other threads refer to them.
  std::unique_ptr<ring_consumer> ring_;
  std::unique_ptr<published> published_;
};

}  // namespace commy::message
