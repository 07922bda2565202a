#include "pulse/runner/format.hpp"

#include <array>
#include <cstddef>
#include <cstdio>

namespace pulse {
namespace {

/// Three digits and one of `units`, each a thousand of the one before.
template <std::size_t N>
std::string scaled(double value, const std::array<const char*, N>& units) {
  std::size_t unit = 0;
  // 999.5 would be rounded to four digits.
  while (value >= 999.5 && unit + 1 < N) {
    value /= 1000;
    ++unit;
  }
  const int digits = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f%s", digits, value, units[unit]);
  return text.data();
}

}  // namespace

std::string bytes_text(double bytes) {
  return scaled(bytes, std::array{" B", " kB", " MB", " GB", " TB"});
}
std::string count_text(double count) {
  return scaled(count, std::array{"", " k", " M", " G"});
}
std::string time_text(std::chrono::nanoseconds time) {
  return scaled(static_cast<double>(time.count()),
                std::array{" ns", " us", " ms", " s"});
}

}  // namespace pulse
