// Texts as two words: inside them, or in a block beside.
#include <commy/memory/text_cell.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <support/block_trace.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;
using memory::text_cell;

TEST_CASE("a text of any length comes back as it was") {
  const auto length = GENERATE(std::size_t{0}, 1U, 7U, 8U, 14U, 15U, 16U, 17U,
                               4095U, 4096U, 4097U, 100'000U);
  const test_folder folder;
  auto home = must(segment::create("s", in_folder(folder)));
  auto map =
      must(home.create<shared_hash_map<shared_string, shared_string>>("map"));
  auto text = must(home.create<shared_string>("text"));
  // Zero bytes and bytes above 127 among them.
  std::string value;
  for (std::size_t i = 0; i < length; ++i) {
    value += static_cast<char>(i * 37 % 256);
  }

  must(text.assign(value));
  must(map.insert(value, value));

  CHECK(must(text.get()) == value);
  CHECK(must(text.size()) == length);
  CHECK(must(map.get(value)) == value);
  CHECK_FALSE(must(map.contains(value + '\0')));
  for (const auto& [key, held] : must(map.read())) {
    CHECK(key == value);
    CHECK(held == value);
  }
  CHECK(trace_blocks(home.engine()->img()).text() == "");
}

TEST_CASE("a text above the limit is refused, and the old one stays") {
  const test_folder folder;
  auto home = must(segment::create("s", in_folder(folder)));
  auto text = must(home.create<shared_string>("text", "old"));

  const auto refused = text.assign(std::string(text_cell::bytes_max + 1, 'x'));

  REQUIRE_FALSE(refused);
  CHECK(refused.error() == write_error::too_large);
  CHECK(must(text.get()) == "old");
}

TEST_CASE("a cell that makes no sense is not followed") {
  const test_folder folder;
  auto home = must(segment::create("s", in_folder(folder)));
  auto text = must(home.create<shared_string>("text", "old"));
  auto& img = home.engine()->img();
  auto& root = img.root_at(text.place().root);
  const auto outside = std::uint64_t{text_cell::outside_mark} << 56U;
  const auto end = img.committed();

  for (const auto& [first, second] :
       std::initializer_list<std::pair<std::uint64_t, std::uint64_t>>{
           {0, std::uint64_t{16} << 56U},         // 16 bytes inside of 15.
           {0, std::uint64_t{200} << 56U},        // No such mark.
           {0, outside | 8},                      // In the header.
           {end - 8, outside | 9},                // Across the end.
           {end, outside | 1},                    // Behind it.
           {~std::uint64_t{0} - 7, outside | 8},  // Wraps around.
           {8192, outside | 0xffff'ffff},         // Far too long.
           {8193, outside | 8},                   // Between words.
       }) {
    CAPTURE(first, second);
    root.motion[0].store(first);
    root.motion[1].store(second);

    const auto answer = text.get();

    REQUIRE_FALSE(answer);
    CHECK(answer.error() == read_error::damaged);
    CHECK_FALSE(text.append("more"));
  }
}
