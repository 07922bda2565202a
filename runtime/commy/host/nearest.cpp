#include <commy/host/nearest.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace commy::host {
namespace {

constexpr std::size_t longest = 64;
using row = std::array<std::size_t, longest + 1>;

// Optimal string alignment; three rows are all it looks back at.
std::size_t edits(std::string_view a, std::string_view b) {
  row before{};
  row last{};
  row now{};
  for (std::size_t j = 0; j <= b.size(); ++j)
    last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + change});
      const bool swapped =
          i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) now[j] = std::min(now[j], before[j - 2] + 1);
    }
    before = last;
    last = now;
  }
  return last[b.size()];
}

}  // namespace

std::optional<std::string_view> nearest(
    std::string_view word, std::span<const std::string_view> candidates) {
  std::optional<std::string_view> best;
  if (word.size() > longest) return best;
  std::size_t fewest = longest;
  for (const auto candidate : candidates) {
    if (candidate.size() > longest) continue;
    const auto count = edits(word, candidate);
    const auto allowed =
        std::max<std::size_t>(1, std::max(word.size(), candidate.size()) / 3);
    if (count <= allowed && count < fewest) {
      fewest = count;
      best = candidate;
    }
  }
  return best;
}

}  // namespace commy::host
