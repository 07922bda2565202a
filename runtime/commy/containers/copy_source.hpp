// commy/containers/copy_source.hpp: an image that content is copied out of.
#pragma once

#include <commy/memory/image.hpp>

#include <cstdint>

namespace commy::memory {

/// An image that elements are copied out of, and how much of that may be legit:
/// no sound segment holds more elements than bytes. So a damaged one, in which
/// nested containers lead to each other or many times to the same, ends.
class copy_source {
public:
  // NOLINTNEXTLINE(google-explicit-constructor): an image is one.
  copy_source(const image& img) noexcept : img_{&img}, left_{img.committed()} {}
  // NOLINTNEXTLINE(google-explicit-constructor): for elements of one level.
  operator const image&() const noexcept { return *img_; }
  [[nodiscard]] const image& img() const noexcept { return *img_; }
  /// False when so many elements cannot be.
  [[nodiscard]] bool take(std::uint64_t count) const noexcept {
    if (count > left_) return false;
    left_ -= count;
    return true;
  }

private:
  const image* img_;
  mutable std::uint64_t left_;
};

}  // namespace commy::memory
