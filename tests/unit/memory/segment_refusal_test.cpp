// Every reason why a segment cannot be had, brought about on purpose.
#include <commy/memory/control_layout.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;
using Catch::Matchers::ContainsSubstring;
namespace fs = std::filesystem;

namespace {

template <class T>
void patch(const std::string& path, std::size_t at, const T& value) {
  std::fstream file{path, std::ios::binary | std::ios::in | std::ios::out};
  REQUIRE(file.is_open());
  file.seekp(static_cast<std::streamoff>(at));
  file.write(reinterpret_cast<const char*>(&value), sizeof value);
}

/// A closed segment "s" whose bytes a test may spoil.
struct closed_segment {
  test_folder folder;
  segment_options options = in_folder(folder);
  std::string data = folder / "s/data";
  std::string control = folder / "s/control";

  closed_segment() { must(segment::create("s", options)); }
  /// How opening it fails, in both ways to open.
  [[nodiscard]] failure<segment_error> refusal() const {
    const auto writer = segment::open("s", options);
    const auto reader = segment::open_read_only("s", options);
    REQUIRE_FALSE(writer);
    REQUIRE_FALSE(reader);
    CHECK(writer.error().code() == reader.error().code());
    const auto creator = segment::open_or_create("s", options);
    REQUIRE_FALSE(creator);
    CHECK(creator.error().code() == writer.error().code());
    INFO(writer.error().message());
    CHECK_FALSE(writer.error().message().empty());
    return writer.error();
  }
};

}  // namespace

TEST_CASE("a name must be made of safe parts") {
  const test_folder folder;
  for (const std::string bad :
       {"", "/", "a/", "/a", "a//b", ".hidden", "a/.b", "..", "a/../b", "a b",
        "a\\b", "a:b", "\xc3\xa4", "1/2/3/4/5"}) {
    CAPTURE(bad);
    CHECK(segment::open(bad, in_folder(folder)).error() ==
          segment_error::bad_name);
    CHECK(segment::create(bad, in_folder(folder)).error() ==
          segment_error::bad_name);
    CHECK(segment::remove(bad, in_folder(folder)).error() ==
          segment_error::bad_name);
  }
  CHECK(segment::create(std::string(65, 'n'), in_folder(folder)).error() ==
        segment_error::bad_name);
  CHECK(segment::create(std::string(64, 'n'), in_folder(folder)));
}

TEST_CASE("sizes that cannot be are refused") {
  const test_folder folder;
  auto options = in_folder(folder);
  for (const std::uint64_t capacity :
       {0ULL, 1ULL << 20U, (64ULL << 20U) + 4096, 2ULL << 40U}) {
    options.capacity = capacity;
    CHECK(segment::create("s", options).error() == segment_error::bad_size);
  }
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("a segment that is not there, or there already, is told apart") {
  const test_folder folder;
  const auto options = in_folder(folder);
  CHECK(segment::open("s", options).error() == segment_error::not_found);
  CHECK(segment::open_read_only("s", options).error() ==
        segment_error::not_found);
  must(segment::create("s", options));
  const auto again = segment::create("s", options);
  REQUIRE_FALSE(again);
  CHECK(again.error() == segment_error::exists);
  CHECK_THAT(again.error().message(), ContainsSubstring("open it instead"));
  CHECK(segment::open("s", options));
}

TEST_CASE("files that are something else are no segment, and stay") {
  const closed_segment s;
  SECTION("another magic number") {
    patch(s.data, 0, std::uint64_t{0x1234});
    CHECK_THAT(s.refusal().message(), ContainsSubstring("magic number"));
  }
  SECTION("a control file of something else") {
    patch(s.control, 0, std::uint64_t{0x1234});
  }
  SECTION("an empty file") { fs::resize_file(s.data, 0); }
  SECTION("a control file that is cut") { fs::resize_file(s.control, 4096); }
  SECTION("a data file that is cut") {
    // One page; on Windows the file reaches to the capacity.
    fs::resize_file(s.data, 64U << 10U);
    CHECK_THAT(s.refusal().message(), ContainsSubstring("committed bytes"));
  }
  SECTION("sizes that cannot be") {
    memory::geometry wrong;
    wrong.page_bytes = 12345;
    patch(s.data, offsetof(memory::data_header, sizes), wrong);
  }
  SECTION("more bytes in use than there are") {
    patch(s.data, offsetof(memory::data_header, committed),
          std::uint64_t{1} << 50U);
  }
  SECTION("a control file of another segment") {
    must(segment::create("t", s.options));
    // Not by overwriting, which the library of mingw refuses.
    fs::remove(s.control);
    fs::copy_file(s.folder / "t/control", s.control);
    CHECK_THAT(s.refusal().message(), ContainsSubstring("creation number"));
  }
  CHECK(s.refusal() == segment_error::not_a_segment);
  CHECK(fs::exists(s.data));
}

TEST_CASE("folders in place of files are no segment") {
  const test_folder folder;
  fs::create_directories(folder / "s/data");
  fs::create_directories(folder / "s/control");

  CHECK(segment::open("s", in_folder(folder)).error() ==
        segment_error::not_a_segment);
}

TEST_CASE("another layout version is refused with both numbers") {
  const closed_segment s;
  patch(s.data, offsetof(memory::data_header, layout), std::uint32_t{99});

  const auto why = s.refusal();

  CHECK(why == segment_error::foreign_layout);
  CHECK_THAT(why.message(), ContainsSubstring("layout version"));
  CHECK_THAT(why.message(), ContainsSubstring("found 99"));
  CHECK_THAT(
      why.message(),
      ContainsSubstring("wanted " + std::to_string(memory::layout_version)));
}

TEST_CASE("another kind of machine is refused") {
  const closed_segment s;
  patch(s.control, offsetof(memory::control_header, abi),
        std::uint32_t{0x0104'0001});

  CHECK(s.refusal() == segment_error::foreign_layout);
}

TEST_CASE("when all slots are taken the next one is told so") {
  const test_folder folder;
  auto sizes = small_geometry();
  sizes.participants = 2;
  const auto options = in_folder(folder, &sizes);
  auto first = std::optional{must(segment::create("s", options))};
  auto second = must(segment::open("s", options));

  const auto third = segment::open("s", options);

  REQUIRE_FALSE(third);
  CHECK(third.error() == segment_error::no_slot);
  CHECK_THAT(third.error().message(), ContainsSubstring("all 2 slots"));
  // Readers need none, and a slot that is given back serves the next one.
  CHECK(segment::open_read_only("s", options));
  first.reset();
  CHECK(segment::open("s", options));
}

TEST_CASE("when no lane is left for its first one a process cannot attach") {
  const test_folder folder;
  auto sizes = small_geometry();
  sizes.lanes = 1;
  sizes.lane_step = 1;
  const auto options = in_folder(folder, &sizes);
  auto first = std::optional{must(segment::create("s", options))};

  CHECK(segment::open("s", options).error() == segment_error::no_lane);
  first.reset();
  CHECK(segment::open("s", options));
}
