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
  std::uint64_t loans = 0;  // Owned, or in a ring.

  /// All problems, a line each.
  [[nodiscard]] std::string text() const;
};

/// Walks a segment in which nobody is at work, from the directory through
/// roots, type lines, tables, queues and texts, and compares what it reached
/// with what the block and page words say: a live block that nothing reaches is
/// a leak, a reached one that is not live dangles, two ways to one are a
/// sharing. Nothing may be reserved, dropped or locked, no sequence odd, every
/// key of a table must be found by looking it up.
[[nodiscard]] trace_report trace_blocks(const memory::image& img);

}  // namespace commy::test
