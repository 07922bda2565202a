// commy/platform/posix/proc_stat.hpp: what /proc says of a process.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace commy::platform::detail {

struct proc_stat {
  char state = '?';           // Field 3; 'Z': has ended, not waited for.
  std::uint64_t started = 0;  // Field 22, clock ticks since boot.
  int wait_status = 0;        // Field 52, as waitpid would give it.
  bool is_ours = false;       // Else that is hidden from us, and 0.
};

/// Of the text of a stat file. The program's name in it may itself hold blanks
/// and brackets. Nothing when it is none.
std::optional<proc_stat> parse_proc_stat(std::string_view text) noexcept;
/// Of a process; 0: of this one. Nothing when it is not there, or /proc is not.
std::optional<proc_stat> read_proc_stat(std::uint32_t pid) noexcept;

}  // namespace commy::platform::detail
