// commy/actor/topic_core.hpp: who has subscribed to a topic, whatever its
// messages are.
#pragma once

#include <commy/actor/cell.hpp>
#include <commy/base/blocking.hpp>
#include <commy/base/result.hpp>
#include <commy/message/envelope.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <typeinfo>
#include <vector>

namespace commy {

enum class topic_error : std::uint8_t {
  bad_name,
  other_messages,
  too_many_topics,
  too_many_subscribers
};

constexpr std::string_view describe(topic_error e) noexcept {
  switch (e) {
    case topic_error::bad_name:
      return "a topic's name has 1 to 128 bytes, none of them a control "
             "character; a topic without a name is a commy::topic<...>";
    case topic_error::other_messages:
      return "name the messages of a topic alike, in one order, or use another "
             "name";
    case topic_error::too_many_topics:
      return "a system has at most 65,536 topics with names at a time";
    case topic_error::too_many_subscribers:
      return "a topic has at most 4,096 subscribers; have some of them publish "
             "to topics of their own";
  }
  return "unknown topic error";
}

namespace actors {

/// What one subscriber made of one message.
enum class heard : std::uint8_t { taken, refused, gone };

/// The messages of a topic.
struct topic_kind {
  const std::type_info* id;
  std::size_t messages;
  std::string (*names)();
};

/// The subscribers of one topic. Places of 32 bytes in chunks of 8 that stay
/// until the topic's end and are used again: so a publisher walks along them
/// without a lock or a count of who reads. A place's number says whose it is:
///
///     0   nobody's; only `add`, under the lock, takes it
///     n   of the n-th subscription of this topic; numbers never come again
///
/// A reader looks at the number before and after it reads the rest. Who has
/// subscribed while a publish walks has a number above the one it began with.
/// Threads: any.
class topic_core {
public:
  using ops = const message::envelope_ops*;

  // A tell takes from 30 ns, where caches are cold 100: so 4,096 of them stay
  // below the 500 us that a whole turn may take.
  static constexpr std::size_t most_subscribers = 4096;

  struct place {
    std::atomic<std::uint64_t> number{0};
    std::atomic<cell*> at{nullptr};
    std::atomic<std::uint32_t> generation{0};
    /// Number's lower half, then messages that were refused: in one word, so
    /// that nobody counts for the next one in this place.
    std::atomic<std::uint64_t> refused{0};
  };
  static_assert(sizeof(place) == 32);

  explicit topic_core(const topic_kind& kind) : kind_{kind} {}
  topic_core(const topic_core&) = delete;
  topic_core& operator=(const topic_core&) = delete;
  ~topic_core();

  struct added {
    place* where;
    std::uint64_t number;
  };
  /// `how` has the receiver's code for each of the topic's messages.
  result<added, topic_error> add(const cell_handle& who,
                                 std::span<const ops> how);
  static void end(const added& subscription) noexcept;
  [[nodiscard]] static std::uint32_t refused(
      const added& subscription) noexcept;
  /// Subscribers that have not stopped; others are taken out. A walk over all.
  [[nodiscard]] std::size_t count() const noexcept;

  /// Calls `tell(handle, code)` for each subscriber, with its code for the
  /// `message`-th message. Who is gone by its answer is taken out.
  template <class Tell>
  void visit(std::size_t message, Tell tell) const;

  [[nodiscard]] const topic_kind& kind() const noexcept { return kind_; }

private:
  static constexpr std::size_t chunk_places = 8;
  struct chunk {
    explicit chunk(std::size_t messages)
        : how{std::make_unique<std::atomic<ops>[]>(chunk_places * messages)} {}
    std::array<place, chunk_places> places;
    /// For each place and message.
    std::unique_ptr<std::atomic<ops>[]> how;
    std::atomic<chunk*> next{nullptr};
  };
  struct free_place {
    chunk* in = nullptr;
    std::size_t index = 0;
  };

  [[nodiscard]] free_place find_free() const noexcept;
  [[nodiscard]] free_place grow();
  static void count_refusal(place& p, std::uint64_t number) noexcept;

  const topic_kind kind_;
  std::atomic<chunk*> first_{nullptr};
  /// The number of the newest subscription.
  std::atomic<std::uint64_t> newest_{0};
  blocking::mutex mutex_;  // Of who subscribes.
  chunk* last_ = nullptr;
  std::size_t places_ = 0;
  // When there are so many places, those of the stopped are made free.
  std::size_t sweep_at_ = 64;
};

template <class Tell>
void topic_core::visit(std::size_t message, Tell tell) const {
  // acquire, pairs with [newest] in add(): all that have subscribed before this
  // publish are seen.
  const auto newest = newest_.load(std::memory_order_acquire);
  for (auto* c = first_.load(std::memory_order_acquire); c != nullptr;
       c = c->next.load(std::memory_order_acquire)) {
    for (std::size_t i = 0; i < chunk_places; ++i) {
      auto& p = c->places[i];
      // acquire, pairs with [number] in add(): what it stands for is there.
      const auto number = p.number.load(std::memory_order_acquire);
      if (number == 0 || number > newest) continue;
      // acquire, each, pair with the releases in add(): who sees what a later
      // subscription wrote sees below that this one has ended.
      const cell_handle to{p.at.load(std::memory_order_acquire),
                           p.generation.load(std::memory_order_acquire)};
      const auto* const how =
          c->how[i * kind_.messages + message].load(std::memory_order_acquire);
      if (p.number.load(std::memory_order_relaxed) != number) continue;
      switch (tell(to, *how)) {
        case heard::taken:
          break;
        case heard::refused:
          count_refusal(p, number);
          break;
        case heard::gone:
          end({&p, number});
      }
    }
  }
}

/// The topics of one system by their names. A topic stays as long as somebody
/// holds it, a subscription for instance; so names nobody uses cost nothing.
/// Threads: any.
class topic_directory {
public:
  // Some 300 bytes each, without subscribers: 20 MiB.
  static constexpr std::size_t most_topics = 65'536;

  result<std::shared_ptr<topic_core>, topic_error> find_or_make(
      std::string_view name, const topic_kind& kind);

private:
  void sweep();

  blocking::mutex mutex_;
  std::map<std::string, std::weak_ptr<topic_core>, std::less<>> topics_;
  // With so many, those that nobody holds go.
  std::size_t sweep_at_ = 64;
};

}  // namespace actors
}  // namespace commy
