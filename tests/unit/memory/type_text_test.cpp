// The line that says what a type looks like.
#include <commy/memory/type_text.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;
using memory::type_line;

namespace {

enum class color : std::uint16_t { red };
struct inner {
  float f;
  bool b;
};
BOOST_DESCRIBE_STRUCT(inner, (), (f, b))
struct base_part {
  std::int8_t first;
};
BOOST_DESCRIBE_STRUCT(base_part, (), (first))
struct outer : base_part {
  std::uint64_t id;
  char name[10];
  std::array<inner, 3> parts;
  color paint;
};
BOOST_DESCRIBE_STRUCT(outer, (base_part), (id, name, parts, paint))

struct old_point {
  double x;
  double y;
};
BOOST_DESCRIBE_STRUCT(old_point, (), (x, y))
struct new_point {
  double x;
  std::int64_t y;
};
BOOST_DESCRIBE_STRUCT(new_point, (), (x, y))

}  // namespace

TEST_CASE("a type line shows fields, types, places and size") {
  CHECK(type_line<std::int8_t>() == "i8");
  CHECK(type_line<std::uint64_t>() == "u64");
  CHECK(type_line<float>() == "f32");
  CHECK(type_line<double>() == "f64");
  CHECK(type_line<bool>() == "bool");
  CHECK(type_line<color>() == "u16");
  CHECK(type_line<char[24]>() == "chars[24]");
  CHECK(type_line<std::array<char, 5>>() == "chars[5]");
  CHECK(type_line<std::array<std::int32_t, 4>>() == "[4 x i32]");
  CHECK(type_line<shared_string>() == "text");
  CHECK(type_line<inner>() == "{f f32@0, b bool@4}:8");
  CHECK(type_line<outer>() ==
        "{first i8@0, id u64@8, name chars[10]@16, parts [3 x {f f32@0, b "
        "bool@4}:8]@28, paint u16@52}:56");
}

TEST_CASE("containers say what they are made of") {
  CHECK(shared_box<inner>::type_descriptor() == "box<{f f32@0, b bool@4}:8>");
  CHECK(shared_hash_map<int, shared_string>::type_descriptor() ==
        "hash_map<i32, text>");
  CHECK(shared_vec_deque<double>::type_descriptor() == "vec_deque<f64>");
  CHECK(shared_string::type_descriptor() == "text");
}

TEST_CASE("opening an object as another type names the field that differs") {
  const test_folder folder;
  auto home = must(segment::create("s", in_folder(folder)));
  must(home.create<shared_box<old_point>>("where"));

  const auto wrong = home.open<shared_box<new_point>>("where");

  REQUIRE_FALSE(wrong);
  CHECK(wrong.error() == open_error::type_mismatch);
  const auto text = wrong.error().message();
  CAPTURE(text);
  CHECK(text.starts_with("where: wanted 'y i64@8}:16>', found 'y f64@8}:16>'"));
  CHECK_FALSE(home.open_or_create<shared_string>("where"));
  CHECK(home.open<shared_box<old_point>>("where"));
}

TEST_CASE("a type line that is the start of another differs by the rest") {
  CHECK(memory::type_difference("box<i32>", "box<i32>, and more") ==
        "wanted 'i32>', found 'i32>, and more'");
  CHECK(memory::type_difference("text", "") ==
        "wanted 'text', found 'nothing'");
}
