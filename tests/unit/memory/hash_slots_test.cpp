// How entries lie in a hash group, and how its control bytes are searched.
#include <commy/memory/hash_slots.hpp>
#include <commy/memory/key_hash.hpp>

#include <catch2/catch_test_macros.hpp>

#include <random>

using namespace commy::memory;

TEST_CASE("at least two entries fit into a group, for all sizes allowed") {
  for (const bool text_key : {false, true}) {
    for (const std::uint32_t key : {1U, 2U, 4U, 8U}) {
      for (std::uint32_t value = 1; value <= 1000; ++value) {
        for (const std::uint32_t align : {1U, 2U, 4U, 8U}) {
          const auto s = hash_slots::of(text_key ? 16 : key, value, align,
                                        text_key, false);
          REQUIRE(s.count >= 2);
          REQUIRE(s.value_at % align == 0);
          REQUIRE(s.value_at >= s.key_bytes);
          REQUIRE(s.value_at + value <= s.stride);
          REQUIRE(s.stride % 8 == 0);
          REQUIRE(s.control_words * 8 >= s.count);
          REQUIRE(s.slot_at(0) == 8 + 8 * s.control_words);
          REQUIRE(s.slot_at(s.count - 1) + s.stride <= s.group_bytes);
          REQUIRE(s.group_bytes % 128 == 0);
        }
      }
    }
  }
}

TEST_CASE("matching bytes are found exactly, as one by one") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random{seed};

  for (int round = 0; round < 200'000; ++round) {
    // Few different bytes, so that matches and their neighbours are frequent.
    auto word = random() & (round % 2 == 0 ? 0x8181'8181'8181'8181U
                                           : 0x0101'0101'0101'0101U);
    if (round % 7 == 0) word = random();
    const auto byte = static_cast<std::uint8_t>(
        round % 3 == 0 ? word >> 8U * (random() % 8) : random());
    std::uint64_t wanted = 0;
    for (unsigned i = 0; i < 8; ++i) {
      if (static_cast<std::uint8_t>(word >> 8 * i) == byte) {
        wanted |= std::uint64_t{0x80} << 8 * i;
      }
    }
    REQUIRE(match_bytes(word, byte) == wanted);
  }
}

// The hash is part of the layout: these numbers stand for ever, or the layout
// version changes.
TEST_CASE("the hash of integers is what it always was") {
  // Published first output of SplitMix64 from state 0.
  CHECK(mix_bits(0x9e37'79b9'7f4a'7c15) == 0xe220'a839'7b1d'cdaf);
  CHECK(hash_bits(0, 0) == 0);
  CHECK(hash_bits(0, 1) == 0x5692161d100b05e5);
  CHECK(hash_bits(0, ~std::uint64_t{0}) == 0xb4d055fcf2cbbd7b);
  CHECK(hash_bits(0x1234'5678'9abc'def0, 42) == 0x55007ba1d54fbd3b);
}

TEST_CASE("the hash of texts is what it always was") {
  CHECK(hash_text(0, "") == 0x0000000000000000);
  CHECK(hash_text(0, "a") == 0x4cd3b69d188e71bd);
  CHECK(hash_text(0, "12345678") == 0xb7e8da63149554cd);
  CHECK(hash_text(0, "123456789") == 0x09019a2265999947);
  CHECK(hash_text(7, "a text of more than sixteen bytes") ==
        0xea47c7382856df7b);
}

TEST_CASE("texts that differ only in zero bytes at the end hash apart") {
  using namespace std::string_view_literals;
  CHECK(hash_text(1, "a"sv) != hash_text(1, "a\0"sv));
  CHECK(hash_text(1, ""sv) != hash_text(1, "\0\0\0\0\0\0\0\0"sv));
}
