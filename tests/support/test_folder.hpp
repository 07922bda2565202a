// tests/support/test_folder.hpp: a folder for segments that outlives no test.
#pragma once

#include <commy/memory/segment.hpp>

#include <string>

namespace commy::test {

/// A new empty folder in memory (/dev/shm where there is one). Removed at the
/// end of the test, and by a guardian process when the test program is killed.
class test_folder {
public:
  test_folder();
  test_folder(const test_folder&) = delete;
  test_folder& operator=(const test_folder&) = delete;
  ~test_folder();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::string operator/(const std::string& name) const {
    return path_ + "/" + name;
  }

private:
  std::string path_;
};

/// Sizes so small that a whole segment can be copied after each instruction:
/// 64 pages of 4 KiB in four chunks, eight lanes in steps of two.
[[nodiscard]] constexpr memory::geometry small_geometry() noexcept {
  memory::geometry g;
  g.capacity = std::uint64_t{4} * (64U << 10U);
  g.page_bytes = 4096;
  g.chunk_bytes = 64U << 10U;
  g.grow_min_bytes = 8192;
  g.grow_max_bytes = 8192;
  g.participants = 4;
  g.lanes = 8;
  g.lane_step = 2;
  g.journal_bytes = 2048;
  g.ring_cells = 8;
  return g;
}

/// Options for a segment in `folder`; `sizes` must outlive them.
[[nodiscard]] inline segment_options in_folder(
    const test_folder& folder, const memory::geometry* sizes = nullptr) {
  segment_options options;
  options.capacity = 64U << 20U;
  options.folder = folder.path();
  options.participant = "test";
  options.sizes = sizes;
  return options;
}

}  // namespace commy::test
