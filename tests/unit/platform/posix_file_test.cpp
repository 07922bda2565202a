#include "posix_fork.hpp"
#include "scratch.hpp"
#include <commy/platform/file.hpp>

#include <catch2/catch_test_macros.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>

using namespace commy::platform;

namespace {

int mode_of(const std::string& path) {
  struct stat about{};
  return ::lstat(path.c_str(), &about) == 0
             ? static_cast<int>(about.st_mode & 07777U)
             : -1;
}

}  // namespace

TEST_CASE("files and folders are made for this user alone") {
  const scratch_folder folder;
  make_file(folder, "data", 64);
  make_folders(folder / "a/b").value();

  CHECK(mode_of(folder / "data") == 0600);
  CHECK(mode_of(folder / "a") == 0700);
  CHECK(mode_of(folder / "a/b") == 0700);
}

TEST_CASE("no link is followed and no FIFO waited for") {
  const scratch_folder folder;
  std::filesystem::create_symlink(make_file(folder, "data", 64),
                                  folder / "link");
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);

  for (const auto mode : {access::read_only, access::read_write}) {
    CHECK(file::open(folder / "link", mode).error() == file_error::not_regular);
    CHECK(file::open(folder / "fifo", mode).error() == file_error::not_regular);
  }
  CHECK(file::create(folder / "link").error() == file_error::exists);
}

TEST_CASE("a name longer than the system allows is called that") {
  const scratch_folder folder;
  CHECK(file::create(folder / std::string(300, 'n')).error() ==
        file_error::name_too_long);
}

TEST_CASE("no descriptor is handed to a program we start") {
  const scratch_folder folder;
  const auto path = make_file(folder, "data", 64);
  const auto one = file::open(path, access::read_only).value();

  const auto flags = ::fcntl(static_cast<int>(one.native()), F_GETFD);

  CHECK((flags & FD_CLOEXEC) != 0);
}

TEST_CASE("another user is refused, and is told so") {
  const scratch_folder folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms{0755});
  const auto path = make_file(folder, "data", 64);

  const int refused = as_nobody([&] {
    const bool both =
        file::open(path, access::read_only).error() ==
            file_error::no_permission &&
        make_folders(folder / "new").error() == file_error::no_permission;
    return both ? 0 : 1;
  });

  if (refused == -2) SKIP("only root can become another user");
  CHECK(refused == 0);
}

TEST_CASE("a folder another user has put in a public place is not used") {
  const scratch_folder folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms{01777});
  const auto place = folder / "commy-0";
  const int planted =
      as_nobody([&] { return ::mkdir(place.c_str(), 0777) == 0 ? 0 : 1; });
  if (planted == -2) SKIP("only root can become another user");
  REQUIRE(planted == 0);

  const auto made = make_folders(place);

  REQUIRE_FALSE(made);
  CHECK(made.error() == file_error::no_permission);
  CHECK(made.error().message().find("belongs to another user") !=
        std::string::npos);
}
