// commy/host/quantity.hpp: durations and sizes as people write them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace commy::host {

/// "50ms", "10s", "2h": a whole number and one of ns, us, ms, s, min, h, d.
/// Nothing when it is anything else, or longer than 292 years.
std::optional<std::chrono::nanoseconds> parse_duration(
    std::string_view text) noexcept;

/// "64MiB": a whole number and one of B, KiB, MiB, GiB, TiB. Nothing when it
/// is anything else, or does not fit 63 bits.
std::optional<std::uint64_t> parse_bytes(std::string_view text) noexcept;

/// The shortest text that reads back as the same: 1500 ms is "1500ms".
std::string print_duration(std::chrono::nanoseconds time);
std::string print_bytes(std::uint64_t bytes);

}  // namespace commy::host
