#include "modules/auth/refusal_log.hpp"

namespace commy::auth {
namespace {

using namespace std::chrono_literals;

// Somebody who guesses makes thousands of attempts; five lines say as much.
constexpr std::uint32_t lines_max = 5;
constexpr std::chrono::nanoseconds window = 10s;
constexpr std::size_t origin_max = 80;

}  // namespace

std::string refusal_log::note(std::string_view origin, std::string_view reason,
                              std::chrono::nanoseconds now) {
  if (in_window_ == 0 || now - begin_ >= window) {
    begin_ = now;
    in_window_ = 0;
  }
  if (in_window_ == lines_max) {
    ++left_out_;
    return {};
  }
  ++in_window_;
  std::string line = "refused a key from ";
  line.append(origin.substr(0, origin_max)).append(": ").append(reason);
  if (left_out_ > 0) {
    line += " (" + std::to_string(left_out_) + " refusals were not logged)";
    left_out_ = 0;
  }
  return line;
}

}  // namespace commy::auth
