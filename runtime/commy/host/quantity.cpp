#include <commy/host/quantity.hpp>

#include <array>
#include <charconv>
#include <limits>
#include <span>

namespace commy::host {
namespace {

struct unit {
  std::string_view name;
  std::uint64_t size;
};

constexpr std::array time_units{unit{"d", 86'400'000'000'000U},
                                unit{"h", 3'600'000'000'000U},
                                unit{"min", 60'000'000'000U},
                                unit{"s", 1'000'000'000U},
                                unit{"ms", 1'000'000U},
                                unit{"us", 1'000U},
                                unit{"ns", 1U}};
constexpr std::array size_units{
    unit{"TiB", std::uint64_t{1} << 40U}, unit{"GiB", std::uint64_t{1} << 30U},
    unit{"MiB", std::uint64_t{1} << 20U}, unit{"KiB", std::uint64_t{1} << 10U},
    unit{"B", 1U}};

// Both results are signed somewhere on their way, so 63 bits are the limit.
constexpr auto limit =
    static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

std::optional<std::uint64_t> parse(std::string_view text,
                                   std::span<const unit> units) noexcept {
  std::uint64_t count = 0;
  const auto* const end = text.data() + text.size();
  const auto [rest, status] = std::from_chars(text.data(), end, count);
  if (status != std::errc{}) return std::nullopt;
  const std::string_view name{rest, static_cast<std::size_t>(end - rest)};
  for (const auto& u : units) {
    if (u.name != name) continue;
    if (count > limit / u.size) return std::nullopt;
    return count * u.size;
  }
  return std::nullopt;
}

std::string print(std::uint64_t amount, std::span<const unit> units) {
  // Zero divides by every unit; the last and smallest reads best then.
  for (const auto& u : units) {
    if (amount != 0 && amount % u.size == 0) {
      return std::to_string(amount / u.size).append(u.name);
    }
  }
  return std::string{"0"}.append(units.back().name);
}

}  // namespace

std::optional<std::chrono::nanoseconds> parse_duration(
    std::string_view text) noexcept {
  const auto amount = parse(text, time_units);
  if (!amount) return std::nullopt;
  return std::chrono::nanoseconds{static_cast<std::int64_t>(*amount)};
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) noexcept {
  return parse(text, size_units);
}

std::string print_duration(std::chrono::nanoseconds time) {
  if (time.count() < 0) {
    return "-" +
           print(0 - static_cast<std::uint64_t>(time.count()), time_units);
  }
  return print(static_cast<std::uint64_t>(time.count()), time_units);
}

std::string print_bytes(std::uint64_t bytes) {
  return print(bytes, size_units);
}

}  // namespace commy::host
