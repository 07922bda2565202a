#include "child.hpp"
#include "scratch.hpp"
#include <commy/platform/library.hpp>

#include <catch2/catch_test_macros.hpp>

#include <fstream>
#include <iterator>

using namespace commy::platform;

namespace {

std::string library_path(const std::string& name) {
  const std::filesystem::path here{executable_path()};
  return (here.parent_path() / (name + COMMY_TEST_LIBRARY_SUFFIX)).string();
}

std::string bytes_of(const std::string& path) {
  std::ifstream from{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{from}, {}};
}

void write(const std::string& path, const std::string& bytes) {
  std::ofstream{path, std::ios::binary} << bytes;
}

}  // namespace

TEST_CASE("a library is loaded and its function called") {
  const auto loaded = shared_library::load(library_path("platform_sample"));
  REQUIRE(loaded);

  const auto address = loaded->symbol("commy_test_twice");

  REQUIRE(address);
  const auto twice = reinterpret_cast<int (*)(int)>(*address);
  CHECK(twice(21) == 42);
}

TEST_CASE("a name that a library does not export is named") {
  const auto loaded =
      shared_library::load(library_path("platform_sample")).value();

  const auto missing = loaded.symbol("commy_test_thrice");

  CHECK(missing.error() == library_error::no_symbol);
  CHECK(missing.error().message().find("commy_test_thrice") !=
        std::string::npos);
}

TEST_CASE("a library that needs a missing one says which") {
  const scratch_folder folder;
  const auto alone = folder / "needy.library";
  std::filesystem::copy_file(library_path("platform_needy"), alone);

  const auto loaded = shared_library::load(alone);

  REQUIRE_FALSE(loaded);
  INFO(loaded.error().message());
  CHECK(loaded.error() == library_error::missing_dependency);
  CHECK(loaded.error().message().find("platform_needed") != std::string::npos);
}

TEST_CASE("a file that is no library is never loaded") {
  const scratch_folder folder;
  const auto path = folder / "some.library";
  const auto code = [&] { return shared_library::load(path).error().code(); };

  CHECK(code() == library_error::not_found);
  write(path, "");
  CHECK(code() == library_error::not_a_library);
  write(path, std::string(4096, 'x'));
  CHECK(code() == library_error::not_a_library);
  write(path, bytes_of(library_path("platform_sample")).substr(0, 50));
  CHECK(code() == library_error::not_a_library);
  CHECK(shared_library::load(folder.path()).error() ==
        library_error::not_a_library);
}

TEST_CASE("a library for another machine is called that") {
  const scratch_folder folder;
  const auto path = folder / "foreign.library";
  auto bytes = bytes_of(library_path("platform_sample"));
  // The machine's number: at 18 in ELF, 4 behind the PE header's start.
  auto at = std::size_t{18};
  if (bytes.starts_with("MZ")) at = bytes.find(std::string{"PE\0\0", 4}) + 4;
  bytes[at] = '\x28';
  bytes[at + 1] = '\0';
  write(path, bytes);

  const auto loaded = shared_library::load(path);

  REQUIRE_FALSE(loaded);
  INFO(loaded.error().message());
  CHECK(loaded.error() == library_error::wrong_machine);
  CHECK(loaded.error().detail().found == 0x28);
}
