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

/// One message out of an inbox. Its bytes are a private copy, valid until the
/// inbox takes the next one; their values are another process's and are to be
/// checked. Loans that nobody has adopted go back with the parcel.
class parcel {
public:
  parcel(ring_consumer& from, std::shared_ptr<memory::engine> owner,
         std::shared_ptr<const std::string> target, incoming message) noexcept
      : from_{&from},
        owner_{std::move(owner)},
        target_{std::move(target)},
        message_{message} {}
  parcel(parcel&& other) noexcept
      : from_{std::exchange(other.from_, nullptr)},
        owner_{std::move(other.owner_)},
        target_{std::move(other.target_)},
        message_{other.message_} {}
  parcel& operator=(parcel&& other) noexcept {
    if (this == &other) return *this;
    release();
    from_ = std::exchange(other.from_, nullptr);
    owner_ = std::move(other.owner_);
    target_ = std::move(other.target_);
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
    auto made = from_wire<M>(bytes(), owner_);
    if (!made) return std::nullopt;
    return std::move(*made);
  }
  /// Whose ring it came through: what adopts its loans.
  [[nodiscard]] const std::shared_ptr<memory::engine>& owner() const noexcept {
    return owner_;
  }
  /// Takes over a loan that the message names; see `adopt_loan`.
  template <memory::plain T>
  [[nodiscard]] result<loan<const T>, loan_error> adopt(
      loan_handle handle) const {
    return adopt_loan<T>(owner_, handle);
  }

  /// Leaves the loans where they are: somebody will adopt them later. Returns
  /// them, so that the caller can see to those that nobody adopts.
  [[nodiscard]] memory::named_loans hand_on() noexcept {
    from_ = nullptr;
    return message_.loans;
  }

private:
  void release() noexcept {
    if (from_ != nullptr) from_->release(message_.loans);
  }

  ring_consumer* from_;
  std::shared_ptr<memory::engine> owner_;
  std::shared_ptr<const std::string> target_;
  incoming message_;
};

}  // namespace commy::message
