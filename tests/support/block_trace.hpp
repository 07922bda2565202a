// tests/support/block_trace.hpp: is every block reached exactly once?
#pragma once

#include <commy/memory/image.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace commy::test {

struct trace_report {
  /// What is wrong, one sentence each; empty for a sound segment.
  std::vector<std::string> problems;
  std::uint64_t live_blocks = 0;
  std::uint64_t live_runs = 0;
  std::uint64_t loans = 0;  // Lent: loans and bare blocks.

  /// All problems, a line each.
  [[nodiscard]] std::string text() const;
};

/// What `fsck` says about a segment in which nobody is at work.
[[nodiscard]] trace_report trace_blocks(const memory::image& img);

}  // namespace commy::test
