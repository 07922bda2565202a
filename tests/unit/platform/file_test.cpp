#include "scratch.hpp"
#include <commy/platform/file.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>

using namespace commy::platform;

TEST_CASE("a created file is there, empty, and taken") {
  const scratch_folder folder;
  const auto path = folder / "new";

  const auto made = file::create(path);

  REQUIRE(made);
  CHECK(made->size().value() == 0);
  CHECK(file::create(path).error() == file_error::exists);
  CHECK(file::open(path, access::read_only));
}

TEST_CASE("opening says what is wrong and where") {
  const scratch_folder folder;
  const auto missing = file::open(folder / "missing", access::read_only);
  CHECK(missing.error() == file_error::not_found);
  CHECK(missing.error().message().find("missing: ") != std::string::npos);

  CHECK(file::open(folder.path(), access::read_only).error() ==
        file_error::not_regular);
}

TEST_CASE("the name of a file with a long path survives in the message") {
  const scratch_folder folder;
  auto path = folder.path();
  for (int i = 0; i < 20; ++i)
    path += "/some-folder";
  path += "/wanted.data";

  const auto failed = file::open(path, access::read_only);

  CHECK(failed.error().message().find("wanted.data: ") != std::string::npos);
}

TEST_CASE("allocate grows a file and never shrinks it") {
  const scratch_folder folder;
  auto made = file::create(folder / "grows").value();

  REQUIRE(made.allocate(10'000));
  CHECK(made.size().value() == 10'000);
  REQUIRE(made.allocate(100));
  CHECK(made.size().value() == 10'000);
  CHECK(made.allocate(~std::uint64_t{0}).error() == file_error::no_space);
  CHECK(made.size().value() == 10'000);
}

TEST_CASE("what is written at an offset is read there") {
  const scratch_folder folder;
  auto made = file::create(folder / "bytes").value();
  made.allocate(64).value();
  const std::array out{std::byte{1}, std::byte{2}, std::byte{3}};
  std::array<std::byte, 3> in{};

  REQUIRE(made.write_at(40, out));
  REQUIRE(made.read_at(40, in));
  CHECK(in == out);
  CHECK(made.read_at(62, in).error() == file_error::io);
  CHECK(made.read_at(~std::uint64_t{0}, in).error() == file_error::io);
}

TEST_CASE("a file opened for reading refuses writes") {
  const scratch_folder folder;
  auto opened =
      file::open(make_file(folder, "data", 64), access::read_only).value();
  const std::array out{std::byte{1}};

  CHECK_FALSE(opened.write_at(0, out));
}

TEST_CASE("folders are made with their parents, and again without harm") {
  const scratch_folder folder;

  REQUIRE(make_folders(folder / "a/b/c"));
  REQUIRE(make_folders(folder / "a/b/c"));

  CHECK(file::create(folder / "a/b/c/file"));
  CHECK(make_folders(folder / "a/b/c/file").error() == file_error::not_regular);
}

TEST_CASE(
    "a renamed folder is whole under its new name and gone under the old") {
  const scratch_folder folder;
  make_folders(folder / "building").value();
  make_file(folder, "building/data", 64);

  REQUIRE(rename_folder(folder / "building", folder / "shop"));

  CHECK(file::open(folder / "shop/data", access::read_only));
  CHECK(list_folder(folder / "building").error() == file_error::not_found);
}

TEST_CASE("a folder is never renamed over one that holds something") {
  const scratch_folder folder;
  make_folders(folder / "second").value();
  make_folders(folder / "shop").value();
  make_file(folder, "shop/data", 64);

  CHECK(rename_folder(folder / "second", folder / "shop").error() ==
        file_error::exists);
  CHECK(file::open(folder / "shop/data", access::read_only));
}

TEST_CASE("a folder may be renamed over an empty one") {
  const scratch_folder folder;
  make_folders(folder / "second").value();
  make_file(folder, "second/data", 64);
  make_folders(folder / "shop").value();

  REQUIRE(rename_folder(folder / "second", folder / "shop"));
  CHECK(file::open(folder / "shop/data", access::read_only));
}

TEST_CASE("a folder lists the names in it") {
  const scratch_folder folder;
  make_file(folder, "one", 1);
  make_folders(folder / "two").value();

  auto names = list_folder(folder.path()).value();

  std::ranges::sort(names);
  CHECK(names == std::vector<std::string>{"one", "two"});
}

TEST_CASE(
    "remove takes a file or an empty folder, and says when there is none") {
  const scratch_folder folder;
  make_folders(folder / "full").value();
  const auto path = make_file(folder, "full/data", 1);

  CHECK(remove(folder / "full").error() == file_error::exists);
  CHECK(remove(path));
  CHECK(remove(folder / "full"));
  CHECK(remove(path).error() == file_error::not_found);
}

TEST_CASE("the file system tells how much is free") {
  const scratch_folder folder;
  CHECK(free_space(folder.path()).value() > 0);
  CHECK(free_space(folder / "missing").error() == file_error::not_found);
}

TEST_CASE("there is a folder for segments") {
  CHECK_FALSE(default_segment_folder().empty());
}
