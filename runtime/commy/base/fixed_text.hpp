// commy/base/fixed_text.hpp: a short text that lives inside its owner.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>

namespace commy {

/// At most `Capacity` bytes of text without an allocation; longer text is cut
/// and ends in "...". Bytes behind the text are neither set nor copied:
/// failures carry one, mostly empty, and are returned where a lookup takes 10
/// ns.
template <std::size_t Capacity>
class fixed_text {
  static_assert(Capacity >= 8 && Capacity < 256);

public:
  constexpr fixed_text() noexcept {
    // What a constant expression makes has no undefined bytes.
    if (std::is_constant_evaluated()) bytes_.fill('\0');
  }
  constexpr explicit fixed_text(std::string_view text) noexcept : fixed_text{} {
    append(text);
  }
  constexpr fixed_text(const fixed_text& other) noexcept : fixed_text{} {
    append(other.view());
  }
  constexpr fixed_text& operator=(const fixed_text& other) noexcept {
    if (this != &other) {
      size_ = 0;
      append(other.view());
    }
    return *this;
  }
  constexpr ~fixed_text() = default;

  /// Adds `text`; what does not fit is cut and marked by "...".
  constexpr fixed_text& append(std::string_view text) noexcept {
    const auto room = Capacity - size_;
    const auto taken = std::min(text.size(), room);
    std::copy_n(text.data(), taken, bytes_.data() + size_);
    size_ = static_cast<unsigned char>(size_ + taken);
    if (taken < text.size()) {
      std::fill_n(bytes_.data() + Capacity - 3, 3, '.');
    }
    return *this;
  }

  /// The text. The clamp is for the compiler, which sees that nothing is read
  /// beyond the bytes.
  [[nodiscard]] constexpr std::string_view view() const noexcept {
    return {bytes_.data(), std::min<std::size_t>(size_, Capacity)};
  }

  [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }

  friend constexpr bool operator==(const fixed_text& a,
                                   const fixed_text& b) noexcept {
    return a.view() == b.view();
  }

private:
  std::array<char, Capacity> bytes_;  // NOLINT(*-member-init): see above.
  unsigned char size_ = 0;
};

}  // namespace commy
