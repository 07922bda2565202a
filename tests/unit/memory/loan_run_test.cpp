// Loans larger than a block of a slab: descriptors, and the runs they keep.
#include <commy/containers/shared_string.hpp>
#include <commy/memory/loan.hpp>
#include <commy/memory/loan_run.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <random>
#include <support/block_trace.hpp>
#include <support/loan_count.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>
#include <thread>

using namespace commy;
using namespace commy::test;
using Catch::Matchers::ContainsSubstring;

namespace {

/// Small ones, in which slabs do not leave every chunk without a long run.
memory::geometry some_chunks() {
  auto g = small_geometry();
  g.capacity = std::uint64_t{16} * g.chunk_bytes;
  return g;
}

struct lender {
  explicit lender(const memory::geometry& s = some_chunks()) : sizes{s} {}

  test_folder folder;
  memory::geometry sizes;
  segment home = must(segment::create("s", in_folder(folder, &sizes)));

  [[nodiscard]] const memory::image& img() const {
    return home.engine()->img();
  }
  [[nodiscard]] loan<std::byte> lend(std::uint64_t bytes) const {
    return must(try_loan_for_overwrite<std::byte>(home, bytes));
  }
  [[nodiscard]] bool refuses(std::uint64_t bytes) const {
    const auto made = try_loan_for_overwrite<std::byte>(home, bytes);
    return !made && made.error() == loan_error::out_of_space;
  }
  /// Sends a loan to this participant itself; what it was there is told.
  [[nodiscard]] loan_handle send(loan<std::byte> what) const {
    auto& block = what.block();
    const auto handle = block.next_handle();
    REQUIRE(block.hand_over(home.engine()->slot()));
    block.forget();
    return handle;
  }
  [[nodiscard]] std::uint64_t kept() const {
    std::uint64_t runs = 0;
    for (const auto& size : home.statistics().large)
      runs += size.kept_runs;
    return runs;
  }
  [[nodiscard]] std::string problems() const {
    return trace_blocks(img()).text();
  }
};

memory::geometry usual_geometry() {
  memory::geometry g;
  g.capacity = 256U << 20U;
  g.participants = 4;
  g.lanes = 8;
  return g;
}

/// As many loans as there is room for.
std::vector<loan<std::byte>> lend_all(const lender& at, std::uint64_t bytes) {
  std::vector<loan<std::byte>> all;
  for (;;) {
    auto next = try_loan_for_overwrite<std::byte>(at.home, bytes);
    if (!next) {
      REQUIRE(next.error() == loan_error::out_of_space);
      return all;
    }
    all.push_back(std::move(*next));
    REQUIRE(all.size() < 10'000);
  }
}

memory::shared_u64& run_of(const memory::image& img, loan_handle handle) {
  return img.word(handle.block());
}

}  // namespace

TEST_CASE("large classes hold what they are asked for, and waste a fifth") {
  for (const auto& sizes : {small_geometry(), usual_geometry()}) {
    std::uint32_t before = 0;
    for (std::uint32_t pages = 1; pages < sizes.chunk_pages(); ++pages) {
      const auto cls = memory::large_class_for(pages, sizes);
      REQUIRE(memory::is_large(cls));
      REQUIRE(cls < memory::slab_class_count);
      const auto has = memory::large_pages(cls, sizes);
      REQUIRE(has >= pages);
      REQUIRE((pages <= 8 || (has - pages) * 5 <= has));
      REQUIRE(has >= before);
      before = has;
    }
    CHECK(before == sizes.chunk_pages() - 1);
    CHECK(memory::large_class_for(sizes.chunk_pages(), sizes) ==
          memory::slab_class_count);
    CHECK(memory::large_class_for(0, sizes) == memory::slab_class_count);
  }
  memory::geometry widest;
  widest.page_bytes = 1U << 20U;
  widest.chunk_bytes = 1U << 30U;
  CHECK(memory::large_class_for(widest.chunk_pages() - 1, widest) <
        memory::slab_class_count);
}

TEST_CASE("a loan of any size up to a chunk is one piece, and its own") {
  const lender at;  // Pages of 4 KiB: blocks of at most 1 KiB, less their tail.
  const auto most = memory::largest_loan(at.sizes);
  CHECK(most == 15 * 4096);
  std::vector<std::uint64_t> sizes{999, 1000, 1001, 4095, 4096, 4097};
  for (std::uint64_t pages = 2; pages <= 15; ++pages) {
    for (const auto more : {0U, 1U})
      sizes.push_back(std::min(4096 * pages + more, most));
  }
  for (const auto bytes : sizes) {
    auto one = at.lend(bytes);
    auto two = at.lend(bytes);
    REQUIRE(one.size() == bytes);
    REQUIRE(two.size() == bytes);
    REQUIRE(
        (one.data() + bytes <= two.data() || two.data() + bytes <= one.data()));
    REQUIRE((bytes <= 1000 ||
             reinterpret_cast<std::uintptr_t>(one.data()) % 4096 == 0));
    std::memset(one.data(), 1, bytes);
    std::memset(two.data(), 2, bytes);
    const auto got =
        must(adopt_loan<std::byte>(at.home, at.send(std::move(one))));
    REQUIRE(got.size() == bytes);
    REQUIRE(got[0] == std::byte{1});
    REQUIRE(got[bytes - 1] == std::byte{1});
    REQUIRE(two[bytes - 1] == std::byte{2});
  }
  CHECK(at.problems() == "");
  const auto refused = try_loan<std::byte>(at.home, most + 1);
  CHECK(refused.error() == loan_error::too_large);
  CHECK(refused.error().detail().found == most);
  CHECK(refused.error().detail().wanted == most + 1);
}

TEST_CASE("a frame of megabytes is lent, and set to its type's first value") {
  struct frame {
    std::uint32_t number;
    std::array<std::uint8_t, (4U << 20U) - 4> pixels;
  };
  const lender at{usual_geometry()};
  for (int round = 0; round < 3; ++round) {
    auto one = must(try_loan<std::uint8_t>(at.home, sizeof(frame)));
    CHECK(one[0] == 0);
    CHECK(one[sizeof(frame) - 1] == 0);
    one[0] = 7;
    one[sizeof(frame) - 1] = 9;
  }
  auto largest = at.lend(memory::largest_loan(at.sizes));
  std::memset(largest.data(), 3, largest.size());
  CHECK(largest.size() == (64U << 20U) - (64U << 10U));
  CHECK(at.problems() == "");
}

TEST_CASE("a large loan that comes again needs no page lock") {
  const lender at{usual_geometry()};
  const auto other = must(segment::open("s", in_folder(at.folder)));
  const auto mine = at.home.engine();
  for (const std::uint64_t bytes : {1U << 20U, 4U << 20U, 20U << 10U}) {
    std::vector<loan<std::byte>> first;
    for (int i = 0; i < 3; ++i)
      first.push_back(at.lend(bytes));
    first.clear();
    // Whoever wants the page lock now waits for ten seconds, and is refused.
    const memory::page_lock hold{*other.engine()};
    for (int i = 0; i < 1000; ++i) {
      auto one = at.lend(bytes);
      auto two = at.lend(bytes);
      auto got = must(adopt_loan<std::byte>(at.home, at.send(std::move(one))));
      REQUIRE(got.size() == bytes);
    }
  }
}

TEST_CASE("what another thread or participant gives back serves again") {
  const lender at{usual_geometry()};
  const auto other = must(segment::open("s", in_folder(at.folder)));
  std::uint64_t first = 0;
  for (int round = 0; round < 100; ++round) {
    auto one = at.lend(4U << 20U);
    auto two = at.lend(4U << 20U);
    const auto handle = two.block().next_handle();
    REQUIRE(two.block().hand_over(other.engine()->slot()));
    two.block().forget();
    auto got = must(adopt_loan<std::byte>(other, handle));
    std::thread{[&] {
      one = {};
      // This thread's lane has no slabs: it takes a run of the first one's.
      static_cast<void>(at.lend(4U << 20U));
      got = {};
    }}.join();
    if (round == 0) first = at.home.statistics().committed_bytes;
  }
  CHECK(at.home.statistics().committed_bytes == first);
  CHECK(at.kept() == 2);
}

TEST_CASE("more large loans than a magazine holds all come again") {
  const lender at{usual_geometry()};
  std::uint64_t first = 0;
  for (int round = 0; round < 4; ++round) {
    std::vector<loan<std::byte>> all;
    // More than the descriptors of one slab.
    for (int i = 0; i < 1000; ++i)
      all.push_back(at.lend(60'000));
    if (round == 0) first = at.home.statistics().committed_bytes;
    // Given back in an order of its own.
    std::shuffle(all.begin(), all.end(), std::mt19937{7});
  }
  CHECK(at.kept() == 1000);
  CHECK(at.home.statistics().committed_bytes == first);
  CHECK(at.problems() == "");
}

TEST_CASE("statistics tell lent runs from those kept for the next loan") {
  const lender at{usual_geometry()};
  auto one = at.lend(4U << 20U);
  auto two = at.lend(4U << 20U);
  auto now = at.home.statistics();
  CHECK(now.owned_bytes == 8U << 20U);
  CHECK(now.reserved_bytes == 0);
  two = {};
  now = at.home.statistics();
  CHECK(now.owned_bytes == 4U << 20U);
  CHECK(now.reserved_bytes == 4U << 20U);
  for (const auto& size : now.large) {
    const bool is_it = size.run_bytes == 4U << 20U;
    CHECK(size.owned_runs == (is_it ? 1 : 0));
    CHECK(size.kept_runs == (is_it ? 1 : 0));
  }
}

TEST_CASE("a full segment frees the runs that nobody uses, for any purpose") {
  lender at;
  for (const std::uint64_t bytes : {4096U, 5 * 4096U, 14 * 4096U}) {
    auto all = lend_all(at, bytes);
    REQUIRE(!all.empty());
    CHECK(at.refuses(15 * 4096));
    CHECK(at.home.allocate(14 * 4096).error() == loan_error::out_of_space);
    all.clear();
    REQUIRE(at.kept() > 0);
    // Another size of loan,
    CHECK(at.lend(15 * 4096).size() == 15 * 4096);
    // a bare run,
    all = lend_all(at, bytes);
    all.clear();
    const auto bare = must(at.home.allocate(14 * 4096));
    must(at.home.deallocate(bare));
    // an object,
    all = lend_all(at, bytes);
    all.clear();
    auto text = must(at.home.open_or_create<shared_string>("text"));
    must(text.assign(std::string(13 * 4096, 'x')));
    must(at.home.remove_object("text"));
    at.home.sweep();
    // and a slab of small blocks.
    all = lend_all(at, bytes);
    all.clear();
    CHECK(at.lend(10 + bytes / 4096).size() == 10 + bytes / 4096);
    CHECK(at.problems() == "");
  }
}

TEST_CASE("a full segment takes no run from who uses it") {
  const lender at;
  auto all = lend_all(at, 3 * 4096);
  for (std::size_t i = 0; i < all.size(); ++i)
    std::memset(all[i].data(), static_cast<int>(i), all[i].size());
  const auto handle = at.send(std::move(all.back()));
  const auto last = all.size() - 1;
  all.pop_back();
  CHECK(at.refuses(3 * 4096));
  CHECK(at.refuses(4 * 4096));
  const auto got = must(adopt_loan<std::byte>(at.home, handle));
  CHECK(got[got.size() - 1] == std::byte(last));
  for (std::size_t i = 0; i < all.size(); ++i) {
    REQUIRE(all[i][0] == std::byte(i));
    REQUIRE(all[i][all[i].size() - 1] == std::byte(i));
  }
}

TEST_CASE("a handle to a large loan is used once") {
  const lender at;
  const auto handle = at.send(at.lend(5000));
  must(adopt_loan<std::byte>(at.home, handle));
  CHECK(adopt_loan<std::byte>(at.home, handle).error() == loan_error::stale);
  const auto again = at.lend(5000);
  CHECK(again.handle().block() == handle.block());
  CHECK(adopt_loan<std::byte>(at.home, handle).error() == loan_error::stale);
  CHECK(adopt_loan<std::byte>(at.home, again.handle()).error() ==
        loan_error::stale);
}

TEST_CASE("two threads lend and give back large loans of one size") {
  const lender at{usual_geometry()};
  std::vector<std::thread> threads;
  std::atomic<int> torn{0};
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(static_cast<unsigned>(t));
      std::vector<loan<std::byte>> own;
      for (int i = 0; i < 3000; ++i) {
        own.push_back(at.lend(70'000));
        std::memset(own.back().data(), 16 * t + 1, 64);
        if (own.size() < 5) continue;
        std::swap(own.back(), own[random() % own.size()]);
        for (std::size_t n = 0; n < 64; ++n) {
          if (own.back()[n] != std::byte(16 * t + 1)) ++torn;
        }
        own.pop_back();
      }
    });
  }
  for (auto& t : threads)
    t.join();
  CHECK(torn == 0);
  CHECK(count_loans(at.img()) == loan_count{});
  // Each thread had five, and perhaps one more while another took what it saw.
  CHECK(at.kept() <= 3 * 6);
  CHECK(at.problems() == "");
}

TEST_CASE(
    "a descriptor that lies yields `damaged`, and loses its run to fsck") {
  std::mt19937_64 random{11};
  for (int round = 0; round < 300; ++round) {
    const lender at{small_geometry()};
    auto other = at.lend(3 * 4096);
    auto small = at.lend(100);
    auto one = at.lend(2 * 4096);
    auto& run = run_of(at.img(), one.handle());
    const auto truth = run.load();
    const auto handle = at.send(std::move(one));
    const std::array<std::uint64_t, 7> lies{
        0,
        ~std::uint64_t{0},
        truth + 1,                                // Another generation,
        truth + (1U << 24U),                      // another page,
        run_of(at.img(), other.handle()).load(),  // a run of another length,
        memory::run_name::make(handle.block() >> 12U, 1).raw,  // a slab,
        random()};
    run.store(lies[static_cast<std::size_t>(round) % lies.size()]);

    CHECK(adopt_loan<std::byte>(at.home, handle).error() ==
          loan_error::damaged);

    CHECK(count_loans(at.img()).in_ring == 0);
    auto found = fsck(at.img());
    CHECK_THAT(found.text(), ContainsSubstring("belongs to no loan"));
    if (run.load() != 0) {
      CHECK_THAT(found.text(), ContainsSubstring("a run that is not its"));
    }
    // Who takes the descriptor next attaches another run to it.
    CHECK(at.lend(2 * 4096).size() == 2 * 4096);
  }
}

TEST_CASE("a run that two descriptors name is damage, and has one afterwards") {
  const lender at;
  auto one = at.lend(2 * 4096);
  auto two = at.lend(2 * 4096);
  run_of(at.img(), two.handle()).store(run_of(at.img(), one.handle()).load());
  CHECK_THAT(fsck(at.img()).text(), ContainsSubstring("name one run"));
  two = {};
  const auto repaired = fsck(at.img(), fsck_mode::repair);
  CHECK(repaired.findings == repaired.repaired);
  CHECK(fsck(at.img()).text() == "");
}

TEST_CASE("the runs of a segment that nobody has open go back to the system") {
  const test_folder folder;
  const auto options = in_folder(folder);
  {
    const auto home = must(segment::create("s", options));
    const auto one = must(try_loan<std::byte>(home, 6U << 20U));
    const auto two = must(try_loan<std::byte>(home, 6U << 20U));
  }
  CHECK(must(segment::shrink("s", options)) >= 12U << 20U);
  CHECK(must(segment::check("s", fsck_mode::check, options)).text() == "");
  const auto home = must(segment::open("s", options));
  CHECK(must(try_loan<std::byte>(home, 8U << 20U)).size() == 8U << 20U);
}
