// Loans that become a vector's elements, without a copy.
#include <commy/containers/dynamic_object.hpp>
#include <commy/containers/shared_hash_map.hpp>
#include <commy/containers/shared_vec.hpp>
#include <commy/containers/transact.hpp>
#include <commy/memory/loan.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <gsl/gsl>

#include <algorithm>
#include <atomic>
#include <future>
#include <numeric>
#include <stdexcept>
#include <support/block_trace.hpp>
#include <support/loan_count.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>
#include <thread>

using namespace commy;
using namespace commy::test;
using Catch::Matchers::ContainsSubstring;

namespace {

using number = std::int64_t;

struct lender {
  test_folder folder;
  memory::geometry sizes = [] {
    auto g = small_geometry();
    g.capacity = std::uint64_t{16} * g.chunk_bytes;
    return g;
  }();
  segment home = must(segment::create("s", in_folder(folder, &sizes)));
  shared_vec<number> vec = must(home.create<shared_vec<number>>("vec"));
  shared_vec<number> second = must(home.create<shared_vec<number>>("second"));

  [[nodiscard]] loan<number> lend(std::size_t count, number first = 1) const {
    auto made = must(try_loan<number>(home, count));
    std::iota(made.data(), made.data() + count, first);
    return made;
  }
  [[nodiscard]] const memory::image& img() const {
    return home.engine()->img();
  }
  [[nodiscard]] std::string problems() const {
    return trace_blocks(img()).text();
  }
  [[nodiscard]] std::uint64_t lent() const {
    return home.statistics().owned_bytes;
  }
};

std::vector<number> counted(std::size_t count, number first = 1) {
  std::vector<number> all(count);
  std::iota(all.begin(), all.end(), first);
  return all;
}

bool is(const std::vector<number>& found, std::size_t count, number first = 1) {
  return found == counted(count, first);
}

const number* address(const shared_vec<number>& vec) {
  const auto all = must(vec.read());
  return &*all.begin();
}

// In a block of a slab; in a run of pages.
const std::size_t few = 3;
const std::size_t many = 3000;

}  // namespace

TEST_CASE("a vector becomes what a loan holds, where that lies") {
  lender at;
  const auto count = GENERATE(std::size_t{1}, few, std::size_t{100}, many);
  must(at.vec.append(counted(50, 1000)));
  auto lent = at.lend(count);
  const auto* const place = lent.data();

  must(at.vec.assign(std::move(lent)));

  CHECK_FALSE(lent);
  CHECK(is(must(at.vec.copy()), count));
  CHECK(must(at.vec.get(count - 1)) == static_cast<number>(count));
  CHECK(address(at.vec) == place);
  CHECK(must(at.vec.capacity()) == count);
  CHECK(at.lent() == 0);
  CHECK(at.problems().empty());
}

TEST_CASE("a vector takes over what it may only read, and what was sent") {
  lender at;
  auto lent = at.lend(many);
  const auto handle = lent.block().next_handle();
  REQUIRE(lent.block().hand_over(at.home.engine()->slot()));
  lent.block().forget();
  auto received = must(adopt_loan<number>(at.home, handle));

  must(at.vec.assign(std::move(received)));

  CHECK_FALSE(received);
  CHECK(is(must(at.vec.copy()), many));
  CHECK_FALSE(adopt_loan<number>(at.home, handle));
  CHECK(at.problems().empty());
}

TEST_CASE("what a vector kept is free when it goes") {
  lender at;
  const auto count = GENERATE(few, many);
  must(at.vec.assign(at.lend(count)));
  must(at.vec.clear());
  must(at.vec.shrink_to_fit());
  must(at.home.create<shared_vec<number>>("third"));
  must(at.home.remove_object("third"));
  const auto before = at.home.statistics();

  SECTION("for other elements") {
    must(at.vec.assign(at.lend(count)));
    must(at.vec.assign(std::vector<number>{}));
  }
  SECTION("for another loan") {
    must(at.vec.assign(at.lend(count)));
    must(at.vec.assign(at.lend(count, 5)));
    CHECK(is(must(at.vec.copy()), count, 5));
    must(at.vec.assign(std::vector<number>{}));
  }
  SECTION("for an element more") {
    must(at.vec.assign(at.lend(count)));
    must(at.vec.push_back(7));
    CHECK(must(at.vec.size()) == count + 1);
    CHECK(must(at.vec.back()) == 7);
    must(at.vec.assign(std::vector<number>{}));
  }
  SECTION("with its object") {
    auto third = must(at.home.create<shared_vec<number>>("third"));
    must(third.assign(at.lend(count)));
    must(at.home.remove_object("third"));
  }
  SECTION("by the dynamic face") {
    must(at.vec.assign(at.lend(count)));
    auto seen = must(dynamic_object::open(at.home, "vec"));
    must(seen.push_back(dynamic_value{std::int64_t{7}}));
    CHECK(must(at.vec.size()) == count + 1);
    must(seen.clear());
    must(at.vec.shrink_to_fit());
  }

  at.home.sweep();
  CHECK(at.problems().empty());
  // Descriptors keep runs, which are free all the same.
  const auto after = at.home.statistics();
  CAPTURE(count, before.live_bytes, before.reserved_bytes, after.live_bytes,
          after.reserved_bytes);
  CHECK(after.live_bytes - after.reserved_bytes ==
        before.live_bytes - before.reserved_bytes);
  CHECK(at.lent() == 0);
}

TEST_CASE("elements that were a loan are like all others") {
  lender at;
  const auto count = GENERATE(few, many);
  auto model = counted(count);
  must(at.vec.assign(at.lend(count)));

  must(at.vec.set(1, 70));
  model[1] = 70;
  must(at.vec.erase(0));
  model.erase(model.begin());
  must(at.vec.push_back(71));
  model.push_back(71);
  must(at.vec.sort());
  std::ranges::sort(model);
  must(at.vec.swap(at.second));

  const bool same = must(at.second.copy()) == model;
  CHECK(same);
  CHECK(must(at.vec.size()) == 0);
  const auto seen = must(dynamic_object::open(at.home, "second"));
  CHECK(must(seen.read()).last == model.size());
  CHECK(at.problems().empty());
}

TEST_CASE("a loan whose transaction is undone is its owner's again") {
  lender at;
  const auto count = GENERATE(few, many);
  auto lent = at.lend(count);
  const auto* const place = lent.data();
  must(at.second.push_back(4));

  for (int round = 0; round < 3; ++round) {
    CHECK_THROWS_AS(transact(at.vec, at.second,
                             [&](transaction&) {
                               must(at.second.set(0, 5));
                               must(at.vec.assign(std::move(lent)));
                               CHECK_FALSE(lent);
                               CHECK(must(at.vec.get(1)) == 2);
                               if (round == 1) must(at.vec.push_back(1));
                               if (round == 2) must(at.vec.clear());
                               throw std::runtime_error{"no"};
                             }),
                    std::runtime_error);
    REQUIRE(lent);
    CHECK(lent.data() == place);
    CHECK(std::ranges::equal(lent.span(), counted(count)));
    CHECK(must(at.vec.size()) == 0);
    CHECK(at.problems().empty());
  }
  // As good as new: sent, and kept by another vector.
  const auto handle = lent.block().next_handle();
  REQUIRE(lent.block().hand_over(at.home.engine()->slot()));
  lent.block().forget();
  auto received = must(adopt_loan<number>(at.home, handle));
  must(at.second.assign(std::move(received)));
  CHECK(is(must(at.second.copy()), count));
  CHECK(at.lent() == 0);
  CHECK(at.problems().empty());
}

TEST_CASE("a loan that moves on while it is kept is back where it went") {
  lender at;
  const auto count = GENERATE(few, many);
  auto lent = at.lend(count);
  loan<number> other;

  CHECK_THROWS_AS(transact(at.vec,
                           [&](transaction&) {
                             must(at.vec.assign(std::move(lent)));
                             other = std::move(lent);
                             CHECK_FALSE(other);
                             throw std::runtime_error{"no"};
                           }),
                  std::runtime_error);

  CHECK_FALSE(lent);
  REQUIRE(other);
  CHECK(std::ranges::equal(other.span(), counted(count)));
  other = {};
  CHECK(at.lent() == 0);
  CHECK(at.problems().empty());
}

TEST_CASE("a loan that ends before its transaction is kept, or free") {
  lender at;
  const auto count = GENERATE(few, many);
  const auto undone = GENERATE(false, true);

  const auto body = [&](transaction&) {
    auto lent = at.lend(count);
    must(at.vec.assign(std::move(lent)));
    lent = {};
    auto second = at.lend(count, 9);
    must(at.second.assign(std::move(second)));
    if (undone) throw std::runtime_error{"no"};
  };
  if (undone) {
    CHECK_THROWS_AS(transact(at.vec, at.second, body), std::runtime_error);
  } else {
    must(transact(at.vec, at.second, body));
  }

  CHECK(must(at.vec.size()) == (undone ? 0 : count));
  CHECK(must(at.second.size()) == (undone ? 0 : count));
  CHECK(at.lent() == 0);
  CHECK(at.problems().empty());
}

TEST_CASE("of two loans for one vector the last one stays") {
  lender at;
  const auto count = GENERATE(few, many);
  const auto undone = GENERATE(false, true);
  auto first = at.lend(count);
  auto last = at.lend(count, 9);

  const auto body = [&](transaction&) {
    must(at.vec.assign(std::move(first)));
    must(at.vec.assign(std::move(last)));
    if (undone) throw std::runtime_error{"no"};
  };
  if (undone) {
    CHECK_THROWS_AS(transact(at.vec, body), std::runtime_error);
    REQUIRE(first);
    REQUIRE(last);
    CHECK(std::ranges::equal(first.span(), counted(count)));
    CHECK(std::ranges::equal(last.span(), counted(count, 9)));
  } else {
    must(transact(at.vec, body));
    CHECK_FALSE(first);
    CHECK_FALSE(last);
    CHECK(is(must(at.vec.copy()), count, 9));
    CHECK(at.lent() == 0);
  }
  CHECK(at.problems().empty());
}

TEST_CASE("a body that is run again finds its loan again") {
  lender at;
  auto lent = at.lend(many);
  int runs = 0;

  // Met out of order, and locked by another one: so the first run is undone.
  const bool in_order = at.vec.place().root < at.second.place().root;
  auto& low = in_order ? at.vec : at.second;
  auto& high = in_order ? at.second : at.vec;
  std::promise<void> locked;
  std::promise<void> go_on;
  std::thread other{[&] {
    must(transact(low, [&](transaction&) {
      locked.set_value();
      go_on.get_future().wait();
    }));
  }};
  locked.get_future().wait();
  const auto done = transact(at.home, [&](transaction&) {
    const auto end_of_first_run = gsl::finally([&] {
      if (++runs == 1) go_on.set_value();
    });
    REQUIRE(lent);
    must(high.assign(std::move(lent)));
    must(low.push_back(1));
  });
  other.join();

  CHECK(done);
  CHECK(runs == 2);
  CHECK_FALSE(lent);
  CHECK(is(must(high.copy()), many));
  CHECK(at.problems().empty());
}

TEST_CASE("what cannot be kept is refused, and stays a loan") {
  lender at;
  lender elsewhere;
  loan<number> none;
  auto strange = elsewhere.lend(few);
  must(at.vec.push_back(1));

  const auto empty = at.vec.assign(std::move(none));
  REQUIRE_FALSE(empty);
  CHECK(empty.error() == write_error::wrong_type);
  CHECK_THAT(empty.error().message(), ContainsSubstring("the loan is empty"));

  const auto foreign = at.vec.assign(std::move(strange));
  REQUIRE_FALSE(foreign);
  CHECK(foreign.error() == write_error::wrong_type);
  CHECK_THAT(foreign.error().message(), ContainsSubstring("another"));
  CHECK(strange);

  auto lent = at.lend(few);
  at.img()
      .word(memory::find_block(at.img(), lent.handle().block(),
                               memory::block_kind::loan)
                .word)
      .store(0);
  const auto damaged = at.vec.assign(std::move(lent));
  REQUIRE_FALSE(damaged);
  CHECK(damaged.error() == write_error::damaged);

  CHECK(must(at.vec.copy()) == std::vector<number>{1});
  CHECK(at.problems().empty());
}

TEST_CASE("frames wait in a map without a copy") {
  lender at;
  auto frames =
      must(at.home.create<shared_hash_map<int, shared_vec<number>>>("frames"));

  for (int i = 0; i < 20; ++i) {
    auto frame = at.lend(many, i);
    must(transact(frames, [&](transaction&) {
      must(frames.try_emplace(i));
      must(must(frames.at(i)).assign(std::move(frame)));
      if (i >= 3) must(frames.erase(i - 3));
    }));
    CHECK_FALSE(frame);
  }

  CHECK(must(frames.size()) == 3);
  CHECK(is(must(frames.get(18)), many, 18));
  CHECK(at.lent() == 0);
  at.home.sweep();  // Takes apart what hangs on the trash.
  CHECK(at.problems().empty());
}

TEST_CASE("readers see whole frames while loans come and go") {
  lender at;
  must(at.vec.assign(at.lend(few, 0)));
  std::atomic<bool> done = false;
  std::uint64_t looks = 0;
  std::uint64_t torn = 0;
  std::uint64_t failed = 0;
  std::thread reader{[&] {
    while (!done || looks == 0) {
      const auto seen = at.vec.copy();
      if (!seen) {
        if (seen.error() != read_error::busy) ++failed;
        continue;
      }
      const auto& all = seen.value();
      if (!is(all, all.size(), all.front())) ++torn;
      ++looks;
    }
  }};
  for (number i = 0; i < 2000; ++i) {
    const auto count = i % 2 == 0 ? few : many;
    auto next = must(try_loan_for_overwrite<number>(at.home, count));
    // A reader whose look is out of date may still be in this block. It throws
    // away what it finds; for a race detector both say so.
    for (std::size_t k = 0; k < count; ++k) {
      std::atomic_ref{next[k]}.store(i + static_cast<number>(k),
                                     std::memory_order_relaxed);
    }
    must(at.vec.assign(std::move(next)));
  }
  done = true;
  reader.join();

  CHECK(looks > 0);
  CHECK(torn == 0);
  CHECK(failed == 0);
  CHECK(at.problems().empty());
}

TEST_CASE("a vector that leads nowhere is damaged, not read") {
  lender at;
  must(at.vec.assign(at.lend(few)));
  auto& lent = at.img().root_at(at.vec.place().root).shape[2];
  const auto place = lent.load();
  for (const auto lie : {place + 8, at.img().committed(), ~std::uint64_t{15}}) {
    lent.store(lie);
    CHECK(at.vec.get(0).error() == read_error::damaged);
    CHECK(at.vec.push_back(1).error() == write_error::damaged);
  }
  // A page that is none of a vector's: seen by fsck.
  lent.store(std::uint64_t{at.sizes.page_bytes});
  CHECK_FALSE(at.problems().empty());
  lent.store(place);
  CHECK(at.problems().empty());
}
