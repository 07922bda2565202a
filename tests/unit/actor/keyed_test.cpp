// Keys of messages as numbers.
#include <commy/actor/keyed.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace {

enum class colour : std::uint8_t { red, green };

template <class Key>
struct about {
  Key value;
  [[nodiscard]] constexpr Key key() const { return value; }
};
struct about_text {
  std::string value;
  [[nodiscard]] const std::string& key() const { return value; }
};
struct about_nothing {};

static_assert(commy::keyed<about<int>>);
static_assert(!commy::keyed<about_nothing>);
// What one process or run wrote down by its key, another one finds.
static_assert(commy::key_of(about<int>{1}) == 0x5692'161d'100b'05e5U);

}  // namespace

TEST_CASE("different integers and enums have different keys") {
  std::set<std::uint64_t> seen;
  for (int i = -5000; i < 5000; ++i)
    seen.insert(commy::key_of(about<int>{i}));

  CHECK(seen.size() == 10'000);
  CHECK(commy::key_of(about<colour>{colour::red}) !=
        commy::key_of(about<colour>{colour::green}));
  CHECK(commy::key_of(about<std::int64_t>{-7}) ==
        commy::key_of(about<std::int16_t>{-7}));
}

TEST_CASE("equal texts have equal keys, whatever holds them") {
  using namespace std::string_view_literals;
  const auto of = [](std::string_view text) {
    return commy::key_of(about<std::string_view>{text});
  };

  CHECK(of("EURUSD") == commy::key_of(about_text{"EURUSD"}));
  CHECK(of("EURUSD") == commy::key_of(about<std::string>{"EURUSD"}));
  CHECK(of("EURUSD") != of("USDEUR"));
  CHECK(of("") != of("\0"sv));
  CHECK(of("longer than eight bytes, a") != of("longer than eight bytes, b"));
}

TEST_CASE("the key of a text is the same in every process") {
  CHECK(commy::key_of(about<std::string_view>{"EURUSD"}) ==
        0x9e68'86bc'314d'b4bdU);
}
