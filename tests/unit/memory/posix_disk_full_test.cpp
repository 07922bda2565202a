// A file system that is full: a real one, of one megabyte.
#include <catch2/catch_test_macros.hpp>

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <support/block_trace.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;

namespace {

constexpr int cannot_mount = 77;

/// Runs `act` in a child that sees a tmpfs of some kilobytes at `path`.
template <class Act>
int on_small_tmpfs(const std::string& path, const char* size, Act act) {
  const auto child = ::fork();
  if (child == 0) {
    // As root, or as somebody who may be root in a namespace of his own.
    if (::unshare(CLONE_NEWNS) != 0 &&
        ::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
      ::_exit(cannot_mount);
    }
    ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    if (::mount("none", path.c_str(), "tmpfs", 0, size) != 0) {
      ::_exit(cannot_mount);
    }
    try {
      ::_exit(act());
    } catch (const std::exception& what) {
      std::cerr << what.what() << '\n';
      ::_exit(1);
    }
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/// Sizes of a segment that begins below and would end far above a megabyte.
memory::geometry middling() {
  auto sizes = small_geometry();
  sizes.capacity = 256ULL * sizes.chunk_bytes;
  return sizes;
}

}  // namespace

TEST_CASE("a full file system is an error, and the data stays as it was") {
  const test_folder folder;
  const auto sizes = middling();

  const int step = on_small_tmpfs(folder.path(), "size=1m", [&] {
    auto w = shared_world::open_or_create("s", in_folder(folder, &sizes));
    model_world model;
    const std::string text(3000, 'x');
    int refused = 0;
    for (int i = 0; i < 1000 && refused < 5; ++i) {
      const auto done = w.texts.insert(i, text);
      if (done) {
        model.texts.insert(i, text);
      } else if (done.error() == write_error::disk_full) {
        ++refused;
      } else {
        return 2;
      }
    }
    if (refused != 5) return 3;
    if (must(read_world(w.home.engine(), w.where())) != model) return 4;
    if (!trace_blocks(w.home.engine()->img()).problems.empty()) return 5;
    // A value that is larger than what is left, as part of something larger.
    const auto together = transact(w.texts, w.queue, [&](transaction&) {
      must(w.texts.erase(0));
      must(w.queue.push_back({1, 1}));
      must(w.texts.insert(2000, std::string(50'000, 'y')));
    });
    if (together || together.error() != write_error::disk_full) return 6;
    if (must(read_world(w.home.engine(), w.where())) != model) return 7;
    // What is given back can be had again.
    must(w.texts.erase(0));
    must(w.text.assign(text));
    return 0;
  });

  if (step == cannot_mount) SKIP("this user may not mount a small tmpfs");
  CHECK(step == 0);
}

TEST_CASE("a segment that does not fit is not created, and leaves nothing") {
  const test_folder folder;

  const int step = on_small_tmpfs(folder.path(), "size=64k", [&] {
    const auto refused = segment::create("s", in_folder(folder));
    if (refused) return 2;
    if (refused.error() != segment_error::no_space) {
      std::cerr << refused.error().message() << '\n';
      return 3;
    }
    return std::filesystem::is_empty(folder.path()) ? 0 : 4;
  });

  if (step == cannot_mount) SKIP("this user may not mount a small tmpfs");
  CHECK(step == 0);
}

TEST_CASE("a file system may be full at any step, and work goes on with room") {
  const test_folder folder;
  const auto sizes = middling();
  // From what refuses to make a segment at all to what holds some chunks, in
  // steps of one page: the world's files end at each byte that growth asks for.
  int made = 0;
  for (int kib = 100; kib < 420; kib += 4) {
    CAPTURE(kib);
    const auto limit = "size=" + std::to_string(kib) + "k";
    const int step = on_small_tmpfs(folder.path(), limit.c_str(), [&] {
      const auto options = in_folder(folder, &sizes);
      auto home = segment::create("s", options);
      if (!home) return home.error() == segment_error::no_space ? 100 : 2;
      auto map = home->open_or_create<shared_hash_map<int, shared_string>>("m");
      if (!map) return map.error() == open_error::no_space ? 100 : 3;
      std::uint64_t inserted = 0;
      const std::string text(900, 'x');
      for (int i = 0;; ++i) {
        const auto done = map->insert(i, text);
        if (!done) {
          if (done.error() != write_error::disk_full) return 4;
          break;
        }
        ++inserted;
      }
      // A second attachment needs a lane, hence at times a longer control file.
      const auto other = segment::open("s", options);
      if (!other && other.error() != segment_error::no_space &&
          other.error() != segment_error::no_lane) {
        return 5;
      }
      if (map->size().value() != inserted) return 6;
      if (!trace_blocks(home->engine()->img()).problems.empty()) return 7;
      // Room again: the same handles go on.
      if (::mount(nullptr, folder.path().c_str(), nullptr, MS_REMOUNT,
                  "size=4m") != 0) {
        return cannot_mount;
      }
      for (int i = 10'000; i < 10'050; ++i)
        must(map->insert(i, text));
      must(segment::open("s", options));
      return trace_blocks(home->engine()->img()).problems.empty() ? 0 : 8;
    });
    if (step == cannot_mount) SKIP("this user may not mount a small tmpfs");
    if (step != 100) CHECK(step == 0);
    made += step == 0 ? 1 : 0;
  }
  CHECK(made > 40);
}
