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

}  // namespace commy
