// commy/host/segment_mail.hpp: messages of other processes for our actors.
#pragma once

#include <commy/actor/actor_system.hpp>
#include <commy/actor/protocol.hpp>
#include <commy/base/result.hpp>
#include <commy/host/exchange.hpp>
#include <commy/host/handle_resolver.hpp>
#include <commy/host/remote_actor.hpp>
#include <commy/host/remote_error.hpp>
#include <commy/memory/segment.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace commy::host {

/// Joins an actor system to segments, so that its actors and those of other
/// processes reach each other:
///
///     commy::actor_system actors;
///     commy::segment_mail mail{actors};
///     mail.open(shop).value();
///     mail.publish("till", actors.spawn<till>("till")).value();
///     auto stock = mail.wait_for<take, put>(shop, "stock", now + 5s).value();
///     auto left = actors.ask(stock, take{sku}, 50ms);
///
/// What comes goes to the actor it is for, as bytes, and is refused there when
/// it is not one of that actor's protocol. Loans that are fields of a message
/// are the actor's, or go back with a message that is refused. Handles in it
/// stay good until the actor's handler has resolved them or 1,024 more messages
/// with handles have come. Threads: any.
///
/// The actor system's workers wait in the first inbox that is opened, and the
/// one that a message wakes runs the message's actor; see inbox_reader.hpp.
class segment_mail : public handle_resolver {
public:
  using clock = std::chrono::steady_clock;

  /// `actors` must outlive `close`.
  explicit segment_mail(actor_system& actors) : actors_{actors} {}
  segment_mail(const segment_mail&) = delete;
  segment_mail& operator=(const segment_mail&) = delete;
  /// As `close`.
  ~segment_mail() override;

  /// Opens the inbox of this attachment. Fails as `inbox::open`: each
  /// attachment has one, so two systems of one process open the segment twice.
  /// `options.how` says how the workers wait in it, if it is the first: with
  /// `waiting::spin` one of them never sleeps.
  result<void, inbox_error> open(const segment& shared,
                                 const message::inbox_options& options = {});
  /// Lets other processes find the actor of that name, in each open inbox. With
  /// its end the name is free, and who watches it there is told.
  result<void, inbox_error> publish(std::string_view actor);
  /// The same for any actor whose class has a protocol.
  template <class A>
  result<void, inbox_error> publish(std::string_view name, const ref<A>& who) {
    static_assert(
        requires { typename A::protocol; },
        "commy: what others may send is said by the actor's class: "
        "`using protocol = commy::messages<...>;`");
    return publish_port(name, wire_port{actors::access::handle(who),
                                        A::protocol::template table<A>()});
  }
  /// Takes a name back, in each open inbox.
  void withdraw(std::string_view name);
  /// Tells `listener` of processes, of whose actors some were found here, that
  /// have not shown a sign of life for longer than `limit`; see peer_silence.
  /// It is called on a thread of ours, and as a rule tells an actor.
  void on_silence(std::chrono::nanoseconds limit, silence_listener listener) {
    peers_.on_silence(limit, std::move(listener));
  }

  /// Withdraws all names, closes all inboxes and ends all that stands for
  /// others here. Not from a handler.
  void close();

  /// The actor that has published `name` in `shared`, as one that takes these
  /// messages, by an address like any other: what holds for telling and asking
  /// a local actor holds for it, with the mailbox of the local actor that
  /// stands for it (`options`, of who finds it first). When the other one
  /// stops, or its process dies, that one stops, too: who asks is answered
  /// `receiver_stopped` at once, who watches it is told the reason, who tells
  /// gets the message back. The address does not follow the name: find it anew.
  /// Cost: a lookup, one system call, and for the first a spawn.
  template <wire_sendable... M>
  result<address<M...>, remote_error> find(const segment& shared,
                                           std::string_view name,
                                           const spawn_options& options = {}) {
    return find_within<M...>(shared, name, std::nullopt, options);
  }
  /// The same, after waiting for the name until `deadline`. Blocks the thread:
  /// not from a handler.
  template <wire_sendable... M>
  result<address<M...>, remote_error> wait_for(
      const segment& shared, std::string_view name, clock::time_point deadline,
      const spawn_options& options = {}) {
    return find_within<M...>(shared, name, deadline, options);
  }

  /// Takes the block over that a handle names; it goes back to its segment
  /// with `keep`. So it succeeds once for each message that brought it.
  found resolve(const std::array<std::uint64_t, 2>& handle) override;

  /// Messages that no actor took.
  [[nodiscard]] std::uint64_t refused() const;
  /// What became of the traffic in one of them; zeros if it is not open.
  [[nodiscard]] exchange_statistics statistics(const segment& shared) const;

private:
  template <wire_sendable... M>
  result<address<M...>, remote_error> find_within(
      const segment& shared, std::string_view name,
      std::optional<clock::time_point> deadline, const spawn_options& options) {
    const auto box = of(shared);
    if (box == nullptr) {
      return unexpected{remote_error::not_joined, shared.name()};
    }
    const std::array<message::protocol_line, sizeof...(M)> wanted{
        message::protocol_line{wire_id<M>(), wire_layout<M>()}...};
    const auto there = box->find(name, wanted, deadline, options);
    if (!there) return unexpected{there.error()};
    if (there->local) {
      const auto here = find_address<M...>(*there->local, name);
      if (here) return *here;
      return unexpected{remote_error::other_protocol, here.error().message()};
    }
    return actors::access::make<address<M...>>(
        there->remote, std::array<const message::envelope_ops*, sizeof...(M)>{
                           &remote_ops<M>...});
  }

  result<void, inbox_error> publish_port(std::string_view name,
                                         const std::optional<wire_port>& port);
  /// Null when it is not open.
  [[nodiscard]] std::shared_ptr<exchange> of(const segment& shared) const;
  [[nodiscard]] std::vector<std::shared_ptr<exchange>> all() const;

  actor_system& actors_;
  mutable std::mutex mutex_;  // Guards the list, not what is in it.
  std::vector<std::shared_ptr<exchange>> boxes_;
  std::uint64_t refused_before_ = 0;  // In those that are closed.
  peer_watch peers_;                  // Ends before the boxes.
};

}  // namespace commy::host

namespace commy {

using host::segment_mail;

}  // namespace commy
