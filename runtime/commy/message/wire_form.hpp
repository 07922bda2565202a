// commy/message/wire_form.hpp: a message with loans in it, and its bytes.
#pragma once

#include <commy/message/loan_field.hpp>
#include <commy/message/ring_producer.hpp>

#include <array>
#include <cstddef>
#include <cstring>
#include <span>

namespace commy::message {

/// An M as it goes to another process: bytes with room for the handles, and the
/// loans, which stay in the M until a ring has taken them. Outlived by the M.
template <class M>
class wire_form {
  static_assert(loan_count<M> <= memory::loans_max,
                "commy: a message carries at most eight loans");
  static_assert(handle_count<M> == 0,
                "commy: a message has loans as fields, or handles that are set "
                "from loans passed beside it, not both");

public:
  /// Cost: a copy of what are no loans.
  explicit wire_form(M& content) noexcept {
    std::size_t next = 0;
    const auto encode = [&]<class T>(T& part, std::size_t place) {
      if constexpr (detail::is_loan<T>::value) {
        loans_[next++] = {&part.block(), static_cast<std::uint32_t>(place)};
      } else {
        std::memcpy(bytes_.data() + place, &part, sizeof(T));
      }
      return true;
    };
    detail::for_each_part(content, 0, encode);
  }

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
    return bytes_;
  }
  [[nodiscard]] std::span<const carried_loan> loans() const noexcept {
    return loans_;
  }

private:
  // Zero where no field is: padding tells nobody anything.
  alignas(8) std::array<std::byte, wire_bytes<M>> bytes_{};
  std::array<carried_loan, loan_count<M>> loans_{};
};

}  // namespace commy::message
