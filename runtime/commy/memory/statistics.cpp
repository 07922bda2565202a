#include <commy/memory/statistics.hpp>

#include <algorithm>

namespace commy::memory {
namespace {

void count_slab(const image& img, std::uint64_t index, std::uint32_t cls,
                segment_statistics& now) noexcept {
  const auto& shape = img.shape(cls);
  auto& here = now.classes[cls];
  const auto base = index << img.page_shift();
  ++here.slabs;
  for (std::uint32_t i = 0; i < shape.count; ++i) {
    const block_word word{
        img.word(base + 64 + 8ULL * i).load(std::memory_order_relaxed)};
    if (word.state() == block_state::free) {
      ++here.free_blocks;
      now.free_block_bytes += shape.block_bytes;
      continue;
    }
    now.live_bytes += shape.block_bytes;
    ++now.live_blocks;
    switch (word.state()) {
      case block_state::owned:
      case block_state::in_ring:
      case block_state::in_topic:
        ++here.owned_blocks;
        now.owned_bytes += shape.block_bytes;
        break;
      case block_state::reserved:
      case block_state::dropped:
      case block_state::cached:
      case block_state::returned:
        ++here.reserved_blocks;
        now.reserved_bytes += shape.block_bytes;
        break;
      default:
        ++here.live_blocks;
    }
  }
  now.overhead_bytes +=
      img.sizes().page_bytes - std::uint64_t{shape.count} * shape.block_bytes;
}

}  // namespace

segment_statistics count_bytes(const image& img) noexcept {
  const std::uint64_t page_bytes = img.sizes().page_bytes;
  const auto per_chunk = img.sizes().chunk_pages();
  segment_statistics now;
  now.capacity_bytes = img.sizes().capacity;
  now.committed_bytes = img.committed();
  for (std::uint32_t cls = 0; cls < size_class_count; ++cls) {
    now.classes[cls].block_bytes = img.shape(cls).block_bytes;
  }
  const auto pages = img.page_count();
  std::uint64_t free_in_a_row = 0;
  for (std::uint64_t p = 0; p < pages;) {
    const page_word page{img.page(p).load(std::memory_order_acquire)};
    std::uint64_t step = 1;
    if (page.state() == page_state::free) {
      now.free_page_bytes += page_bytes;
      free_in_a_row += page_bytes;
      now.largest_free_bytes = std::max(now.largest_free_bytes, free_in_a_row);
    } else {
      free_in_a_row = 0;
    }
    if (page.heads_run()) {
      // A run ends with its chunk, whatever its head says.
      step =
          std::clamp<std::uint64_t>(page.count(), 1, per_chunk - p % per_chunk);
      const auto bytes = step * page_bytes;
      now.live_bytes += bytes;
      ++now.live_blocks;
      if (page.state() == page_state::owned) now.owned_bytes += bytes;
      if (page.state() == page_state::reserved ||
          page.state() == page_state::dropped) {
        now.reserved_bytes += bytes;
      }
    } else if (page.state() == page_state::meta) {
      now.overhead_bytes += page_bytes;
    } else if (page.state() == page_state::slab &&
               (page.count() & 0xffU) < size_class_count) {
      count_slab(img, p, static_cast<std::uint32_t>(page.count() & 0xffU), now);
    }
    p += step;
  }
  return now;
}

}  // namespace commy::memory
