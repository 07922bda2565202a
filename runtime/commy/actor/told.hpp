// commy/actor/told.hpp: what became of a message that was told.
#pragma once

#include <commy/actor/errors.hpp>
#include <commy/base/failure.hpp>
#include <commy/message/envelope.hpp>

#include <gsl/gsl>

#include <optional>
#include <utility>

namespace commy {

/// True when the receiver's mailbox has taken the message. Otherwise it says
/// why not and holds the message, which is not lost:
///
///     if (auto sent = screen.tell(frame); !sent) frame = sent.take_back();
///
/// A message in the mailbox is handled at most once: the receiver may still
/// stop or fail before, and then it is counted as a dead letter.
template <sendable M>
class [[nodiscard]] told {
public:
  /// Accepted.
  told() noexcept = default;
  /// Refused.
  told(tell_error why, M&& message) noexcept
      : message_{std::move(message)}, why_{why} {}

  told(const told&) = default;
  told(told&&) noexcept = default;
  told& operator=(const told&) = default;
  told& operator=(told&&) noexcept = default;
  // Not trivial, and so returned in memory. A small one in a register is put
  // together from bytes there, and the processor waits for them: 5 ns of 35.
  // NOLINTNEXTLINE(modernize-use-equals-default): that would be trivial.
  ~told() {}

  [[nodiscard]] bool has_value() const noexcept { return !message_; }
  explicit operator bool() const noexcept { return has_value(); }

  /// Why it was refused. Requires: `!has_value()`.
  [[nodiscard]] failure<tell_error> error() const noexcept {
    Expects(!has_value());
    return failure{why_};
  }

  /// The refused message; once. Requires: `!has_value()`.
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
  tell_error why_{};
};

}  // namespace commy
