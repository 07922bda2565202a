#include "posix_fork.hpp"
#include "scratch.hpp"
#include <commy/platform/mapping.hpp>

#include <catch2/catch_test_macros.hpp>

#include <sched.h>
#include <sys/mount.h>

#include <cstring>

using namespace commy::platform;

namespace {

constexpr int cannot_mount = 77;

/// Runs `act` in a child that sees a tmpfs of 1 MiB at `path`.
template <class Act>
int on_small_tmpfs(const std::string& path, Act act) {
  return in_forked_child([&] {
    // As root, or as somebody who may be root in a namespace of his own.
    if (::unshare(CLONE_NEWNS) != 0 &&
        ::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
      return cannot_mount;
    }
    ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    if (::mount("none", path.c_str(), "tmpfs", 0, "size=1m") != 0) {
      return cannot_mount;
    }
    return act();
  });
}

}  // namespace

TEST_CASE("a full file system is an error, and the file stays as it was") {
  const scratch_folder folder;

  const int step = on_small_tmpfs(folder.path(), [&] {
    auto source = file::create(folder / "data").value();
    const auto map =
        mapping::map(source, 1U << 30U, access::read_write).value();
    if (!source.allocate(512 << 10U)) return 1;
    std::memset(map.data(), 7, 512 << 10U);
    const auto refused = source.allocate(2 << 20U);
    if (refused || refused.error().code() != file_error::no_space) return 2;
    if (source.size().value() != 512 << 10U) return 3;
    // What was there is there, and what is left can still be had.
    if (map.data()[(512 << 10U) - 1] != std::byte{7}) return 4;
    if (!source.allocate(768 << 10U)) return 5;
    std::memset(map.data(), 8, 768 << 10U);
    const auto again = source.allocate(std::uint64_t{1} << 40U);
    if (again || again.error().code() != file_error::no_space) return 6;
    return 0;
  });

  if (step == cannot_mount) SKIP("this user may not mount a small tmpfs");
  CHECK(step == 0);
}

TEST_CASE("a full file system takes no folder and no file either") {
  const scratch_folder folder;

  const int step = on_small_tmpfs(folder.path(), [&] {
    auto fill = file::create(folder / "fill").value();
    for (std::uint64_t bytes = 4096; fill.allocate(bytes); bytes += 4096) {
    }
    auto next = file::create(folder / "next");
    const bool refused =
        next ? next->allocate(4096).error() == file_error::no_space
             : next.error() == file_error::no_space;
    return refused && free_space(folder.path()).value() < 4096 ? 0 : 1;
  });

  if (step == cannot_mount) SKIP("this user may not mount a small tmpfs");
  CHECK(step == 0);
}
