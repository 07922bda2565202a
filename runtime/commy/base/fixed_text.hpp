// commy/base/fixed_text.hpp: a short text that lives inside its owner.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace commy {

/// At most `Capacity` bytes of text without an allocation; longer text is cut
/// and ends in "...". Trivially copyable, so it may lie in shared memory.
template <std::size_t Capacity>
class fixed_text {
  static_assert(Capacity >= 8 && Capacity < 256);

public:
  constexpr fixed_text() noexcept = default;
  constexpr explicit fixed_text(std::string_view text) noexcept {
    append(text);
  }

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

  /// The text. `size_` is checked, since the bytes may have been shared.
  [[nodiscard]] constexpr std::string_view view() const noexcept {
    return {bytes_.data(), std::min<std::size_t>(size_, Capacity)};
  }

  [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }

  friend constexpr bool operator==(const fixed_text& a,
                                   const fixed_text& b) noexcept {
    return a.view() == b.view();
  }

private:
  std::array<char, Capacity> bytes_{};
  unsigned char size_ = 0;
};

}  // namespace commy
