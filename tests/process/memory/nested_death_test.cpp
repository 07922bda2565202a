// Writers of nested containers that die anywhere.
#include <catch2/catch_test_macros.hpp>

#include <random>
#include <support/block_trace.hpp>
#include <support/forked.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;

namespace {

using group_map = shared_hash_map<int, shared_vec<std::int64_t>>;
constexpr int groups = 12;
constexpr int each = 40;

/// Moves elements between groups, and whole groups away and back, for ever. How
/// many there are in all never changes.
void keep_moving(const segment_options& options, std::uint64_t seed,
                 const forked::teller& tell) {
  auto home = must(segment::open("s", options));
  auto map = must(home.open<group_map>("groups"));
  std::mt19937_64 random{seed};
  for (std::uint64_t n = 0;; ++n) {
    const auto a = static_cast<int>(random() % groups);
    const auto b = static_cast<int>(random() % groups);
    must(transact(map, [&](transaction&) {
      if (random() % 3 == 0) {
        // Into a new life, and its old one into the trash.
        const auto content = must(map.extract(a)).value();
        must(map.insert(a, content));
      } else if (random() % 8 == 0) {
        const auto all = must(map.take());
        must(map.bulk_load(all));
      } else {
        auto from = must(map.at(a));
        if (const auto taken = must(from.pop_back())) {
          must(must(map.at(b)).push_back(*taken));
        }
      }
    }));
    if (n % 16 == 0) tell.say('.');
  }
}

}  // namespace

TEST_CASE("who is killed while changing nested containers leaves them whole") {
  const test_folder folder;
  const auto options = in_folder(folder);
  auto home = must(segment::create("s", options));
  auto map = must(home.create<group_map>("groups"));
  for (int g = 0; g < groups; ++g)
    must(map.insert(g, std::vector<std::int64_t>(each, g)));
  std::mt19937_64 random{1};

  for (int round = 0; round < 40; ++round) {
    CAPTURE(round);
    forked first{[&](const forked::teller& tell) {
      keep_moving(options, 2 * static_cast<std::uint64_t>(round), tell);
      return 0;
    }};
    forked second{[&](const forked::teller& tell) {
      keep_moving(options, 2 * static_cast<std::uint64_t>(round) + 1, tell);
      return 0;
    }};
    // Some way into their work, wherever that is.
    for (auto n = 1 + random() % 5; n > 0; --n)
      REQUIRE(first.next() == '.');
    first.kill();
    REQUIRE(second.next() == '.');
    second.kill();

    std::size_t count = 0;
    for (const auto& [key, values] : must(map.copy()))
      count += values.size();
    REQUIRE(count == groups * each);
    home.sweep();
    REQUIRE(trace_blocks(home.engine()->img()).text() == "");
  }
  map.clear().value();
  for (int i = 0; i < 8; ++i)
    home.sweep();
  CHECK(trace_blocks(home.engine()->img()).live_blocks < 20);
}
