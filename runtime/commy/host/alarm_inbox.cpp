#include <commy/base/log.hpp>
#include <commy/host/alarm_inbox.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>

namespace commy::host {
namespace {

// Ended by a NUL, or by the field; bytes that no terminal should see are gone.
template <std::size_t Size>
std::string text_in(const char (&field)[Size]) {
  std::string text{field, std::find(field, field + Size, '\0')};
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < 0x20 || c > 0x7e; },
      '?');
  return text;
}

std::string in_short(double value) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(),
                                 value, std::chars_format::general, 4);
  return {digits.data(), end.ptr};
}

}  // namespace

void alarm_inbox::on(const commy_alarm& alarm) {
  if (!std::isfinite(alarm.value) || !std::isfinite(alarm.limit) ||
      alarm.raised > 1) {
    log(log_level::warning, "host", "an alarm that makes no sense was dropped");
    return;
  }
  const alarm_event event{.source = text_in(alarm.source),
                          .what = text_in(alarm.what),
                          .raised = alarm.raised == 1,
                          .value = alarm.value,
                          .limit = alarm.limit,
                          .at_ns = alarm.at_ns};
  log(event.raised ? log_level::warning : log_level::info, "host",
      "alarm " + event.what + (event.raised ? " raised by " : " cleared by ") +
          event.source + ": " + in_short(event.value) + ", limit " +
          in_short(event.limit));
  alarms_.publish(event);
}

}  // namespace commy::host
