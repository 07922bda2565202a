// commy/message/parcel.hpp: a received message with the loans it brought.
#pragma once

#include <commy/memory/loan.hpp>
#include <commy/message/loan_field.hpp>
#include <commy/message/ring_consumer.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace commy::message {

/// One message out of an inbox. Its bytes are a private copy, and they and its
/// target's name are valid until the inbox takes the next one; their values are
/// another process's and are to be checked. Loans that nobody has adopted go
/// back with the parcel.
class parcel {
public:
  /// `from` has taken `message`; it and `target` outlive this object.
  parcel(ring_consumer& from, const std::string& target,
         const incoming& message) noexcept
      : from_{&from},
        has_loans_{message.loans.count != 0},
        target_{&target},
        message_{message} {}
  /// An empty one, for its inbox to fill in.
  explicit parcel(ring_consumer& from) noexcept : from_{&from} {}
  parcel(parcel&& other) noexcept
      : from_{other.from_},
        has_loans_{std::exchange(other.has_loans_, false)},
        adopted_{std::exchange(other.adopted_, 0)},
        target_{other.target_},
        message_{other.message_} {}
  parcel& operator=(parcel&& other) noexcept {
    if (this == &other) return *this;
    release();
    from_ = other.from_;
    has_loans_ = std::exchange(other.has_loans_, false);
    adopted_ = std::exchange(other.adopted_, 0);
    target_ = other.target_;
    message_ = other.message_;
    return *this;
  }
  ~parcel() { release(); }

  /// The published name it is for; empty when it is for none.
  [[nodiscard]] std::string_view target() const noexcept {
    return target_ == nullptr ? std::string_view{} : *target_;
  }
  /// This process's number for that name.
  [[nodiscard]] std::uint32_t number() const noexcept { return message_.actor; }
  [[nodiscard]] memory::cell_kind kind() const noexcept {
    return message_.kind;
  }
  /// What ties it to another one; 0 for a message.
  [[nodiscard]] std::uint64_t correlation() const noexcept {
    return message_.correlation;
  }
  [[nodiscard]] message_id id() const noexcept { return message_.id; }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
    return message_.bytes;
  }
  /// The participant slot that sent it.
  [[nodiscard]] memory::slot_index sender() const noexcept {
    return message_.sender;
  }
  [[nodiscard]] std::span<const loan_handle> handles() const noexcept {
    return std::span{message_.loans.handles}.first(message_.loans.count);
  }

  /// The message, if it is an M, with the loans that are its fields. These are
  /// adopted by this call, so it succeeds once; nothing, when one of them is
  /// gone or was lent for another type.
  template <class M>
    requires wire_sendable<M>
  [[nodiscard]] std::optional<M> as() const {
    if (id() != wire_id<M>()) return std::nullopt;
    auto made = from_wire<M>(bytes(), owner(), message_.first_loan);
    if (!made) return std::nullopt;
    if constexpr (carries_loans<M>) adopted_ = message_.loans.count;
    return std::move(*made);
  }
  /// Whose ring it came through: what adopts its loans.
  [[nodiscard]] const std::shared_ptr<memory::engine>& owner() const noexcept {
    return from_->owner();
  }
  /// Takes over a loan that the message names; see `adopt_loan`.
  template <memory::plain T>
  [[nodiscard]] result<loan<const T>, loan_error> adopt(
      loan_handle handle) const {
    auto taken =
        memory::adopt_as<const T>(owner(), handle, message_.first_loan);
    if (taken) ++adopted_;
    return taken;
  }

  /// Leaves the loans where they are: somebody will adopt them later. Returns
  /// them, so that the caller can see to those that nobody adopts.
  [[nodiscard]] memory::named_loans hand_on() noexcept {
    has_loans_ = false;
    return message_.loans;
  }

private:
  // Fills it in, for one message after the other.
  friend class inbox;

  void release() noexcept {
    // Each loan is adopted once, so when all are, there is nothing to look for.
    if (std::exchange(has_loans_, false) && adopted_ < message_.loans.count) {
      from_->release(message_.loans);
    }
    adopted_ = 0;
  }

  ring_consumer* from_;
  bool has_loans_ = false;             // That this object sees to.
  mutable std::uint32_t adopted_ = 0;  // Some of them.
  const std::string* target_ = nullptr;
  incoming message_;
};

}  // namespace commy::message
