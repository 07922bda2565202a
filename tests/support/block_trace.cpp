#include "block_trace.hpp"

#include <commy/memory/fsck.hpp>

namespace commy::test {

std::string trace_report::text() const {
  std::string all;
  for (const auto& one : problems)
    all += "  " + one + "\n";
  return all;
}

trace_report trace_blocks(const memory::image& img) {
  auto found = fsck(img);
  return {std::move(found.lines), found.live_blocks, found.live_runs,
          found.lent};
}

}  // namespace commy::test
