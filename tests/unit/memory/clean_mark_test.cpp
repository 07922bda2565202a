// What is left in a segment's header by its last writer, and a boot later.
#include <commy/memory/file_backing.hpp>
#include <commy/memory/image.hpp>
#include <commy/platform/file_lock.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <cstddef>
#include <fstream>
#include <optional>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;
using Catch::Matchers::ContainsSubstring;

namespace {

using box = shared_box<std::int64_t>;

/// A segment "s" with a box, and its header as it lies in the file.
struct kept_segment {
  test_folder folder;
  memory::geometry sizes = small_geometry();
  segment_options options = in_folder(folder, &sizes);
  std::string data = folder / "s/data";

  kept_segment() {
    must(must(segment::create("s", options)).create<box>("b", 5));
  }

  [[nodiscard]] std::uint64_t word(std::size_t at) const {
    std::ifstream file{data, std::ios::binary};
    std::uint64_t value = 0;
    file.seekg(static_cast<std::streamoff>(at));
    file.read(reinterpret_cast<char*>(&value), sizeof value);
    REQUIRE(file);
    return value;
  }
  void patch(std::size_t at, std::uint64_t value) const {
    std::fstream file{data, std::ios::binary | std::ios::in | std::ios::out};
    file.seekp(static_cast<std::streamoff>(at));
    file.write(reinterpret_cast<const char*>(&value), sizeof value);
    REQUIRE(file.flush());
  }
  [[nodiscard]] bool is_clean() const {
    return word(offsetof(memory::data_header, clean)) != 0;
  }
  /// As after a start of the machine.
  void boot() const { patch(offsetof(memory::data_header, boot), 1); }
  /// As when no last writer came to mark it.
  void lose_mark() const { patch(offsetof(memory::data_header, clean), 0); }
};

}  // namespace

TEST_CASE("the last writer to leave marks a segment clean, the next one not") {
  const kept_segment s;
  CHECK(s.is_clean());
  auto one = std::optional{must(segment::open("s", s.options))};
  CHECK_FALSE(s.is_clean());
  auto other = std::optional{must(segment::open("s", s.options))};
  one.reset();
  CHECK_FALSE(s.is_clean());
  const auto reader = must(segment::open_read_only("s", s.options));
  other.reset();
  // Who only reads has no part in it.
  CHECK(s.is_clean());
  must(segment::open_read_only("s", s.options));
  CHECK(s.is_clean());
}

TEST_CASE("a segment that was closed cleanly outlives a boot") {
  const kept_segment s;
  s.boot();
  {
    const auto reader = must(segment::open_read_only("s", s.options));
    CHECK(must(must(reader.open<box>("b")).get()) == 5);
    CHECK(s.word(offsetof(memory::data_header, boot)) == 1);
  }
  auto home = std::optional{must(segment::open("s", s.options))};
  must(must(home->open<box>("b")).set(6));
  CHECK(s.word(offsetof(memory::data_header, boot)) == platform::boot_id()[0]);
  // While it is open under this boot others may join, whoever cleaned it.
  CHECK(must(must(must(segment::open("s", s.options)).open<box>("b")).get()) ==
        6);
}

TEST_CASE("a segment from before the last boot that was not closed is stale") {
  const kept_segment s;
  s.boot();
  s.lose_mark();
  for (const auto& opened :
       {segment::open("s", s.options), segment::open_read_only("s", s.options),
        segment::open_or_create("s", s.options)}) {
    REQUIRE_FALSE(opened);
    CHECK(opened.error() == segment_error::stale);
    CHECK_THAT(opened.error().message(), ContainsSubstring("segment::check"));
  }
  CHECK(segment::shrink("s", s.options).error() == segment_error::stale);
  // A look at it changes nothing.
  CHECK(must(segment::check("s", fsck_mode::check, s.options)).whole());
  CHECK(segment::open("s", s.options).error() == segment_error::stale);

  CHECK(must(segment::check("s", fsck_mode::repair, s.options)).whole());
  const auto home = must(segment::open("s", s.options));
  CHECK(must(must(home.open<box>("b")).get()) == 5);
}

TEST_CASE("a stale segment that cannot be repaired stays refused") {
  const kept_segment s;
  s.boot();
  s.lose_mark();
  // The directory leads nowhere: a person has to look at that.
  s.patch(offsetof(memory::data_header, directory), 12'345);
  const auto report = must(segment::check("s", fsck_mode::repair, s.options));
  CHECK(report.findings > report.repaired);
  CHECK(segment::open("s", s.options).error() == segment_error::stale);
}

TEST_CASE("who opens while the last writer marks it waits, then says why") {
  const kept_segment s;
  auto closer =
      must(platform::file_lock::open(s.data, platform::access::read_write));
  REQUIRE(closer.try_lock(memory::writer_byte, platform::lock_mode::exclusive));
  auto hurried = s.options;
  hurried.patience = std::chrono::milliseconds{1};
  const auto opened = segment::open("s", hurried);
  REQUIRE_FALSE(opened);
  CHECK(opened.error() == segment_error::closing);
  CHECK(is_transient(opened.error().code()));
  CHECK(segment::open_read_only("s", hurried));
  closer.unlock(memory::writer_byte);
  CHECK(segment::open("s", hurried));
}

TEST_CASE("a poisoned segment is not marked clean") {
  const kept_segment s;
  auto home = std::optional{must(segment::open("s", s.options))};
  home->engine()->img().header().poisoned = 1;
  home.reset();
  CHECK_FALSE(s.is_clean());
}
