// tests/crash/store_filter.hpp: which instructions cannot change shared bytes.
#pragma once

#include <cstdint>
#include <span>

namespace commy::test {

/// The longest instruction of x86-64.
inline constexpr std::size_t longest_instruction = 15;

/// False for an instruction that stores nowhere but in registers and on the
/// stack, as nine of ten do: an explorer need not look for what it changed.
/// Knows the common ones; true for all others, and on other processors.
/// Source: Intel SDM, volume 2, appendix A.
[[nodiscard]] bool may_store(
    std::span<const std::uint8_t, longest_instruction + 1> code) noexcept;

}  // namespace commy::test
