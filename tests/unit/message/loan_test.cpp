#include "letters_across.hpp"
#include <commy/containers/shared_box.hpp>
#include <commy/containers/transact.hpp>
#include <commy/memory/loan.hpp>

#include <catch2/catch_test_macros.hpp>

#include <optional>
#include <set>
#include <support/loan_count.hpp>
#include <support/test_folder.hpp>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace commy::test {
namespace {

struct lent {
  test_folder folder;
  memory::geometry sizes = small_geometry();
  segment shared = segment::create("loans", in_folder(folder, &sizes)).value();
  [[nodiscard]] loan_count count() const {
    return count_loans(shared.engine()->img());
  }
};

}  // namespace

TEST_CASE("a loan is aligned, holds its type's first value and goes back") {
  lent at;
  {
    auto one = try_loan<picture>(at.shared).value();
    CHECK(reinterpret_cast<std::uintptr_t>(one.data()) % 16 == 0);
    CHECK(one->number == 0);
    CHECK(one.size() == 1);
    one->number = 7;
    (*one).pixels[30] = 9;
    CHECK(at.count() == loan_count{1, 0, 0});
    auto moved = std::move(one);
    CHECK(!one);
    CHECK(moved->number == 7);
    CHECK(at.count() == loan_count{1, 0, 0});
  }
  CHECK(at.count() == loan_count{});
}

TEST_CASE("a loan block that comes again does not show what was in it") {
  lent at;
  {
    try_loan<picture>(at.shared).value()->pixels[3] = 99;
  }
  for (int i = 0; i < 100; ++i) {
    auto again = try_loan<picture>(at.shared).value();
    REQUIRE(again->pixels[3] == 0);
    again->pixels[3] = 99;
  }
}

TEST_CASE("a loan of several elements is one span") {
  lent at;
  auto many = try_loan<std::uint32_t>(at.shared, 100).value();
  CHECK(many.span().size() == 100);
  for (const auto value : many.span())
    CHECK(value == 0);
  many[99] = 5;
  CHECK(many.span().back() == 5);
}

TEST_CASE("a loan becomes one that will not write, and not the reverse") {
  lent at;
  auto made = try_loan<std::uint32_t>(at.shared, 3).value();
  made[2] = 5;
  const auto* const where = made.data();
  loan<const std::uint32_t> read = std::move(made);
  CHECK(!made);
  CHECK(read.data() == where);
  CHECK(read[2] == 5);
  CHECK(at.count() == loan_count{1, 0, 0});
  read = try_loan<std::uint32_t>(at.shared, 1).value();
  CHECK(at.count() == loan_count{1, 0, 0});
  using writes = loan<std::uint32_t>;
  STATIC_REQUIRE(!std::is_constructible_v<writes, loan<const std::uint32_t>&&>);
  STATIC_REQUIRE(!std::is_assignable_v<writes&, loan<const std::uint32_t>&&>);
  using reads = loan<const std::uint32_t>;
  STATIC_REQUIRE(!std::is_constructible_v<reads, writes&>);
}

TEST_CASE("no two loans share a byte") {
  lent at;
  std::vector<loan<picture>> held;
  std::set<std::uintptr_t> places;
  for (int i = 0; i < 200; ++i) {
    held.push_back(try_loan<picture>(at.shared).value());
    const auto place = reinterpret_cast<std::uintptr_t>(held.back().data());
    const auto next = places.lower_bound(place);
    REQUIRE((next == places.end() || *next >= place + sizeof(picture)));
    REQUIRE((next == places.begin() ||
             *std::prev(next) + sizeof(picture) <= place));
    places.insert(place);
  }
  CHECK(at.count().owned == 200);
  held.clear();
  CHECK(at.count() == loan_count{});
}

TEST_CASE("a loan above the longest run is too large, and says the bound") {
  lent at;  // Chunks of 16 pages of 4 KiB.
  CHECK(try_loan<std::byte>(at.shared, 61'440).has_value());
  const auto refused = try_loan<std::byte>(at.shared, 61'441);
  REQUIRE(!refused);
  CHECK(refused.error() == loan_error::too_large);
  CHECK(refused.error().detail().wanted == 61'441);
  CHECK(refused.error().detail().found == 61'440);
  CHECK(try_loan<std::uint64_t>(at.shared, ~std::size_t{0} / 8).error() ==
        loan_error::too_large);
}

TEST_CASE("loans end with the segment's room and begin again with a return") {
  lent at;
  std::vector<loan<picture>> held;
  for (;;) {
    auto next = try_loan<picture>(at.shared);
    if (!next) {
      CHECK(next.error() == loan_error::out_of_space);
      break;
    }
    held.push_back(std::move(*next));
    REQUIRE(held.size() < 10'000);
  }
  CHECK(held.size() > 100);
  const auto many = held.size();
  held.pop_back();
  CHECK(try_loan<picture>(at.shared).has_value());
  held.clear();
  for (std::size_t i = 0; i < many; ++i) {
    held.push_back(try_loan<picture>(at.shared).value());
  }
}

TEST_CASE("a loan can be taken inside a transaction and outlives its undoing") {
  lent at;
  auto box = at.shared.open_or_create<shared_box<int>>("box").value();
  loan<picture> taken;
  CHECK_THROWS_AS((void)transact(box,
                                 [&](transaction&) {
                                   box.set(3).value();
                                   taken = try_loan<picture>(at.shared).value();
                                   taken->number = 8;
                                   throw std::runtime_error{"no"};
                                 }),
                  std::runtime_error);
  CHECK(box.get().value() == 0);
  CHECK(taken->number == 8);
  CHECK(at.count().owned == 1);
}

TEST_CASE("a loan given back by another thread serves the first one again") {
  lent at;
  for (int i = 0; i < 1000; ++i) {
    auto one = try_loan<picture>(at.shared).value();
    if (i % 100 == 0) {
      std::thread{[l = std::move(one)] {}}.join();
    }
  }
  CHECK(at.count() == loan_count{});
  CHECK(at.shared.statistics().committed_bytes <= 6ULL * at.sizes.page_bytes);
}

TEST_CASE("a thread lends first what it gave back last, and keeps four") {
  lent at;
  const auto& img = at.shared.engine()->img();
  const auto me = at.shared.engine()->slot();
  std::vector<loan<picture>> held;
  for (int i = 0; i < 5; ++i)
    held.push_back(try_loan<picture>(at.shared).value());
  std::vector<loan_handle> given_back;
  while (!held.empty()) {
    given_back.push_back(held.back().handle());
    held.pop_back();
  }

  CHECK(at.count() == loan_count{});
  CHECK(kept_by(img, me) == 4);
  while (kept_by(img, me) != 0) {
    held.push_back(try_loan<picture>(at.shared).value());
    const auto now = held.back().handle();
    CHECK(now.block() == given_back.back().block());
    CHECK(now.generation() != given_back.back().generation());
    given_back.pop_back();
  }
  CHECK(at.count().owned == 4);
  CHECK(given_back.size() == 1);
}

TEST_CASE("a loan of another size is not served from what was kept") {
  lent at;
  const auto small = try_loan<picture>(at.shared).value().handle();
  const auto large = try_loan<picture>(at.shared, 7).value();
  CHECK(large.handle().block() != small.block());
  CHECK(large.size() == 7);
  CHECK(try_loan<picture>(at.shared).value().handle().block() == small.block());
}

TEST_CASE("what a thread has kept is free when it ends or detaches") {
  lent at;
  const auto& img = at.shared.engine()->img();
  std::uint64_t kept = 0;
  std::thread{[&] {
    static_cast<void>(try_loan<picture>(at.shared).value());
    kept = kept_by(img, at.shared.engine()->slot());
  }}.join();
  CHECK(kept == 1);
  CHECK(kept_by(img, at.shared.engine()->slot()) == 0);

  auto other = std::optional{
      segment::open("loans", in_folder(at.folder, &at.sizes)).value()};
  const auto slot = other->engine()->slot();
  static_cast<void>(try_loan<picture>(*other).value());
  CHECK(kept_by(img, slot) == 1);
  other.reset();
  CHECK(kept_by(img, slot) == 0);
  CHECK(at.count() == loan_count{});
}

TEST_CASE("a handle of one's own loan cannot be adopted") {
  lent at;
  auto one = try_loan<picture>(at.shared).value();
  CHECK(adopt_loan<picture>(at.shared, one.handle()).error() ==
        loan_error::stale);
}

TEST_CASE("a handle that names nothing is refused whatever its bits") {
  lent at;
  auto one = try_loan<picture>(at.shared).value();
  const auto good = one.handle();
  const auto number = memory::segment_number(at.shared.engine()->img());
  CHECK(adopt_loan<picture>(at.shared, {}).error() ==
        loan_error::wrong_segment);
  CHECK(adopt_loan<picture>(
            at.shared,
            loan_handle::make(number + 1, good.block(), good.generation()))
            .error() == loan_error::wrong_segment);
  for (memory::offset at_byte = 0; at_byte < 40'000; at_byte += 8) {
    for (std::uint64_t generation = 0; generation < 3; ++generation) {
      REQUIRE(adopt_loan<picture>(
                  at.shared, loan_handle::make(number, at_byte, generation))
                  .error() == loan_error::stale);
    }
  }
  CHECK(adopt_loan<picture>(at.shared,
                            loan_handle::make(number, memory::offset_mask, 1))
            .error() == loan_error::stale);
  CHECK(at.count().owned == 1);
}

TEST_CASE("a handle keeps its three numbers") {
  const auto h =
      loan_handle::make(0xdead'beef, 0x1234'5678'9abc, 0xfedc'ba98'7654);
  CHECK(h.segment() == 0xdead'beef);
  CHECK(h.block() == 0x1234'5678'9abc);
  CHECK(h.generation() == 0xfedc'ba98'7654);
  CHECK(!loan_handle{});
}

TEST_CASE("a read-only opener cannot take loans") {
  lent at;
  auto reader =
      segment::open_read_only("loans", in_folder(at.folder, &at.sizes)).value();
  CHECK(try_loan<picture>(reader).error() == loan_error::read_only);
}

TEST_CASE("each refusal of a loan says what to do") {
  for (int i = 0; i <= static_cast<int>(loan_error::damaged); ++i) {
    const auto text = describe(static_cast<loan_error>(i));
    CHECK(text.size() > 30);
    CHECK(text != "unknown reason");
  }
}

}  // namespace commy::test
