// Maps: what lookups promise.
#include <commy/memory/key_hash.hpp>

#include <catch2/catch_test_macros.hpp>

#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;

TEST_CASE("a lookup of an absent key says absent, however full the table") {
  const test_folder folder;
  auto home = must(segment::create("s", in_folder(folder)));
  // Four slots a group: the longest chains of full groups.
  auto map = must(home.create<shared_hash_map<shared_string, double>>("map"));

  for (int i = 0; i < 60'000; ++i) {
    must(map.insert("key " + std::to_string(i), i));
    const auto absent = map.get("no key " + std::to_string(i));
    REQUIRE_FALSE(absent);
    REQUIRE(absent.error() == read_error::absent);
  }
  for (int i = 0; i < 60'000; ++i) {
    REQUIRE(must(map.get("key " + std::to_string(i))) == i);
  }
}

TEST_CASE("a lookup in a long row of full groups ends, and says absent") {
  const test_folder folder;
  auto home = must(segment::create("s", in_folder(folder)));
  auto map =
      must(home.create<shared_hash_map<std::uint64_t, std::uint64_t>>("map"));
  must(map.reserve(400));
  const auto& root = home.engine()->img().root_at(map.place().root);
  const std::uint64_t groups = root.shape[1];
  const std::uint64_t seed = root.shape[2];
  // The next key whose first choice is that group.
  auto next_key = [&, last = std::uint64_t{0}](std::uint64_t group) mutable {
    while ((memory::hash_bits(seed, ++last) & (groups - 1)) != group) {
    }
    return last;
  };

  // 40 groups of seven slots, each filled by keys that belong there.
  constexpr std::uint64_t full = 40;
  REQUIRE(groups > 2 * full);
  for (std::uint64_t group = 0; group < full; ++group) {
    for (int i = 0; i < 7; ++i) {
      const auto key = next_key(group);
      must(map.insert(key, key));
    }
  }
  const auto absent = next_key(0);

  CHECK(root.shape[1] == groups);
  const auto answer = map.get(absent);
  REQUIRE_FALSE(answer);
  CHECK(answer.error() == read_error::absent);
  CHECK_FALSE(must(map.contains(absent)));
  CHECK_FALSE(must(map.erase(absent)));
  // It finds a place all the same, in a table that grew.
  must(map.insert(absent, 1));
  CHECK(must(map.get(absent)) == 1);
  CHECK(must(map.size()) == 7 * full + 1);
}

TEST_CASE("a map answers whether a key was new, there, or gone") {
  const test_folder folder;
  auto home = must(segment::create("s", in_folder(folder)));
  auto map = must(home.create<shared_hash_map<int, shared_string>>("map"));

  CHECK(must(map.insert(1, "one")));
  CHECK_FALSE(must(map.insert(1, "other")));
  CHECK(must(map.get(1)) == "one");
  CHECK_FALSE(must(map.insert_or_assign(1, "uno")));
  CHECK(must(map.get(1)) == "uno");
  CHECK(must(map.insert_or_assign(2, "two")));
  CHECK(must(map.update(2, [](std::string& text) { text += "!"; })));
  CHECK_FALSE(must(map.update(3, [](std::string&) {})));
  CHECK(must(map.get(2)) == "two!");
  CHECK(must(map.erase(1)));
  CHECK_FALSE(must(map.erase(1)));
  CHECK(map.get(1).error() == read_error::absent);
  CHECK(must(map.size()) == 1);
}

namespace {

enum class color : std::uint8_t { red, green, blue };

template <class K, class... Keys>
void check_keys(const char* name, Keys... keys) {
  const test_folder folder;
  auto home = must(segment::create("s", in_folder(folder)));
  auto map = must(home.create<shared_hash_map<K, std::int64_t>>(name));
  std::int64_t next = 0;
  (must(map.insert(keys, ++next)), ...);
  CHECK(must(map.size()) == sizeof...(keys));
  next = 0;
  const auto is_there = [&](const auto& key) {
    CHECK(must(map.get(key)) == ++next);
  };
  (is_there(keys), ...);
}

}  // namespace

TEST_CASE("keys of all kinds are told apart") {
  check_keys<bool>("bool", false, true);
  check_keys<std::int8_t>("i8", std::int8_t{-128}, std::int8_t{-1},
                          std::int8_t{0}, std::int8_t{127});
  check_keys<std::uint16_t>("u16", std::uint16_t{0}, std::uint16_t{0xffff});
  check_keys<std::int64_t>("i64", INT64_MIN, std::int64_t{-1}, std::int64_t{0},
                           INT64_MAX);
  check_keys<color>("enum", color::red, color::green, color::blue);
  check_keys<shared_string>("text", "", "a", "fifteen bytes..",
                            "sixteen bytes...", "sixteen bytes..!");
}

TEST_CASE("a map that is filled and emptied for long does not grow") {
  const test_folder folder;
  auto home = must(segment::create("s", in_folder(folder)));
  auto map = must(home.create<shared_hash_map<int, std::int64_t>>("map"));
  for (int i = 0; i < 1000; ++i)
    must(map.insert(i, i));
  for (int i = 0; i < 900; ++i)
    must(map.erase(i));
  std::uint64_t most = 0;

  for (int i = 1000; i < 100'000; ++i) {
    must(map.insert(i, i));
    must(map.erase(i - 100));
    most = std::max(most, home.statistics().live_bytes);
    if (i % 1000 != 0) continue;
    REQUIRE(must(map.size()) == 100);
    REQUIRE(must(map.get(i)) == i);
  }

  CHECK(most < 200'000);
}

TEST_CASE("room that was reserved is not left again") {
  const test_folder folder;
  auto home = must(segment::create("s", in_folder(folder)));
  auto map = must(home.create<shared_hash_map<int, std::int64_t>>("map"));
  must(map.reserve(10'000));
  const auto& root = home.engine()->img().root_at(map.place().root);
  const std::uint64_t table = root.shape[0];

  for (int i = 0; i < 10'000; ++i)
    must(map.insert(i, i));

  CHECK(root.shape[0] == table);
}

TEST_CASE("a table that makes no sense is damaged, not followed") {
  const test_folder folder;
  auto home = must(segment::create("s", in_folder(folder)));
  auto map = must(home.create<shared_hash_map<int, shared_string>>("map"));
  for (int i = 0; i < 20; ++i)
    must(map.insert(i, "text"));
  auto& root = home.engine()->img().root_at(map.place().root);
  SECTION("groups that are no power of two") { root.shape[1] = 3; }
  SECTION("no groups") { root.shape[1] = 0; }
  SECTION("groups beyond the end") { root.shape[1] = std::uint64_t{1} << 50U; }
  SECTION("a table outside of the segment") {
    root.shape[0] = std::uint64_t{1} << 47U;
  }
  SECTION("a table between lines") { root.shape[0].fetch_add(8); }

  CHECK(map.get(1).error() == read_error::damaged);
  CHECK(map.insert(99, "x").error() == write_error::damaged);
  CHECK(map.erase(1).error() == write_error::damaged);
  // Under a guard at most what lies in the segment is walked.
  std::size_t bytes = 0;
  for (const auto& entry : must(map.read()))
    bytes += entry.second.size();
  CHECK(bytes <= home.statistics().committed_bytes);
}
