#include "scratch_folder.hpp"
#include <commy/host/find_file.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>

using commy::host::find_file;

TEST_CASE("a bare name is looked for in its places and then in the folder") {
  const scratch_folder scratch;
  std::filesystem::create_directories(scratch / "a");
  std::filesystem::create_directories(scratch / "b/sub");
  std::ofstream{scratch / "a/one"} << "x";
  std::ofstream{scratch / "b/one"} << "x";
  std::ofstream{scratch / "b/two"} << "x";
  std::ofstream{scratch / "b/sub/three"} << "x";
  const std::array places{scratch / "none", scratch / "a"};
  const auto folder = scratch / "b";
  CHECK(find_file("one", folder, places) == scratch / "a/one");
  CHECK(find_file("two", folder, places) == scratch / "b/two");
  CHECK(find_file("./one", folder, places) == scratch / "b/one");
  CHECK(find_file("sub/three", folder, places) == scratch / "b/sub/three");
  CHECK(find_file("../a/one", folder, places) == scratch / "a/one");
  CHECK(find_file(scratch / "a/one", folder, places) == scratch / "a/one");
  CHECK(find_file("sub", folder, places) == std::nullopt);
  CHECK(find_file("four", folder, places) == std::nullopt);
}
