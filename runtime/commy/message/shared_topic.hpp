// commy/message/shared_topic.hpp: loans published once, read by many processes.
#pragma once

#include <commy/memory/loan.hpp>
#include <commy/message/topic_publisher.hpp>
#include <commy/message/topic_subscriber.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace commy {

/// A message that this object holds: the publisher's very bytes, which nobody
/// changes any more. Given back at its end, also in another thread and after
/// the end of the subscription. As long as samples are held their blocks are
/// not free, so who keeps many makes the segment larger. The bytes were written
/// by another process of the same trust domain: their values are to be checked.
/// Threads: one at a time.
template <memory::plain T>
class sample {
public:
  sample() noexcept = default;
  sample(sample&& other) noexcept { swap(other); }
  sample& operator=(sample&& other) noexcept {
    sample{std::move(other)}.swap(*this);
    return *this;
  }
  ~sample() { reset(); }

  [[nodiscard]] explicit operator bool() const noexcept {
    return of_ != nullptr;
  }
  /// Requires: not empty, as for all that follow.
  [[nodiscard]] const T& operator*() const noexcept { return *data(); }
  [[nodiscard]] const T* operator->() const noexcept { return data(); }
  [[nodiscard]] const T& operator[](std::size_t index) const noexcept {
    Expects(index < size());
    return data()[index];
  }
  [[nodiscard]] std::span<const T> span() const noexcept {
    return {data(), size()};
  }
  [[nodiscard]] const T* data() const noexcept {
    Expects(of_ != nullptr);
    return reinterpret_cast<const T*>(of_->link().img().bytes(held_.content));
  }
  [[nodiscard]] std::size_t size() const noexcept {
    return held_.bytes / sizeof(T);
  }
  /// Messages that this subscription has lost between the sample before and
  /// this one, because they were overwritten before it came to read them. One
  /// that was begun by a publisher which died is counted if it was overwritten,
  /// too.
  [[nodiscard]] std::uint64_t missed() const noexcept { return held_.missed; }
  /// Who published it: a participant's slot, see `segment::participants`.
  [[nodiscard]] std::uint32_t publisher() const noexcept {
    return held_.publisher;
  }
  /// Gives it back now. Nothing when it is empty.
  void reset() noexcept {
    if (const auto of = std::exchange(of_, nullptr)) of->let_go(held_);
  }

private:
  template <memory::plain>
  friend class subscription;
  sample(std::shared_ptr<message::topic_subscriber> of,
         const message::held_block& held) noexcept
      : of_{std::move(of)}, held_{held} {}
  void swap(sample& other) noexcept {
    std::swap(of_, other.of_);
    std::swap(held_, other.held_);
  }

  std::shared_ptr<message::topic_subscriber> of_;
  message::held_block held_{};
};

/// Reads a topic's messages in their order, at its own pace; ends it at its
/// end. For processes without actors:
///
///     while (prices.wait(deadline)) {
///       while (auto tick = prices.try_take()) show(*tick);
///     }
///
/// or, in an event loop, `wake_fd()`. Threads: one at a time; `interrupt`,
/// `statistics` and `is_open` from any.
template <memory::plain T>
class [[nodiscard]] subscription {
public:
  using clock = std::chrono::steady_clock;

  subscription(subscription&&) noexcept = default;
  subscription& operator=(subscription&& other) noexcept {
    if (this != &other) {
      end();
      reader_ = std::move(other.reader_);
    }
    return *this;
  }
  ~subscription() { end(); }

  /// The next message, or an empty sample. Never waits, not even for a
  /// publisher in the middle of its message. Cost: a compare-and-swap, and
  /// another one at the sample's end; six cache lines besides the payload.
  [[nodiscard]] sample<T> try_take() {
    auto held = reader_->try_take(memory::loan_type<T>(), sizeof(T));
    if (!held) return {};
    return {reader_, *held};
  }
  /// Waits until `try_take` may find something. False at the deadline, when
  /// interrupted, and once the topic was removed. Not inside a transaction.
  [[nodiscard]] bool wait(clock::time_point deadline) {
    return reader_->wait(deadline);
  }
  /// Ends a `wait` now, or the next one that would sleep.
  void interrupt() noexcept { reader_->interrupt(); }
  /// False once the topic was removed, or the segment closed: nothing comes any
  /// more. Samples stay.
  [[nodiscard]] bool is_open() const noexcept { return reader_->is_open(); }

  /// What an event loop waits on (poll, epoll; under Windows the handle of an
  /// event): readable while something may be there, until a `try_take` has
  /// found nothing; once the topic was removed it stays so. The same at each
  /// call, valid as long as the subscription. The first call starts a thread,
  /// which sleeps for it: see message::wake_watch for the cost. Requires:
  /// no thread waits. Throws
  /// `std::system_error` when the system has no thread or event left.
  [[nodiscard]] platform::native_event wake_fd() {
    return reader_->wake_event();
  }

  [[nodiscard]] subscription_statistics statistics() const noexcept {
    return reader_->statistics();
  }

private:
  template <memory::plain>
  friend class shared_topic;
  explicit subscription(
      std::shared_ptr<message::topic_subscriber> reader) noexcept
      : reader_{std::move(reader)} {}
  void end() noexcept {
    if (reader_ != nullptr) reader_->leave();
    reader_.reset();
  }

  std::shared_ptr<message::topic_subscriber> reader_;
};

/// A topic of a segment, found by its name: what one process publishes, up to
/// 64 subscribers in any processes read where it lies, without a copy.
///
///     auto prices = commy::shared_topic<tick>::open_or_create(
///         market, "prices", {.depth = 1024, .history = 16}).value();
///     // One process:
///     auto next = commy::try_loan<tick>(market).value();
///     next->cents = 4200;
///     if (auto done = prices.publish(std::move(next)); !done) ...
///     // Others:
///     auto news = prices.subscribe().value();
///
/// Every subscriber gets every message, once, the messages of one publisher in
/// their order; or learns how many it has missed. A publisher or subscriber
/// that is killed at any instruction loses no block and stops nobody. A message
/// counts as published when it is whole: one whose publisher died before is
/// skipped. After the topic's removal (`segment::remove_object`) publishers are
/// told so, and subscriptions are closed.
/// Threads: one at a time; copies are cheap, and each thread has its own.
template <memory::plain T>
class shared_topic {
public:
  using clock = std::chrono::steady_clock;

  /// Opens the topic, or makes it with these options. Fails with type_mismatch
  /// (the difference is in the detail), read_only (publishing and subscribing
  /// both write), refused (the options; 4,095 topics), and as each object.
  static result<shared_topic, open_error> open_or_create(
      const segment& shared, std::string_view name,
      const topic_options& options = {}) {
    return made(message::topic_link::open_or_create(
        shared.engine(), name, type_descriptor(), options));
  }
  static result<shared_topic, open_error> open(const segment& shared,
                                               std::string_view name) {
    return made(
        message::topic_link::open(shared.engine(), name, type_descriptor()));
  }
  /// "topic<" and the type's line.
  [[nodiscard]] static std::string type_descriptor() {
    return "topic<" + memory::type_line<T>() + ">";
  }

  /// Publishes a loan of the topic's segment. On success it is empty; else it
  /// is the caller's as before (but `damaged`: somebody has scribbled over the
  /// topic while this went on, and the message is lost). Never waits. Cost: six
  /// compare-and-swaps and five cache lines, whatever the payload and however
  /// many subscribers, but for a system call for each that sleeps.
  // NOLINTNEXTLINE(cppcoreguidelines-rvalue-reference-param-not-moved)
  result<void, publish_error> publish(loan<T>&& message) {
    return publisher_.publish(message.block());
  }
  /// The same, waiting for slow readers (`slow_reader::hold_publisher`) until
  /// `deadline`; the failure says for whom in vain. Not inside a transaction.
  // NOLINTNEXTLINE(cppcoreguidelines-rvalue-reference-param-not-moved)
  result<void, publish_error> publish(loan<T>&& message,
                                      clock::time_point deadline) {
    return publisher_.publish(message.block(), deadline);
  }
  /// Reads from now on, and first the last messages, as many as both say. Fails
  /// with `too_many` for the 65th subscriber.
  result<subscription<T>, subscribe_error> subscribe(
      const subscribe_options& options = {}) const {
    auto reader = message::topic_subscriber::join(publisher_.link(), options);
    if (!reader) return unexpected{reader.error()};
    return subscription<T>{std::move(*reader)};
  }
  /// How it stands. Requires: the segment is open.
  [[nodiscard]] topic_statistics statistics() const {
    return publisher_.link().statistics();
  }

private:
  explicit shared_topic(message::topic_link link) noexcept
      : publisher_{std::move(link)} {}
  static result<shared_topic, open_error> made(
      result<message::topic_link, open_error> link) {
    if (!link) return unexpected{link.error()};
    return shared_topic{std::move(*link)};
  }

  message::topic_publisher publisher_;
};

}  // namespace commy
