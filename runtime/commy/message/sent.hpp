// commy/message/sent.hpp: what became of a message to another process.
#pragma once

#include <commy/base/failure.hpp>
#include <commy/message/send_error.hpp>

#include <gsl/gsl>

#include <optional>
#include <utility>

namespace commy {

/// True when the receiver's ring has taken the message and its loans. Otherwise
/// it says why not and holds the message, whose loans are still the sender's:
///
///     if (auto sent = screen.send(std::move(frame)); !sent) {
///       frame = sent.take_back();
///
/// Drop it, and the loans go back to their segment. As `told` is for actors of
/// this process.
template <class M>
class [[nodiscard]] sent {
public:
  /// Accepted.
  sent() noexcept = default;
  /// Refused.
  sent(const failure<send_error>& why, M&& message) noexcept
      : message_{std::move(message)}, why_{why} {}

  [[nodiscard]] bool has_value() const noexcept { return !message_; }
  explicit operator bool() const noexcept { return has_value(); }

  /// Why it was refused. Requires: `!has_value()`.
  [[nodiscard]] const failure<send_error>& error() const noexcept {
    Expects(!has_value());
    return *why_;
  }
  /// The refused message; once. Should the receiver have died in this very
  /// moment, a sweep may have taken a loan out of it. Requires: `!has_value()`.
  [[nodiscard]] M take_back() noexcept {
    Expects(!has_value());
    return std::move(*message_);
  }
  /// Throws `bad_result` with the reason when the message was refused.
  void value() const {
    if (!has_value()) throw bad_result{error().message()};
  }

private:
  std::optional<M> message_;
  std::optional<failure<send_error>> why_;
};

}  // namespace commy
