// Size classes, where a slab's blocks lie, and who is taken for a block.
#include <commy/memory/classes.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <support/segment_copy.hpp>
#include <support/test_folder.hpp>

using namespace commy::memory;
using commy::test::segment_copy;
using commy::test::small_geometry;

TEST_CASE("the smallest class that holds a size is chosen, for every size") {
  std::uint32_t cls = 0;
  for (std::uint64_t bytes = 0; bytes <= class_bytes(35); ++bytes) {
    if (bytes > class_bytes(cls)) ++cls;
    REQUIRE(class_for(bytes) == cls);
  }
  CHECK(cls == size_class_count - 1);
  CHECK(class_for(class_bytes(35) + 1) == size_class_count);
}

TEST_CASE("a class wastes at most a fifth of a block above 64 bytes") {
  for (std::uint32_t cls = 4; cls < size_class_count; ++cls) {
    const auto waste = class_bytes(cls) - (class_bytes(cls - 1) + 1);
    CHECK(waste * 5 <= class_bytes(cls));
  }
}

TEST_CASE("a slab's blocks lie in its page, aligned, behind their words") {
  const auto page_bytes = GENERATE(4096U, 8192U, 65'536U, 1'048'576U);
  geometry sizes;
  sizes.page_bytes = page_bytes;

  for (std::uint32_t cls = 0; cls < size_class_count; ++cls) {
    if (class_bytes(cls) > page_bytes / 4) break;
    const auto shape = slab_shape::of(cls, sizes);
    CAPTURE(cls, page_bytes);
    CHECK(shape.block_bytes == class_bytes(cls));
    CHECK(shape.count >= 3);
    CHECK(shape.first >= 64 + 8 * shape.count);
    CHECK(shape.first + shape.count * shape.block_bytes <= page_bytes);
    // Not one more would fit.
    CHECK(shape.first + (shape.count + 2) * (shape.block_bytes + 8) >
          page_bytes);
    CHECK(shape.first % 16 == 0);
    if (shape.block_bytes % 128 == 0) CHECK(shape.first % 128 == 0);
  }
}

namespace {

/// A segment of two pages of headers and slabs, made by hand.
segment_copy one_slab(std::uint64_t use) {
  const auto sizes = small_geometry();
  segment_copy made{sizes};
  auto& header = made.img().header();
  header.sizes = sizes;
  header.committed.store(3ULL * sizes.page_bytes);
  made.img().page(0).store(page_word::make(page_state::meta, 0, 0, 0).raw);
  made.img().page(1).store(page_word::make(page_state::slab, 0, 0, use).raw);
  made.img().page(2).store(page_word::make(page_state::live, 0, 0, 1).raw);
  return made;
}

}  // namespace

TEST_CASE("only the exact starts of a slab's blocks are taken for blocks") {
  constexpr std::uint32_t cls = 6;  // 112 bytes.
  const slab_use use{block_kind::root, cls};
  const auto made = one_slab(use.packed());
  const auto& img = made.img();
  const auto shape = slab_shape::of(cls, img.sizes());
  const auto page_bytes = img.sizes().page_bytes;

  std::uint32_t found = 0;
  for (offset at = 0; at < 5ULL * page_bytes; ++at) {
    const auto place = find_block(img, at, block_kind::root);
    // Another kind of block is none.
    REQUIRE_FALSE(find_block(img, at, block_kind::plain));
    if (!place) continue;
    REQUIRE(at == page_bytes + shape.first + found * 112ULL);
    REQUIRE(place.block == at);
    REQUIRE(place.word == page_bytes + 64 + 8ULL * found);
    REQUIRE(place.bytes == 112);
    ++found;
  }
  CHECK(found == shape.count);
  CHECK_FALSE(find_block(img, ~offset{0}, block_kind::root));
}

TEST_CASE("a slab of a class that does not exist has no blocks") {
  for (const std::uint64_t use : {0x024ULL, 0x0ffULL, 0x300ULL}) {
    const auto made = one_slab(use);
    const auto page_bytes = made.img().sizes().page_bytes;
    for (offset at = page_bytes; at < 2ULL * page_bytes; at += 8) {
      REQUIRE_FALSE(find_block(made.img(), at, block_kind::plain));
    }
  }
}
