// commy/memory/nesting.hpp: the way from a named object to what is nested in
// it.
#pragma once

#include <commy/memory/hash_table.hpp>
#include <commy/memory/nested_cell.hpp>

#include <array>
#include <cstdint>

namespace commy::memory {

/// Containers deep at most, below the outermost object.
inline constexpr std::uint32_t nesting_max = 3;

/// A nested container lives as long as all that it lies in. A handle therefore
/// remembers each of them, from the outermost object down: which of its lives
/// (generation), and which of its contents (era, shape[4]: another one after
/// each clear, swap or move-out, which give back elements without touching
/// them). Erasing one element changes that one's generation.
///
/// Neither number ever returns, so a look at them behind a look at the content
/// vouches for the whole time between the handle's making and it.
class nesting {
public:
  [[nodiscard]] std::uint32_t level() const noexcept { return levels_; }
  /// Requires: `level() > 0`.
  [[nodiscard]] object_place outermost() const noexcept {
    return above_[0].place;
  }
  /// The way to what is nested in the object at `place`, to which this one
  /// leads. Requires: `level() < nesting_max`.
  [[nodiscard]] nesting below(object_place place,
                              std::uint64_t era) const noexcept {
    auto way = *this;
    way.above_[way.levels_++] = {place, era};
    return way;
  }
  /// `found` while all above are what they were, else `removed`; `busy` when a
  /// transaction is changing that. `own`: this thread's transaction is the one.
  [[nodiscard]] lookup check(const image& img, bool own) const noexcept {
    for (std::uint32_t i = 0; i < levels_; ++i) {
      const auto& object = img.root_at(above_[i].place.root);
      // acquire, pairs with [unit-even].
      const auto seen = object.shape_sequence.load(std::memory_order_acquire);
      if ((seen & 1U) != 0 && !own) return lookup::busy;
      const bool same =
          object.generation.load(std::memory_order_relaxed) ==
              above_[i].place.generation &&
          object.shape[4].load(std::memory_order_relaxed) == above_[i].era;
      fence::acquire();  // Partner of [unit-odd].
      if (object.shape_sequence.load(std::memory_order_relaxed) != seen) {
        return lookup::busy;
      }
      if (!same) return lookup::removed;
    }
    return lookup::found;
  }

private:
  struct step {
    object_place place;
    std::uint64_t era;
  };
  std::array<step, nesting_max> above_{};
  std::uint32_t levels_ = 0;
};

}  // namespace commy::memory
