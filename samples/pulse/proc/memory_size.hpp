// samples/pulse/proc/memory_size.hpp: how full memory is, from /proc/meminfo.
#pragma once

#include <cstdint>
#include <string_view>

namespace pulse::proc {

struct memory_size {
  std::uint64_t total_bytes = 0;
  /// What programs could still get without swapping, as the kernel guesses.
  std::uint64_t available_bytes = 0;

  [[nodiscard]] std::uint64_t used_bytes() const noexcept {
    return total_bytes - available_bytes;
  }
};

/// Reads /proc/meminfo; zeros when it does not say. Never more available than
/// there is.
memory_size parse_memory_size(std::string_view text) noexcept;

}  // namespace pulse::proc
