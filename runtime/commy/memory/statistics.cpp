#include <commy/memory/loan_run.hpp>
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

/// Of a slab of descriptors: what their runs are used for. The runs' bytes are
/// in `live_bytes` already.
void count_runs(const image& img, std::uint64_t index, std::uint32_t cls,
                segment_statistics& now) noexcept {
  const auto& shape = img.shape(cls);
  auto& here = now.large[cls - size_class_count];
  const auto base = index << img.page_shift();
  for (std::uint32_t i = 0; i < shape.count; ++i) {
    const auto word = base + 64 + 8ULL * i;
    const auto room =
        room_of(img, {base + shape.first + std::uint64_t{i} * shape.block_bytes,
                      word, shape.block_bytes, cls, 0});
    if (!room) continue;
    const bool free =
        block_word{img.word(word).load(std::memory_order_relaxed)}.state() ==
        block_state::free;
    ++(free ? here.kept_runs : here.owned_runs);
    (free ? now.reserved_bytes : now.owned_bytes) += room.bytes;
  }
  now.overhead_bytes += img.sizes().page_bytes;
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
  for (std::uint32_t n = 0; n < large_class_count; ++n) {
    now.large[n].run_bytes = img.run_pages(size_class_count + n) * page_bytes;
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
               slab_use::is_one(page.count())) {
      const auto cls = slab_use::of(page.count()).cls;
      is_large(cls) ? count_runs(img, p, cls, now)
                    : count_slab(img, p, cls, now);
    }
    p += step;
  }
  return now;
}

}  // namespace commy::memory
