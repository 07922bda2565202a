// commy/actor/topic.hpp: tells all who have subscribed.
#pragma once

#include <commy/actor/ref.hpp>
#include <commy/actor/topic_core.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <typeinfo>
#include <utility>

namespace commy {

/// What became of one message for all.
struct [[nodiscard]] published {
  std::size_t taken = 0;  ///< Subscribers in whose mailboxes it lies.
  /// Subscribers that had no room for it, or for whom there was no memory: they
  /// have missed it, and learn so by `topic_subscription::refused`.
  std::size_t refused = 0;
};

/// One subscription; its end ends it. An actor keeps it as a member: so it
/// stops with the actor's object, and a restarted one subscribes anew. A
/// message that is being published, or lies in the mailbox, may come after the
/// end. Threads: one at a time.
class [[nodiscard]] topic_subscription {
public:
  /// None.
  topic_subscription() noexcept = default;
  topic_subscription(topic_subscription&& other) noexcept
      : topic_{std::exchange(other.topic_, nullptr)}, place_{other.place_} {}
  topic_subscription& operator=(topic_subscription&& other) noexcept {
    if (this != &other) {
      end();
      topic_ = std::exchange(other.topic_, nullptr);
      place_ = other.place_;
    }
    return *this;
  }
  ~topic_subscription() { end(); }

  /// Ends it; nothing when it has ended.
  void end() noexcept {
    if (const auto ended = std::exchange(topic_, nullptr)) {
      actors::topic_core::end(place_);
    }
  }

  /// Messages that the subscriber has missed because its mailbox was full (or
  /// memory was). 0 once it has ended. Cost: a look.
  [[nodiscard]] std::uint32_t refused() const noexcept {
    return topic_ == nullptr ? 0 : actors::topic_core::refused(place_);
  }

private:
  template <sendable...>
  friend class topic;
  topic_subscription(std::shared_ptr<const actors::topic_core> topic,
                     const actors::topic_core::added& place) noexcept
      : topic_{std::move(topic)}, place_{place} {}

  // Null when it has ended.
  std::shared_ptr<const actors::topic_core> topic_;
  actors::topic_core::added place_{};
};

/// Tells a message to all who have subscribed. A handle: copies are the same
/// topic, which lives as long as it has handles or subscriptions. A new one has
/// no name; `actor_system::topic` finds or makes one by a name. A group of
/// actors is a topic as well: to join is to subscribe, to leave is to end.
///
///     commy::topic<tick> prices;                            // Somewhere.
///     feed_ = prices.subscribe(self(this)).value();         // In an actor.
///     const auto done = prices.publish(tick{7, 99});        // Anywhere.
///
/// The messages of one publisher reach each subscriber in their order. A full
/// subscriber misses a message and holds up nobody. Threads: any, handlers too.
template <sendable... M>
class topic {
  static_assert(sizeof...(M) > 0, "commy: name the messages of the topic");
  static_assert((std::copy_constructible<M> && ...),
                "commy: each subscriber of a topic gets a copy; this message "
                "cannot be copied. Tell it to one actor, or let it hold a "
                "std::shared_ptr to what cannot");

public:
  /// A topic of its own.
  topic() : core_{std::make_shared<actors::topic_core>(kind)} {}
  // A copy instead of a move: no handle is ever empty.
  topic(const topic&) = default;
  topic& operator=(const topic&) = default;
  ~topic() = default;

  /// From now on `who` gets what is published; twice if it subscribes twice.
  /// Not what is being published just now by another thread. When it has
  /// stopped, it is taken out. Fails with `too_many_subscribers`. Cost: a lock,
  /// a walk over the subscribers.
  result<topic_subscription, topic_error> subscribe(
      const address<M...>& who) const {
    const std::array<actors::topic_core::ops, sizeof...(M)> how{
        actors::access::ops<M>(who)...};
    // A default address: nobody, who has stopped.
    if (how.front() == nullptr) return topic_subscription{};
    const auto place = core_->add(actors::access::handle(who), how);
    if (!place) return unexpected{place.error()};
    return topic_subscription{core_, *place};
  }

  /// Tells all subscribers a copy. Never blocks, takes no lock. What a copy
  /// throws comes through; subscribers before have the message by then. Large
  /// content is best held by a `std::shared_ptr<const T>` in the message. Cost:
  /// 2 ns, and a `tell` for each subscriber.
  template <class Told>
  published publish(const Told& message) const {
    published all;
    core_->visit(index_of<Told>(), [&](const actors::cell_handle& to,
                                       const message::envelope_ops& how) {
      Told copy{message};
      switch (actors::try_send(to, how, copy)) {
        case actors::sent::accepted:
          ++all.taken;
          return actors::heard::taken;
        case actors::sent::stopped:
          return actors::heard::gone;
        default:
          ++all.refused;
          return actors::heard::refused;
      }
    });
    return all;
  }

  /// Subscribers that have not stopped. Cost: a walk over all.
  [[nodiscard]] std::size_t subscribers() const noexcept {
    return core_->count();
  }

  /// The same topic.
  friend bool operator==(const topic&, const topic&) = default;

private:
  friend class actor_system;
  explicit topic(std::shared_ptr<actors::topic_core> core) noexcept
      : core_{std::move(core)} {}

  static std::string names() {
    std::string all;
    ((all.append(all.empty() ? "" : ", ").append(message::type_name<M>())),
     ...);
    return all;
  }
  static constexpr actors::topic_kind kind{&typeid(topic), sizeof...(M),
                                           &topic::names};

  template <class Sought>
  static constexpr std::size_t index_of() noexcept {
    static_assert((std::same_as<Sought, M> || ...),
                  "commy: this topic does not list this message; name it in "
                  "topic<...>");
    std::size_t index = 0;
    static_cast<void>(((std::same_as<Sought, M> || (++index, false)) || ...));
    return index;
  }

  std::shared_ptr<actors::topic_core> core_;
};

}  // namespace commy
