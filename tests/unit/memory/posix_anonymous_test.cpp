// Segments without a name, which only their files' holder reaches.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <optional>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;
using Catch::Matchers::ContainsSubstring;

namespace {

using box = shared_box<std::int64_t>;

segment_options of(const memory::geometry& sizes) {
  segment_options options;
  options.sizes = &sizes;
  return options;
}

/// A descriptor of the same file that may only read.
int for_reading(std::intptr_t file) {
  return ::open(("/proc/self/fd/" + std::to_string(file)).c_str(),
                O_RDONLY | O_CLOEXEC);
}

struct descriptor {
  int number = -1;

  explicit descriptor(int fd) : number{fd} { REQUIRE(fd >= 0); }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() { ::close(number); }
};

}  // namespace

TEST_CASE("an anonymous segment is reached by its files alone") {
  const auto sizes = small_geometry();
  auto first = std::optional{must(segment::create_anonymous(of(sizes)))};
  CHECK(first->name().empty());
  CHECK(first->writable());
  auto mine = must(first->create<box>("b", 1));

  auto second = must(segment::adopt(first->files(), of(sizes)));
  auto theirs = must(second.open<box>("b"));
  must(theirs.set(2));
  CHECK(must(mine.get()) == 2);
  CHECK(second.participants().size() == 2);
  // It lives as long as somebody has it, and grows.
  mine = theirs;
  first.reset();
  CHECK(second.participants().size() == 1);
  auto words = must(second.create<shared_string>("text"));
  must(words.assign(std::string(40'000, 'x')));
  CHECK(must(theirs.get()) == 2);
  CHECK(must(words.get()).size() == 40'000);
}

TEST_CASE("files opened for reading give a segment for reading") {
  const auto sizes = small_geometry();
  auto home = must(segment::create_anonymous(of(sizes)));
  auto mine = must(home.create<box>("b", 1));
  const descriptor data{for_reading(home.files().data)};
  const descriptor control{for_reading(home.files().control)};
  const segment_files files{data.number, control.number};

  const auto reader = must(segment::adopt_read_only(files, of(sizes)));
  CHECK_FALSE(reader.writable());
  auto theirs = must(reader.open<box>("b"));
  must(mine.set(3));
  CHECK(must(theirs.get()) == 3);
  CHECK(theirs.set(4).error() == write_error::read_only);
  CHECK(reader.participants().size() == 1);
}

TEST_CASE("files that are no sealed segment are refused") {
  const auto sizes = small_geometry();
  const test_folder folder;
  const auto refusal = [&](segment_files files) {
    const auto writer = segment::adopt(files, of(sizes));
    const auto reader = segment::adopt_read_only(files, of(sizes));
    REQUIRE_FALSE(writer);
    REQUIRE_FALSE(reader);
    CHECK(writer.error().code() == reader.error().code());
    UNSCOPED_INFO(writer.error().message());
    return writer.error();
  };
  SECTION("closed") {
    CHECK(refusal({-1, -1}) == segment_error::io);
    CHECK(refusal({1'000'000, 1'000'001}) == segment_error::io);
  }
  SECTION("a device") {
    const descriptor null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
    CHECK(refusal({null.number, null.number}) == segment_error::not_a_segment);
  }
  SECTION("a named segment's, which its owner could cut") {
    const auto home = must(segment::create("s", in_folder(folder, &sizes)));
    const auto why = refusal(home.files());
    CHECK(why == segment_error::not_a_segment);
    CHECK_THAT(why.message(), ContainsSubstring("getting shorter"));
  }
  SECTION("memory without a seal, or of something else") {
    const descriptor data{::memfd_create("data", MFD_ALLOW_SEALING)};
    const descriptor control{::memfd_create("control", MFD_ALLOW_SEALING)};
    REQUIRE(::ftruncate(data.number, 1 << 20) == 0);
    REQUIRE(::ftruncate(control.number, 1 << 20) == 0);
    const segment_files files{data.number, control.number};
    CHECK_THAT(refusal(files).message(), ContainsSubstring("getting shorter"));
    for (const auto file : {data.number, control.number})
      REQUIRE(::fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK) == 0);
    CHECK_THAT(refusal(files).message(), ContainsSubstring("magic number"));
  }
  SECTION("of two segments") {
    const auto one = must(segment::create_anonymous(of(sizes)));
    const auto other = must(segment::create_anonymous(of(sizes)));
    const auto why = refusal({one.files().data, other.files().control});
    CHECK(why == segment_error::not_a_segment);
    CHECK_THAT(why.message(), ContainsSubstring("creation number"));
  }
}

TEST_CASE("nobody can make an anonymous segment's files shorter") {
  const auto sizes = small_geometry();
  auto home = must(segment::create_anonymous(of(sizes)));
  CHECK(::ftruncate(static_cast<int>(home.files().data), 0) == -1);
  CHECK(::ftruncate(static_cast<int>(home.files().control), 0) == -1);
  CHECK(must(home.create<box>("b", 1)).get());
}

TEST_CASE("sizes that cannot be are refused without a name too") {
  segment_options options;
  options.capacity = 1;
  CHECK(segment::create_anonymous(options).error() == segment_error::bad_size);
}
