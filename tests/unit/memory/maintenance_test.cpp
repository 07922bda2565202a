// What is done to segments that nobody has open: checked, repaired, shrunk.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <filesystem>
#include <fstream>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("a segment's free tail goes back to the system") {
  const test_folder folder;
  const auto options = in_folder(folder);
  const auto size = [&] {
    return std::filesystem::file_size(folder / "s/data");
  };
  std::uint64_t small = 0;
  {
    auto home = must(segment::create("s", options));
    auto text = must(home.create<shared_string>("text"));
    must(text.assign("kept"));
    small = size();
    must(must(home.create<shared_string>("long"))
             .assign(std::string(12U << 20U, 'x')));
    must(home.remove_object("long"));
    CHECK(segment::shrink("s", options).error() == segment_error::in_use);
  }
  REQUIRE(size() > 12U << 20U);

  const auto cut = must(segment::shrink("s", options));

  CHECK(cut > 12U << 20U);
  CHECK(size() <= small);
  CHECK(must(segment::check("s", fsck_mode::check, options)).text() == "");
  CHECK(must(segment::shrink("s", options)) == 0);
  // And it grows again.
  auto home = must(segment::open("s", options));
  auto text = must(home.open<shared_string>("text"));
  CHECK(must(text.get()) == "kept");
  must(text.assign(std::string(12U << 20U, 'y')));
  CHECK(must(text.get()).size() == 12U << 20U);
}

TEST_CASE("a shrunk segment loses whole chunks, and finds them empty again") {
  const test_folder folder;
  const auto sizes = small_geometry();
  const auto options = in_folder(folder, &sizes);
  {
    auto w = shared_world::open_or_create("s", options);
    must(w.text.assign(std::string(2000, 'k')));
    w.fill_pages(3 * (64U << 10U));
    must(w.home.remove_object("ballast"));
  }
  CHECK(must(segment::shrink("s", options)) > 0);
  CHECK(must(segment::check("s", fsck_mode::check, options)).text() == "");
  auto w = shared_world::open_or_create("s", options);
  w.fill_pages(3 * (64U << 10U));
  CHECK(must(w.text.get()) == std::string(2000, 'k'));
}

TEST_CASE("a damaged segment is repaired by name, when nobody has it open") {
  const test_folder folder;
  const auto options = in_folder(folder);
  std::uint64_t word = 0;
  {
    auto home = must(segment::create("s", options));
    must(home.create<shared_box<std::int64_t>>("box", 7));
    CHECK(segment::check("s", fsck_mode::repair, options).error() ==
          segment_error::in_use);
    const auto& img = home.engine()->img();
    const auto made = must(home.allocate(64));
    word = memory::find_block(img, made.block(), memory::block_kind::bare).word;
  }
  {
    std::fstream file{folder / "s/data",
                      std::ios::in | std::ios::out | std::ios::binary};
    const auto lent =
        memory::block_word::make(memory::block_state::owned, 9, 5).raw;
    file.seekp(static_cast<std::streamoff>(word));
    file.write(reinterpret_cast<const char*>(&lent), sizeof lent);
  }
  const auto found = must(segment::check("s", fsck_mode::check, options));
  CHECK_THAT(found.text(), ContainsSubstring("lent to nobody"));
  CHECK(must(segment::check("s", fsck_mode::repair, options)).repaired == 1);
  CHECK(must(segment::check("s", fsck_mode::check, options)).whole());
  CHECK(segment::check("none", fsck_mode::check, options).error() ==
        segment_error::not_found);
}
