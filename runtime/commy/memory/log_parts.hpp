// commy/memory/log_parts.hpp: where the words of a lane's log lie.
#pragma once

#include <commy/memory/image.hpp>

#include <cstdint>

namespace commy::memory {

/// A log is one array of words that lies in parts. The first, its base, follows
/// the lane's record in control; further ones are extents, runs of pages in
/// data that a transaction claims when it needs them and gives back at its end:
///
///     0             S(0)             S(1)                        S(2)
///     +-------------+----------------+---------------------------+----
///     | base        | extent 0       | extent 1                  | ...
///     +-------------+----------------+---------------------------+----
///       journal_bytes  1 page           2 pages, then 4, 8, ...
///
/// An extent is twice as long as the last, up to half a chunk, so that one
/// always finds its place in a chunk of its own. With the usual sizes that is
/// 64 KiB, 128 KiB, ... 16 MiB (511 pages), then 15 of 32 MiB: 512 MiB in all,
/// some 40 million single changes.
///
/// Records do not straddle parts: a `skip` record fills what is left. Extent k
/// is claimed under a `run_taken` record in the part below, so whoever reads
/// newest first has read all of an extent before the record that gives it back.
///
/// `part` 0 is the base, `part` k + 1 is extent k.
inline constexpr std::uint32_t log_parts = log_extents + 1;

[[nodiscard]] constexpr std::uint64_t extent_pages(const geometry& g,
                                                   std::uint32_t k) noexcept {
  const std::uint64_t most = g.chunk_pages() / 2;
  return (std::uint64_t{1} << k) < most ? std::uint64_t{1} << k : most;
}
/// First word of a part, counted from the log's begin; `log_parts` asks for
/// the log's end.
[[nodiscard]] constexpr std::uint64_t part_begin(const geometry& g,
                                                 std::uint32_t part) noexcept {
  if (part == 0) return 0;
  std::uint64_t at = g.journal_bytes / 8;
  for (std::uint32_t k = 0; k + 1 < part; ++k)
    at += extent_pages(g, k) * g.page_bytes / 8;
  return at;
}
static_assert(part_begin(geometry{}, log_parts) * 8 > 500_MiB);

/// A log as it is read: its extents' offsets, copied once, so that what was
/// checked is what is used.
class log_reader {
public:
  log_reader(const image& img, lane_record& record) noexcept
      : img_{&img},
        base_{image::log_of(record)},
        // relaxed: the own lane's words, or a dead one's.
        used_{record.log_used.load(std::memory_order_relaxed) / 8} {
    if (used_ <= part_begin(img.sizes(), 1)) return;
    for (std::uint32_t k = 0; k < log_extents; ++k)
      extents_[k] = record.extents[k].load(std::memory_order_relaxed);
    while (last_ + 1 < log_parts && used_ > part_begin(img.sizes(), last_ + 1))
      ++last_;
  }

  /// Words of the log in use.
  [[nodiscard]] std::uint64_t used() const noexcept { return used_; }
  /// How many extents are in use.
  [[nodiscard]] std::uint32_t extents() const noexcept { return last_; }
  [[nodiscard]] offset extent(std::uint32_t k) const noexcept {
    return extents_[k];
  }
  /// True if [at, at + bytes) touches an extent in use.
  [[nodiscard]] bool lies_in_extent(offset at,
                                    std::uint64_t bytes) const noexcept {
    for (std::uint32_t k = 0; k < last_; ++k) {
      const auto size = extent_pages(img_->sizes(), k) << img_->page_shift();
      if (at < extents_[k] + size && extents_[k] < at + bytes) return true;
    }
    return false;
  }
  /// Calls `each(part, words, count)` for each part in use, newest first, until
  /// it returns false. Returns whether none did. Requires: extents are sound.
  template <class Each>
  bool for_each_part(Each&& each) const noexcept {
    auto end = used_;
    for (auto part = last_; part > 0; --part) {
      const auto begin = part_begin(img_->sizes(), part);
      const auto* const words = reinterpret_cast<const std::uint64_t*>(
          img_->bytes(extents_[part - 1]));
      if (!each(part, words, end - begin)) return false;
      end = begin;
    }
    return each(std::uint32_t{0}, base_, end);
  }

private:
  const image* img_;
  const std::uint64_t* base_;
  std::uint64_t used_;
  std::uint32_t last_ = 0;
  std::array<offset, log_extents> extents_;  // Filled as far as used.
};

}  // namespace commy::memory
