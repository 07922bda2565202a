// Bare blocks: memory of a segment outside of any object.
#include <commy/memory/file_backing.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <random>
#include <support/block_trace.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>
#include <thread>

using namespace commy;
using namespace commy::test;

namespace {

struct bare {
  test_folder folder;
  segment_options options = in_folder(folder);
  segment home = must(segment::create("s", options));

  [[nodiscard]] std::uint64_t owned() const {
    return home.statistics().owned_bytes;
  }
};

void fill(const segment& in, loan_handle block, std::uint64_t mark) {
  const auto bytes = in.bytes_of(block);
  for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8)
    std::memcpy(bytes.data() + i, &mark, 8);
}

bool holds(const segment& in, loan_handle block, std::uint64_t mark) {
  const auto bytes = in.bytes_of(block);
  bool same = !bytes.empty();
  for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8)
    same &= std::memcmp(bytes.data() + i, &mark, 8) == 0;
  return same;
}

}  // namespace

TEST_CASE("a bare block is there until somebody gives it back, once") {
  bare at;

  const auto block = must(at.home.allocate(64));

  CHECK(at.home.bytes_of(block).size() == 64);
  CHECK(at.owned() == 64);
  CHECK(at.home.deallocate(block).has_value());
  CHECK(at.home.deallocate(block).error() == loan_error::stale);
  CHECK(at.home.bytes_of(block).empty());
  CHECK(at.owned() == 0);
  // The same memory, another block: the old handle does not name it.
  const auto next = must(at.home.allocate(64));
  CHECK(next.block() == block.block());
  CHECK(at.home.deallocate(block).error() == loan_error::stale);
  CHECK(at.home.deallocate(next).has_value());
}

TEST_CASE("bare blocks of all sizes keep what is written into them") {
  bare at;
  std::mt19937_64 random{7};
  std::vector<std::pair<loan_handle, std::uint64_t>> live;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const auto bytes = std::uint64_t{1} << random() % 18;
    live.emplace_back(must(at.home.allocate(bytes)), i);
    REQUIRE(at.home.bytes_of(live.back().first).size() >= bytes);
    fill(at.home, live.back().first, i);
    if (live.size() < 200) continue;
    std::swap(live[random() % live.size()], live.back());
    REQUIRE(holds(at.home, live.back().first, live.back().second));
    REQUIRE(at.home.deallocate(live.back().first).has_value());
    live.pop_back();
  }
  for (const auto& [block, mark] : live) {
    CHECK(holds(at.home, block, mark));
    CHECK(at.home.deallocate(block).has_value());
  }
  CHECK(at.owned() == 0);
}

TEST_CASE("what another participant gives back serves its owner again") {
  bare at;
  const auto other = must(segment::open("s", at.options));
  std::uint64_t first = 0;
  for (int round = 0; round < 50; ++round) {
    std::vector<loan_handle> blocks;
    for (int i = 0; i < 2000; ++i)
      blocks.push_back(must(at.home.allocate(100)));
    for (const auto block : blocks)
      REQUIRE(other.deallocate(block).has_value());
    for (const auto block : blocks)
      REQUIRE(at.home.deallocate(block).error() == loan_error::stale);
    if (round == 1) first = at.home.statistics().free_page_bytes;
  }
  // Not one page more than in the second round.
  CHECK(at.home.statistics().free_page_bytes == first);
  CHECK(at.owned() == 0);
}

TEST_CASE("a participant that detaches takes its bare blocks along") {
  bare at;
  {
    const auto visitor = must(segment::open("s", at.options));
    for (const std::uint64_t bytes : {16U, 5000U, 200'000U}) {
      must(visitor.allocate(bytes));
      must(visitor.deallocate(must(visitor.allocate(bytes))));
    }
    CHECK(at.owned() > 0);
  }
  const auto now = at.home.statistics();
  CHECK(now.owned_bytes == 0);
  CHECK(now.reserved_bytes == 0);
}

TEST_CASE("a full segment lends again as soon as a block comes back") {
  const test_folder folder;
  const auto sizes = small_geometry();
  const auto home = must(segment::create("s", in_folder(folder, &sizes)));
  const auto other = must(segment::open("s", in_folder(folder, &sizes)));
  std::vector<loan_handle> blocks;
  for (;;) {
    auto made = home.allocate(500);
    if (!made) {
      CHECK(made.error() == loan_error::out_of_space);
      break;
    }
    blocks.push_back(*made);
  }
  REQUIRE(blocks.size() > 50);
  CHECK(other.allocate(500).error() == loan_error::out_of_space);
  // One lane keeps a few for itself; beyond these all lanes may have them.
  for (const auto block : blocks)
    REQUIRE(home.deallocate(block).has_value());
  CHECK(other.allocate(500).has_value());
  CHECK(home.allocate(500).has_value());
}

TEST_CASE("requests that no block can serve are refused") {
  bare at;
  CHECK(at.home.allocate(64U << 20U).error() == loan_error::too_large);
  CHECK(at.home.allocate(~0ULL).error() == loan_error::too_large);
  CHECK(at.home.deallocate({}).error() == loan_error::wrong_segment);
  const auto block = must(at.home.allocate(64));
  for (std::uint64_t bits = 0; bits < 100'000; bits += 8) {
    const auto wrong =
        loan_handle::make(block.segment(), bits, block.generation());
    if (wrong == block) continue;
    REQUIRE(at.home.deallocate(wrong).error() == loan_error::stale);
    REQUIRE(at.home.bytes_of(wrong).empty());
  }
  const auto reader = must(segment::open_read_only("s", at.options));
  CHECK(reader.allocate(64).error() == loan_error::read_only);
  CHECK(reader.bytes_of(block).size() == 64);
}

TEST_CASE("threads take and give back each other's bare blocks") {
  bare at;
  constexpr std::size_t cells = 64;
  std::array<std::atomic<std::uint64_t>, 2 * cells> shared{};
  std::atomic<int> wrong{0};
  const auto work = [&](std::uint64_t seed) {
    std::mt19937_64 random{seed};
    for (int i = 0; i < 20'000; ++i) {
      const auto block = must(at.home.allocate(48));
      // Swapped as one word: a generation is below 2^16 here.
      const auto name = block.block() | block.generation() << 48U;
      fill(at.home, block, name);
      const auto old = shared[random() % cells].exchange(name);
      if (old == 0) continue;
      const auto other = loan_handle::make(
          block.segment(), old & memory::offset_mask, old >> 48U);
      if (!holds(at.home, other, old)) ++wrong;
      if (!at.home.deallocate(other)) ++wrong;
    }
  };
  std::thread one{work, 1};
  std::thread two{work, 2};
  one.join();
  two.join();
  CHECK(wrong == 0);
  CHECK(at.owned() <= cells * 48);
  CHECK(trace_blocks(at.home.engine()->img()).text() == "");
}
