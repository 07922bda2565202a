// commy/memory/image.hpp: typed, checked access to a segment's bytes.
#pragma once

#include <commy/memory/control_layout.hpp>
#include <commy/memory/slab_shape.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace commy::memory {

/// Where a segment's two files lie in this process. Every position that comes
/// from shared bytes goes through a checked member before it becomes a pointer.
/// A copy of the bytes has an image too; that is how tests sweep copies.
class image {
public:
  image() = default;
  image(std::byte* data, std::byte* control, const geometry& sizes) noexcept
      : data_{data},
        control_{control},
        sizes_{sizes},
        page_shift_{static_cast<unsigned>(std::countr_zero(sizes.page_bytes))},
        chunk_shift_{
            static_cast<unsigned>(std::countr_zero(sizes.chunk_bytes))} {
    for (std::uint32_t cls = 0; cls < slab_class_count; ++cls) {
      shapes_[cls] =
          slab_shape::of(is_large(cls) ? descriptor_class : cls, sizes);
    }
    for (std::uint32_t n = 0; n < large_class_count; ++n) {
      run_pages_[n] = large_pages(size_class_count + n, sizes);
    }
  }

  [[nodiscard]] const geometry& sizes() const noexcept { return sizes_; }
  /// log2 of the page size.
  [[nodiscard]] unsigned page_shift() const noexcept { return page_shift_; }
  /// As `geometry::chunk_pages`, without a division.
  [[nodiscard]] std::uint64_t chunk_pages() const noexcept {
    return std::uint64_t{1} << (chunk_shift_ - page_shift_);
  }
  /// How slabs of a class look. Requires: `cls < slab_class_count`.
  [[nodiscard]] const slab_shape& shape(std::uint32_t cls) const noexcept {
    return shapes_[cls];
  }
  /// Pages of a run of that class. Requires: `is_large(cls)`, as above.
  [[nodiscard]] std::uint32_t run_pages(std::uint32_t cls) const noexcept {
    return run_pages_[cls - size_class_count];
  }
  [[nodiscard]] data_header& header() const noexcept {
    return *reinterpret_cast<data_header*>(data_);
  }
  [[nodiscard]] control_header& control() const noexcept {
    return *reinterpret_cast<control_header*>(control_);
  }

  /// Bytes of data in use. acquire, pairs with [grow]: the bytes below exist
  /// before the number says so. Never above the capacity, whatever the header
  /// says, because address space beyond it is not ours.
  [[nodiscard]] std::uint64_t committed() const noexcept {
    const auto said = header().committed.load(std::memory_order_acquire);
    return said < sizes_.capacity ? said : sizes_.capacity;
  }
  /// True if [at, at + bytes) lies in committed data behind the header.
  [[nodiscard]] bool holds(offset at, std::uint64_t bytes) const noexcept {
    return lies_below(committed(), at, bytes);
  }
  /// The same for a committed end that was asked for before.
  [[nodiscard]] static bool lies_below(std::uint64_t end, offset at,
                                       std::uint64_t bytes) noexcept {
    return at >= sizeof(data_header) && at <= end && bytes <= end - at;
  }

  /// A word of data. Requires: checked with `holds`, 8-aligned.
  [[nodiscard]] shared_u64& word(offset at) const noexcept {
    return *reinterpret_cast<shared_u64*>(data_ + at);
  }
  [[nodiscard]] std::byte* bytes(offset at) const noexcept {
    return data_ + at;
  }
  /// A root. Requires: checked with `holds(at, sizeof(root))`, 8-aligned.
  [[nodiscard]] root& root_at(offset at) const noexcept {
    return *reinterpret_cast<root*>(data_ + at);
  }
  [[nodiscard]] offset offset_of(const void* inside) const noexcept {
    return static_cast<offset>(static_cast<const std::byte*>(inside) - data_);
  }

  [[nodiscard]] std::uint64_t page_count() const noexcept {
    return committed() >> page_shift_;
  }
  /// The header of the slab whose page begins at `base`.
  [[nodiscard]] slab_header& slab(offset base) const noexcept {
    return *reinterpret_cast<slab_header*>(data_ + base);
  }
  /// Where the page begins that holds `at`.
  [[nodiscard]] offset page_base(offset at) const noexcept {
    return at & ~(std::uint64_t{sizes_.page_bytes} - 1);
  }
  /// The word of page `index`. Requires: the page's chunk head is committed,
  /// i.e. `index < page_count()`.
  [[nodiscard]] shared_u64& page(std::uint64_t index) const noexcept {
    // Both sizes are powers of two; a division here would be felt everywhere.
    const auto pages_shift = chunk_shift_ - page_shift_;
    const auto within = index & ((std::uint64_t{1} << pages_shift) - 1);
    return word((index >> pages_shift << chunk_shift_) + page_words_at +
                8 * within);
  }
  /// The owners word of page `index`, see page_owners.hpp. Requires: as above.
  [[nodiscard]] shared_u64& owners(std::uint64_t index) const noexcept {
    const auto pages_shift = chunk_shift_ - page_shift_;
    const auto per_chunk = std::uint64_t{1} << pages_shift;
    return word((index >> pages_shift << chunk_shift_) + page_words_at +
                8 * (per_chunk + (index & (per_chunk - 1))));
  }

  [[nodiscard]] participant_slot& slot(slot_index index) const noexcept {
    return *reinterpret_cast<participant_slot*>(
        control_ + participants_at + index * sizeof(participant_slot));
  }

  [[nodiscard]] std::uint64_t control_committed() const noexcept {
    const auto said = control().committed.load(std::memory_order_acquire);
    const auto limit = control_capacity(sizes_);
    return said < limit ? said : limit;
  }
  /// Lanes whose step exists and lies in the file.
  [[nodiscard]] std::uint32_t lane_count() const noexcept {
    // acquire, pairs with the release in segment_engine::add_lanes(): the
    // step's bytes and its table entry come before the count.
    const auto said = control().lane_steps.load(std::memory_order_acquire);
    const auto room = static_cast<std::uint32_t>(control().lane_step_at.size());
    const auto most = (sizes_.lanes + sizes_.lane_step - 1) / sizes_.lane_step;
    const auto steps = said < room ? said : room;
    const auto lanes = (steps < most ? steps : most) * sizes_.lane_step;
    return lanes < sizes_.lanes ? lanes : sizes_.lanes;
  }
  /// The lane's record, or null when the index or its step makes no sense.
  [[nodiscard]] lane_record* lane(lane_index index) const noexcept {
    if (index >= lane_count()) return nullptr;
    const auto step = index / sizes_.lane_step;
    // relaxed: the acquire load in lane_count() came first.
    const auto at =
        control().lane_step_at[step].load(std::memory_order_relaxed);
    const auto size = sizes_.lane_step * lane_bytes(sizes_);
    const auto end = control_committed();
    if (at < extents_at(sizes_) || at % 64 != 0 || at > end ||
        size > end - at) {
      return nullptr;
    }
    return reinterpret_cast<lane_record*>(
        control_ + at + (index % sizes_.lane_step) * lane_bytes(sizes_));
  }
  /// The first word of a lane's log: see log_parts.hpp.
  [[nodiscard]] static std::uint64_t* log_of(lane_record& lane) noexcept {
    return reinterpret_cast<std::uint64_t*>(
        reinterpret_cast<std::byte*>(&lane) + sizeof(lane_record));
  }
  [[nodiscard]] std::byte* control_bytes(std::uint64_t at) const noexcept {
    return control_ + at;
  }

private:
  std::byte* data_ = nullptr;
  std::byte* control_ = nullptr;
  geometry sizes_{};
  unsigned page_shift_ = 0;
  unsigned chunk_shift_ = 0;
  // Derived from the geometry once: divisions do not belong on hot paths.
  std::array<slab_shape, slab_class_count> shapes_{};
  std::array<std::uint32_t, large_class_count> run_pages_{};
};

}  // namespace commy::memory
