// Blocks, runs and pages: who gets them back, and what they begin with.
#include <commy/memory/classes.hpp>

#include <catch2/catch_test_macros.hpp>

#include <support/block_trace.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;
using namespace std::chrono_literals;

TEST_CASE("an object in pages that were a run before begins unlocked") {
  const test_folder folder;
  const auto sizes = small_geometry();
  auto home = must(segment::create("s", in_folder(folder, &sizes)));
  auto text = must(home.create<shared_string>("text"));
  // Runs full of ones, given back.
  must(text.assign(std::string(40'000, '\xff')));
  must(text.assign("short"));

  // More roots than the first slab holds, so one comes out of those pages.
  const auto shape = memory::slab_shape::of(memory::class_for(128), sizes);
  for (std::uint32_t i = 0; i < shape.count; ++i) {
    auto made =
        must(home.create<shared_box<std::int64_t>>("box" + std::to_string(i)));
    made.set_patience(0s);
    must(made.set(i));
    CHECK(must(made.get()) == i);
  }

  CHECK(trace_blocks(home.engine()->img()).text() == "");
}

TEST_CASE("blocks that a leaver had cached are found before a segment grows") {
  const test_folder folder;
  const auto options = in_folder(folder);
  auto home = must(segment::create("s", options));
  must(home.create<shared_hash_map<int, shared_string>>("map"));
  std::uint64_t first = 0;

  // Each participant takes and frees hundreds of blocks and leaves, with the
  // freed ones in its own magazines.
  for (int round = 0; round < 200; ++round) {
    auto visitor = must(segment::open("s", options));
    auto map = must(visitor.open<shared_hash_map<int, shared_string>>("map"));
    for (int i = 0; i < 100; ++i) {
      must(map.insert_or_assign(i, std::string(16'000, 'x')));
    }
    for (int i = 0; i < 100; ++i)
      must(map.erase(i));
    if (round == 4) first = home.statistics().committed_bytes;
  }

  // Each round would leave a megabyte behind if nobody looked for it.
  CHECK(home.statistics().committed_bytes <= first + (2U << 20U));
}
