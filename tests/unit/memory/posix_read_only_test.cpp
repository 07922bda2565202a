// The mapping of a read-only opener, and a forked child's lack of one.
#include <catch2/catch_test_macros.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;

namespace {

/// What becomes of a forked child that runs `act`: its exit code, or minus the
/// signal that ended it.
template <class Act>
int in_child(Act act) {
  const auto child = ::fork();
  if (child == 0) {
    // The test program's own handlers would report a failed test.
    ::signal(SIGSEGV, SIG_DFL);
    ::signal(SIGBUS, SIG_DFL);
    ::_exit(act());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace

TEST_CASE("the bytes of a segment opened for reading cannot be written") {
  const test_folder folder;
  const auto options = in_folder(folder);
  must(segment::create("s", options));

  CHECK(in_child([&] {
          auto home = must(segment::open_read_only("s", options));
          home.engine()->img().header().poisoned.store(1);
          return 0;
        }) == -SIGSEGV);
  CHECK(in_child([&] {
          auto home = must(segment::open_read_only("s", options));
          home.engine()->img().control().lane_steps.store(1);
          return 0;
        }) == -SIGSEGV);
  CHECK(must(segment::open("s", options)).writable());
}

TEST_CASE("a forked child has no attachment, and is told so") {
  const test_folder folder;
  const auto options = in_folder(folder);
  auto w = shared_world::open_or_create("s", options);
  must(w.texts.insert(1, "one"));

  const int step = in_child([&] {
    if (w.texts.insert(2, "two").error() != write_error::detached) return 1;
    if (w.texts.get(1).error() != read_error::detached) return 2;
    if (w.texts.read().error() != read_error::detached) return 3;
    if (w.queue.size().error() != read_error::detached) return 4;
    if (w.box.get().error() != read_error::detached) return 5;
    if (w.box.set({}).error() != write_error::detached) return 6;
    if (transact(w.box, [](transaction&) {}).error() != write_error::detached) {
      return 7;
    }
    // It attaches anew, as a participant of its own.
    auto own = shared_world::open_or_create("s", options);
    must(own.texts.insert(2, "two"));
    return must(own.texts.get(1)) == "one" ? 0 : 8;
  });

  CHECK(step == 0);
  CHECK(must(w.texts.get(2)) == "two");
  CHECK(w.home.participants().size() == 1);
}

TEST_CASE("a forked child may drop what it inherited") {
  const test_folder folder;
  const auto options = in_folder(folder);
  auto w = std::make_unique<shared_world>(
      shared_world::open_or_create("s", options));
  must(w->texts.insert(1, "one"));

  CHECK(in_child([&] {
          w.reset();
          return 0;
        }) == 0);
  // Also in the middle of a transaction and under a guard.
  const auto held = must(w->texts.read());
  CHECK(must(transact(w->box, [&](transaction&) {
          must(w->box.set({1, 1, "x"}));
          return in_child([&] { return w->box.set({}) ? 1 : 0; });
        })) == 0);

  CHECK(must(w->box.get()) == point{1, 1, "x"});
  CHECK(w->home.participants().size() == 1);
}

TEST_CASE("a forked child leaves an open transaction without harm") {
  const test_folder folder;
  auto w = shared_world::open_or_create("s", in_folder(folder));
  struct leave {};

  for (const bool throws : {true, false}) {
    pid_t child = -1;
    try {
      must(transact(w.box, w.texts, [&](transaction&) {
        must(w.box.set({1, 1, "x"}));
        child = ::fork();
        if (child == 0) {
          ::signal(SIGSEGV, SIG_DFL);
          if (throws) throw leave{};
        }
      }));
    } catch (const leave&) {  // NOLINT(bugprone-empty-catch)
    }
    if (child == 0) ::_exit(0);
    int status = -1;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
  }

  CHECK(must(w.box.get()) == point{1, 1, "x"});
  CHECK(w.home.participants().size() == 1);
}
