#include "child.hpp"
#include "scratch.hpp"
#include <commy/platform/mapping.hpp>

#include <catch2/catch_test_macros.hpp>

using namespace commy::platform;

TEST_CASE("two mappings of a file show each other's writes") {
  const scratch_folder folder;
  const auto path = make_file(folder, "data", 4096);
  const auto writable = file::open(path, access::read_write).value();
  const auto one = mapping::map(writable, 4096, access::read_write).value();
  const auto readable = file::open(path, access::read_only).value();
  const auto two = mapping::map(readable, 4096, access::read_only).value();

  one.data()[100] = std::byte{42};

  CHECK(two.data() != one.data());
  CHECK(two.data()[100] == std::byte{42});
}

TEST_CASE("a file that grows is seen through mappings made before") {
  constexpr std::uint64_t capacity = 1U << 20U;
  const scratch_folder folder;
  const auto path = make_file(folder, "data", 4096);
  auto source = file::open(path, access::read_write).value();
  const auto old = mapping::map(source, capacity, access::read_write).value();
  const auto readable = file::open(path, access::read_only).value();
  const auto old_reader =
      mapping::map(readable, capacity, access::read_only).value();
  const auto* const base = old.data();

  source.allocate(capacity).value();
  old.populate(4096, capacity - 4096);
  old.data()[capacity - 1] = std::byte{7};

  CHECK(old.data() == base);
  CHECK(old_reader.data()[capacity - 1] == std::byte{7});
}

TEST_CASE("populate changes no byte") {
  const scratch_folder folder;
  const auto source =
      file::open(make_file(folder, "data", 10'000), access::read_write).value();
  const auto map = mapping::map(source, 65'536, access::read_write).value();
  map.data()[5'000] = std::byte{9};

  map.populate(5'001, 4'000);

  CHECK(map.data()[5'000] == std::byte{9});
  CHECK(map.data()[5'001] == std::byte{0});
}

TEST_CASE("a mapping that the system refuses says how much was asked for") {
  const scratch_folder folder;
  const auto source =
      file::open(make_file(folder, "data", 4096), access::read_only).value();

  const auto huge =
      mapping::map(source, std::uint64_t{1} << 62U, access::read_only);

  REQUIRE_FALSE(huge);
  CHECK(huge.error() == file_error::io);
  CHECK(huge.error().message().find("4611686018427387904") !=
        std::string::npos);
  CHECK_FALSE(mapping::map(source, 0, access::read_only));
}

TEST_CASE("a moved mapping stays where it is") {
  const scratch_folder folder;
  const auto source =
      file::open(make_file(folder, "data", 4096), access::read_write).value();
  auto first = mapping::map(source, 4096, access::read_write).value();
  const auto* const base = first.data();
  mapping second;

  second = std::move(first);

  // NOLINTNEXTLINE(bugprone-use-after-move): what is left is the question.
  CHECK(first.data() == nullptr);
  CHECK(second.data() == base);
  CHECK(second.capacity() == 4096);
  second.data()[0] = std::byte{1};
}

TEST_CASE("a write through a read-only mapping kills the writer") {
  const scratch_folder folder;
  spawn_options options;
  options.program = child_program();
  options.arguments = {"write_read_only", make_file(folder, "data", 4096)};
  // A sanitizer would turn the signal into an exit code of its own.
  options.environment = {{"ASAN_OPTIONS", "handle_segv=0"},
                         {"TSAN_OPTIONS", "handle_segv=0"},
                         {"UBSAN_OPTIONS", "handle_segv=0"}};
  auto child = child_process::spawn(options).value();

  const auto status = child.wait_for(patience);

  REQUIRE(status);
  INFO(status->text());
  CHECK(status->how == exit_status::kind::killed);
}
