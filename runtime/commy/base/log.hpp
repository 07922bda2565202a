// commy/base/log.hpp: the seam between Commy's code and the logging library.
#pragma once

#include <cstdint>
#include <string_view>

namespace commy {

enum class log_level : std::uint8_t { debug, info, warning, error, off };

/// Lines below this level cost one relaxed load. Default: `info`.
void set_log_level(log_level level) noexcept;
[[nodiscard]] log_level current_log_level() noexcept;

/// Writes one line to standard error: time, level, area, text. Control
/// characters in `text` are escaped, since it may quote hostile input. Threads:
/// any. Never throws; a line that cannot be written is lost.
void log(log_level level, std::string_view area,
         std::string_view text) noexcept;

}  // namespace commy
