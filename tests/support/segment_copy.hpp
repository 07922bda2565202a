// tests/support/segment_copy.hpp: private copies of a segment's bytes.
#pragma once

#include <commy/memory/engine.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace commy::test {

/// The bytes of a segment's two files as they were at one instant.
struct segment_bytes {
  std::vector<std::byte> data;
  std::vector<std::byte> control;

  friend bool operator==(const segment_bytes&, const segment_bytes&) = default;
};

/// A segment in private memory, onto which engines can be attached as if it
/// were shared: whoever was attached when the bytes were taken is dead (or said
/// to be alive), whoever attaches here is alive until it detaches.
class segment_copy {
public:
  explicit segment_copy(const memory::geometry& sizes);
  /// Uses memory that the caller owns and keeps zeroed, as large as the
  /// capacities of both files.
  segment_copy(const memory::geometry& sizes, std::byte* data,
               std::byte* control);

  /// Forgets what it was and becomes `bytes`. Requires: no engine is attached.
  void load(const segment_bytes& bytes);
  /// What it is now, as far as the headers say it is in use.
  [[nodiscard]] segment_bytes bytes() const;
  /// `bytes() == what`, without the copy.
  [[nodiscard]] bool holds(const segment_bytes& what) const;

  [[nodiscard]] const memory::image& img() const noexcept { return image_; }

  /// Attaches an engine. A writing one sweeps at once whoever is dead.
  [[nodiscard]] std::shared_ptr<memory::engine> attach(bool writable);

  /// Sweeps every participant that did not attach here, without any engine.
  memory::sweep_report sweep() const;

  /// Whether those who were attached when the bytes were taken pass for alive.
  void let_others_live(bool alive) noexcept { others_alive_ = alive; }
  /// Whether growth finds a full disk.
  void fill_disk(bool full) noexcept { disk_full_ = full; }

private:
  class bytes_backing;

  memory::geometry sizes_;
  std::unique_ptr<std::byte[]> owned_;
  memory::image image_;
  // High-water marks: behind them all bytes are zero, as in a fresh file.
  std::uint64_t data_used_ = 0;
  std::uint64_t control_used_ = 0;
  std::vector<bool> attached_;  // By slot.
  bool others_alive_ = false;
  bool disk_full_ = false;
};

}  // namespace commy::test
