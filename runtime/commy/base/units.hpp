// commy/base/units.hpp: sizes with their unit in sight.
#pragma once

#include <cstddef>
#include <cstdint>

namespace commy {

inline namespace literals {
constexpr std::uint64_t operator""_KiB(unsigned long long n) noexcept {
  return n << 10U;
}
constexpr std::uint64_t operator""_MiB(unsigned long long n) noexcept {
  return n << 20U;
}
constexpr std::uint64_t operator""_GiB(unsigned long long n) noexcept {
  return n << 30U;
}
constexpr std::uint64_t operator""_TiB(unsigned long long n) noexcept {
  return n << 40U;
}
}  // namespace literals

/// `n` rounded up to a multiple of `step`, a power of two.
constexpr std::uint64_t align_up(std::uint64_t n, std::uint64_t step) noexcept {
  return (n + step - 1) & ~(step - 1);
}

/// True for 1, 2, 4, ... In place of `std::has_single_bit`, which is a library
/// call in programs that are compiled for the oldest x86-64.
constexpr bool is_power_of_two(std::uint64_t n) noexcept {
  return n != 0 && (n & (n - 1)) == 0;
}

}  // namespace commy
