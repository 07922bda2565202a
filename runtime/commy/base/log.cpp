#include <commy/base/log.hpp>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>
#include <string>

namespace commy {
namespace {

// relaxed everywhere: a level that arrives a line late harms nobody.
std::atomic<log_level> threshold{log_level::info};

spdlog::level::level_enum translate(log_level level) noexcept {
  switch (level) {
    case log_level::debug:
      return spdlog::level::debug;
    case log_level::info:
      return spdlog::level::info;
    case log_level::warning:
      return spdlog::level::warn;
    case log_level::error:
      return spdlog::level::err;
    case log_level::off:
      break;
  }
  return spdlog::level::off;
}

spdlog::logger& sink() {
  // Never destroyed: threads may log while static objects are torn down.
  static auto* const logger = [] {
    auto* made = new spdlog::logger(
        "commy", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
    made->set_level(spdlog::level::debug);
    made->flush_on(spdlog::level::debug);
    return made;
  }();
  return *logger;
}

void append_escaped(std::string& line, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      line += c;
    } else {
      line += "\\x";
      line += digits[byte >> 4U];
      line += digits[byte & 0xfU];
    }
  }
}

}  // namespace

void set_log_level(log_level level) noexcept {
  threshold.store(level, std::memory_order_relaxed);
}

log_level current_log_level() noexcept {
  return threshold.load(std::memory_order_relaxed);
}

void log(log_level level, std::string_view area,
         std::string_view text) noexcept {
  if (level < current_log_level() || level == log_level::off) return;
  try {
    std::string line;
    line.reserve(area.size() + text.size() + 2);
    line.append(area).append(": ");
    append_escaped(line, text);
    sink().log(translate(level), line);
  } catch (...) {
    // Out of memory or a closed stderr: there is nowhere left to say so.
    return;
  }
}

}  // namespace commy
