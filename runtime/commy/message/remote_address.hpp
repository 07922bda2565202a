// commy/message/remote_address.hpp: an actor of another process, by its name.
#pragma once

#include <commy/memory/loan.hpp>
#include <commy/message/loan_field.hpp>
#include <commy/message/name_table.hpp>
#include <commy/message/ring_producer.hpp>
#include <commy/message/sent.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace commy {

namespace message {

/// An address without knowledge of message types; see `remote_address`.
class untyped_address {
public:
  using clock = std::chrono::steady_clock;

  static result<untyped_address, send_error> find(const segment& shared,
                                                  std::string_view name);
  static result<untyped_address, send_error> wait_for(
      const segment& shared, std::string_view name, clock::time_point deadline);

  /// Sends `bytes` as the message `id`. The handles of `loans` are written to
  /// their places. When the receiver has stopped and the name leads to another
  /// inbox by now, the message goes there.
  result<void, send_error> send(message_id id, std::span<const std::byte> bytes,
                                std::span<const carried_loan> loans = {});

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// Messages that this object has sent.
  [[nodiscard]] std::uint64_t sent() const noexcept {
    return sent_before_ + producer_.sent();
  }

private:
  untyped_address(name_table names, std::string_view name, name_place place);

  name_table names_;
  std::string name_;
  name_place place_;
  ring_producer producer_;
  std::uint64_t sent_before_ = 0;  // Through earlier producers.
};

}  // namespace message

/// An actor of another process that understands the messages M..., found by the
/// name it has published in a segment.
///
///     auto screen =
///         remote_address<frame_ready>::find(video, "screen").value();
///     auto picture = try_loan<image>(video).value();
///     draw(*picture);
///     if (auto sent = screen.send(frame_ready{std::move(picture), 7}); !sent)
///       ... // sent.take_back() is the message, with its picture
///
/// Messages of one thread through one address arrive in the order they were
/// sent, each at most once; what was sent and not yet taken when the receiver
/// dies is lost. An address follows its name when the receiver comes back.
/// Threads: one at a time; each thread finds an address of its own.
template <class... M>
class remote_address {
  static_assert((wire_sendable<M> && ...),
                "commy: a message to another process is a described struct "
                "that can be copied byte by byte, but for its loans");

public:
  using clock = std::chrono::steady_clock;

  /// Fails with name_not_found when no open inbox has published the name.
  static result<remote_address, send_error> find(const segment& shared,
                                                 std::string_view name) {
    auto found = message::untyped_address::find(shared, name);
    if (!found) return unexpected{found.error()};
    return remote_address{std::move(*found)};
  }
  /// Waits for the name until `deadline`.
  static result<remote_address, send_error> wait_for(
      const segment& shared, std::string_view name,
      clock::time_point deadline) {
    auto found = message::untyped_address::wait_for(shared, name, deadline);
    if (!found) return unexpected{found.error()};
    return remote_address{std::move(*found)};
  }

  /// Sends `content` and the loans that are its fields; never waits for the
  /// receiver. When it is refused, the answer has it, with its loans. An empty
  /// loan arrives as an empty one. Cost: one copy of what are no loans, and
  /// what `ring_producer` costs.
  template <class X>
    requires((std::same_as<X, M> || ...) && carries_loans<X>)
  sent<X> send(X content) {
    const message::wire_form<X> form{content};
    auto done = to_.send(wire_id<X>(), form.bytes(), form.loans());
    if (done) return {};
    return {done.error(), std::move(content)};
  }

  /// Sends a copy of `content`; never waits for the receiver. Its fields of
  /// type `loan_handle` are set from `loans`, one for each in their order; an
  /// empty loan leaves a handle that names nothing. On success the loans are
  /// the receiver's and empty here; on failure nothing has changed hands.
  template <class X, class... T>
    requires((std::same_as<X, M> || ...) && !carries_loans<X>)
  // The ring empties what it took:
  // NOLINTNEXTLINE(cppcoreguidelines-rvalue-reference-param-not-moved)
  result<void, send_error> send(const X& content, loan<T>&&... loans) {
    static_assert(sizeof...(T) == message::handle_count<X>,
                  "commy: pass one loan for each loan_handle in the message");
    static_assert(sizeof...(T) <= memory::loans_max,
                  "commy: a message carries at most eight loans");
    constexpr auto& places = message::handle_places<X>;
    std::size_t next = 0;
    const std::array<message::carried_loan, sizeof...(T)> carried{
        message::carried_loan{&loans.block(), places[next++]}...};
    return to_.send(wire_id<X>(), std::as_bytes(std::span{&content, 1}),
                    carried);
  }

  [[nodiscard]] const std::string& name() const noexcept { return to_.name(); }
  [[nodiscard]] std::uint64_t sent() const noexcept { return to_.sent(); }

private:
  explicit remote_address(message::untyped_address to) : to_{std::move(to)} {}

  message::untyped_address to_;
};

/// Finds a name and sends one message to it. Who sends more keeps an address.
template <class X>
  requires carries_loans<X>
sent<X> send(const segment& shared, std::string_view name, X content) {
  auto to = remote_address<X>::find(shared, name);
  if (!to) return {to.error(), std::move(content)};
  return to->send(std::move(content));
}
template <class X, class... T>
  requires(!carries_loans<X>)
result<void, send_error> send(const segment& shared, std::string_view name,
                              const X& content, loan<T>&&... loans) {
  auto to = remote_address<X>::find(shared, name);
  if (!to) return unexpected{to.error()};
  return to->send(content, std::move(loans)...);
}

}  // namespace commy
