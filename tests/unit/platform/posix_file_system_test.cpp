#include "scratch.hpp"
#include <commy/platform/posix/file_system_magic.hpp>

#include <catch2/catch_test_macros.hpp>

#include <fcntl.h>
#include <unistd.h>

using namespace commy::platform;

TEST_CASE("file systems are told apart by the kernel's numbers") {
  using detail::kind_of_magic;
  CHECK(kind_of_magic(0x0102'1994) == file_system::memory);   // tmpfs
  CHECK(kind_of_magic(0x0000'ef53) == file_system::disk);     // ext4
  CHECK(kind_of_magic(0x9123'683e) == file_system::disk);     // btrfs
  CHECK(kind_of_magic(0x794c'7630) == file_system::disk);     // overlayfs
  CHECK(kind_of_magic(0x0000'6969) == file_system::network);  // NFS
  CHECK(kind_of_magic(0xff53'4d42) == file_system::network);  // CIFS
  CHECK(kind_of_magic(0x6573'5546) == file_system::network);  // FUSE
  CHECK(kind_of_magic(0) == file_system::disk);
  CHECK(describe(file_system::network) == "network");
}

TEST_CASE("what lies in /dev/shm lies in memory") {
  CHECK(file_system_of("/dev/shm").value() == file_system::memory);
  CHECK(file_system_of("/nowhere").error() == file_error::not_found);
  const scratch_folder folder;
  CHECK(file_system_of(folder / ".").value() != file_system::network);
}

TEST_CASE("a file without a name is shared by what reopens it") {
  auto one = file::create_anonymous("commy test").value();
  one.allocate(4096).value();
  const std::byte put[]{std::byte{7}};
  one.write_at(9, put).value();

  const auto other = file::reopen(one.native(), access::read_only).value();
  CHECK(other.native() != one.native());
  std::byte got[1]{};
  other.read_at(9, got).value();
  CHECK(got[0] == std::byte{7});
  CHECK_FALSE(one.cannot_shrink());
  one.forbid_shrinking().value();
  CHECK(other.cannot_shrink());
  CHECK_FALSE(one.cut(10));
  CHECK(one.allocate(8192));
  CHECK(one.sync());
}

TEST_CASE("only a regular file is reopened") {
  CHECK(file::reopen(-1, access::read_only).error() == file_error::io);
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  CHECK(file::reopen(ends[0], access::read_only).error() ==
        file_error::not_regular);
  ::close(ends[0]);
  ::close(ends[1]);
}
