#include <commy/message/envelope_pool.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstdint>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

using commy::message::allocate_block;
using commy::message::deallocate_block;
using commy::message::heap_class;
using commy::message::size_class_for;

TEST_CASE("a size class holds what was asked for") {
  CHECK(size_class_for(1) == 0);
  CHECK(size_class_for(64) == 0);
  CHECK(size_class_for(65) == 1);
  CHECK(size_class_for(1024) == 4);
  CHECK(size_class_for(1025) == heap_class);
}

TEST_CASE("blocks are aligned to a cache line and do not overlap") {
  for (const std::size_t bytes : {1U, 64U, 100U, 1024U, 5000U}) {
    const auto size_class = size_class_for(bytes);
    std::vector<void*> blocks;
    for (int i = 0; i < 100; ++i) {
      auto* const block = allocate_block(bytes, size_class);
      REQUIRE(block != nullptr);
      CHECK(reinterpret_cast<std::uintptr_t>(block) % 64 == 0);
      std::memset(block, i, bytes);
      blocks.push_back(block);
    }
    CHECK(std::set<void*>(blocks.begin(), blocks.end()).size() == 100);
    for (int i = 0; i < 100; ++i) {
      CHECK(*static_cast<unsigned char*>(blocks[static_cast<std::size_t>(i)]) ==
            i);
      deallocate_block(blocks[static_cast<std::size_t>(i)], size_class);
    }
  }
}

TEST_CASE("a block given back serves the next message of its size") {
  if constexpr (commy::message::detail::pooled) {
    deallocate_block(allocate_block(64, 0), 0);  // Begins this thread's pool.
    auto* const first = allocate_block(64, 0);
    deallocate_block(first, 0);
    auto* const second = allocate_block(64, 0);
    CHECK(second == first);
    deallocate_block(second, 0);
  }
}

TEST_CASE("blocks taken by one thread may be given back by another") {
  std::vector<void*> blocks;
  std::thread{[&] {
    for (int i = 0; i < 20'000; ++i)
      blocks.push_back(allocate_block(64, 0));
  }}.join();
  std::thread{[&] {
    for (auto* const block : blocks)
      deallocate_block(block, 0);
  }}.join();

  // The depot now serves this thread; leaks are the sanitizer's to see.
  blocks.clear();
  for (int i = 0; i < 1000; ++i)
    blocks.push_back(allocate_block(64, 0));
  CHECK(std::set<void*>(blocks.begin(), blocks.end()).size() == 1000);
  for (auto* const block : blocks)
    deallocate_block(block, 0);
}

TEST_CASE("blocks of a thread that has ended serve the others") {
  if constexpr (commy::message::detail::pooled) {
    // A class that no other test uses, and as many as two batches.
    constexpr std::size_t bytes = 500;
    constexpr auto size_class = size_class_for(bytes);
    const auto take = [&] {
      std::set<void*> blocks;
      for (int i = 0; i < 64; ++i)
        blocks.insert(allocate_block(bytes, size_class));
      for (auto* const block : blocks)
        deallocate_block(block, size_class);
      return blocks;
    };
    std::set<void*> before;
    std::thread{[&] { before = take(); }}.join();

    std::set<void*> after;
    std::thread{[&] { after = take(); }}.join();

    CHECK(after == before);
  }
}
