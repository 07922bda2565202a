// commy/memory/recent_loans.hpp: loan blocks that a lane gives itself.
#pragma once

#include <commy/memory/classes.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace commy::memory {

/// The loans that a thread gave back last, for its next ones of their sizes.
/// Their words say CACHED by this participant, see loan_words.hpp: so giving
/// back and lending again are plain stores, and who answers a message writes
/// into the block that brought it, whose lines its core has. A death leaves
/// them to the sweep.
///
/// At most four, of classes that lie in slabs: what a thread keeps from others
/// is 64 KiB. Threads: the lane's.
class recent_loans {
public:
  struct entry {
    block_place place;
    std::uint64_t generation = 0;
  };

  /// Requires: its word is CACHED(this participant, generation). Returns what
  /// had to go for it, or an empty one.
  [[nodiscard]] entry keep(const entry& newest) noexcept {
    return std::exchange(entries_[next_++ % entries_.size()], newest);
  }

  /// The one of this class that was kept last, or an empty one.
  [[nodiscard]] entry take(std::uint32_t cls) noexcept {
    for (std::size_t n = 1; n <= entries_.size(); ++n) {
      auto& at = entries_[(next_ - n) % entries_.size()];
      if (!at.place || at.place.cls != cls) continue;
      const auto found = at;
      at.place = {};
      // The newest one's place is the next one's.
      if (n == 1) --next_;
      return found;
    }
    return {};
  }

  /// Calls `release(entry)` for each.
  template <class Release>
  void empty(Release&& release) noexcept {
    for (auto& at : entries_) {
      if (at.place) release(std::exchange(at, {}));
    }
  }

private:
  std::array<entry, 4> entries_{};
  std::size_t next_ = 0;
};

}  // namespace commy::memory
