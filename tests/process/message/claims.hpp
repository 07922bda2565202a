// tests/process/message/claims.hpp: who stands in the middle of a message.
#pragma once

#include <commy/memory/image.hpp>
#include <commy/memory/ring_repair.hpp>

#include <sys/types.h>

namespace commy::test {

/// Does this process stand in the middle of a message?
inline bool has_claim(const memory::image& img, pid_t pid) {
  const auto slots = img.sizes().participants;
  memory::slot_index self = 0;
  for (; self < slots; ++self) {
    const memory::slot_word word{img.slot(self).word.load()};
    if (word.state() == memory::slot_state::live &&
        word.pid() == static_cast<std::uint32_t>(pid)) {
      break;
    }
  }
  for (memory::slot_index reader = 0; reader < slots; ++reader) {
    const auto ring = memory::ring_of(img, reader);
    for (std::uint32_t i = 0; ring && i < ring.count; ++i) {
      const memory::cell_word cell{ring.cells[i].word.load()};
      if (cell.state() == memory::cell_state::claimed &&
          cell.sender() == self + 1) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace commy::test
