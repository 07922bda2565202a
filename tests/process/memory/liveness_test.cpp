// Who is dead and who only looks so: namespaces, forks, programs, stops.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <string>
#include <support/block_trace.hpp>
#include <support/forked.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

/// A pipe that children read from until the test ends.
class gate {
public:
  gate() { REQUIRE(::pipe2(ends_, O_CLOEXEC) == 0); }
  gate(const gate&) = delete;
  gate& operator=(const gate&) = delete;
  ~gate() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  [[nodiscard]] int reading_end() const { return ends_[0]; }
  /// In a child, and in none of its parents but the test.
  void wait_in_child() const {
    ::close(ends_[1]);
    char letter = 0;
    while (::read(ends_[0], &letter, 1) > 0) {
    }
  }

private:
  int ends_[2];
};

template <class Work>
bool is_detached(Work&& work) {
  try {
    return work().error() == write_error::detached;
  } catch (const memory::write_failed& failed) {
    return failed.why.code() == write_error::detached;
  }
}

/// Forks a child that tries its inherited handles, says 'c' when all of them
/// answer that they are detached, else 'x', and lives until the test ends.
void leave_child(shared_world& w, const forked::teller& tell, const gate& end) {
  if (::fork() != 0) return;
  const bool refused =
      w.box.get().error() == read_error::detached &&
      is_detached([&] { return w.box.set({}); }) &&
      is_detached([&] { return w.texts.insert(77, "child"); }) &&
      w.home.allocate(64).error() == loan_error::detached;
  tell.say(refused ? 'c' : 'x');
  end.wait_in_child();
  ::_exit(0);
}

/// A process that forks in the state that `reach(world, fork)` brings about.
template <class Reach>
forked forker(const segment_options& options, const gate& end, Reach reach) {
  return forked{[=, &end](const forked::teller& tell) {
    auto w = shared_world::open_or_create("s", options);
    reach(w, [&] {
      leave_child(w, tell, end);
      // Until it is killed, or continued.
      ::raise(SIGSTOP);
    });
    must(w.texts.insert(5, "the parent goes on"));
    tell.say('D');
    return 0;
  }};
}

template <class Reach>
void require_parent_rules(Reach reach) {
  const test_folder folder;
  const auto options = in_folder(folder);
  auto w = shared_world::open_or_create("s", options);
  must(w.texts.insert(1, "old"));
  const gate end;
  // The parent is unharmed.
  auto goes_on = forker(options, end, reach);
  CHECK(goes_on.next() == 'c');
  goes_on.wait_stopped();
  CHECK(w.home.participants().size() == 2);
  CHECK(w.home.sweep() == 0);
  goes_on.signal(SIGCONT);
  CHECK(goes_on.next() == 'D');
  CHECK(goes_on.wait() == 0);
  CHECK(must(w.texts.get(5)) == "the parent goes on");
  CHECK(w.home.participants().size() == 1);

  // The child's life is not its parent's.
  auto dies = forker(options, end, reach);
  CHECK(dies.next() == 'c');
  dies.kill();
  must(w.box.set({4, 4, "after"}));
  must(w.texts.insert_or_assign(1, "new"));
  w.home.sweep();
  CHECK(w.home.participants().size() == 1);
  CHECK(trace_blocks(w.home.engine()->img()).text() == "");
}

}  // namespace

TEST_CASE("a child forked while idle is nobody, and its parent's death shows") {
  require_parent_rules([](shared_world& /*w*/, auto fork) { fork(); });
}

TEST_CASE("a child forked inside a transaction is nobody") {
  require_parent_rules([](shared_world& w, auto fork) {
    must(transact(w.texts, w.box, [&](transaction&) {
      must(w.texts.insert_or_assign(1, std::string(100, 'p')));
      must(w.box.set({9, 9, "parent"}));
      fork();
    }));
  });
}

TEST_CASE("a child forked under a guard is nobody") {
  require_parent_rules([](shared_world& w, auto fork) {
    const auto held = must(w.texts.read());
    fork();
  });
}

TEST_CASE("a child forked inside an update is nobody") {
  require_parent_rules([](shared_world& w, auto fork) {
    must(w.box.update([&](point& p) {
      p.y += 1;
      fork();
    }));
  });
}

TEST_CASE("a child forked beside bare blocks is nobody") {
  require_parent_rules([](shared_world& w, auto fork) {
    for (int i = 0; i < 500; ++i)
      must(w.home.allocate(64));
    fork();
  });
}

TEST_CASE("a program started by a holder does not keep it alive") {
  const test_folder folder;
  const auto options = in_folder(folder);
  auto w = shared_world::open_or_create("s", options);
  const gate end;
  auto dying = forked{[&](const forked::teller& tell) {
    auto own = shared_world::open_or_create("s", options);
    must(transact(own.texts, own.box, [&](transaction&) {
      must(own.box.set({9, 9, "starter"}));
      // cat lives as long as its input.
      posix_spawn_file_actions_t files;
      ::posix_spawn_file_actions_init(&files);
      ::posix_spawn_file_actions_adddup2(&files, end.reading_end(), 0);
      std::string program = "cat";
      char* const words[] = {program.data(), nullptr};
      pid_t started = 0;
      tell.say(
          ::posix_spawnp(&started, "cat", &files, nullptr, words, environ) == 0
              ? 'S'
              : 'x');
      ::raise(SIGSTOP);
    }));
    return 0;
  }};
  REQUIRE(dying.next() == 'S');

  dying.kill();

  must(w.box.set({4, 4, "after"}));
  CHECK(w.home.participants().size() == 1);
}

TEST_CASE("a guard holder that is stopped is not robbed, and goes on") {
  const test_folder folder;
  const auto options = in_folder(folder);
  auto w = shared_world::open_or_create("s", options);
  must(w.texts.insert(1, "old"));
  auto others = options;
  others.participant = "the stopped reader";
  auto reader = forked{[&](const forked::teller& tell) {
    auto own = shared_world::open_or_create("s", others);
    {
      const auto held = must(own.texts.read());
      tell.say('G');
      ::raise(SIGSTOP);
      for (const auto& [key, text] : held)
        tell.say(text == "old" ? 'o' : 'x');
    }
    tell.say('D');
    return 0;
  }};
  REQUIRE(reader.next() == 'G');
  reader.wait_stopped();
  w.set_patience(200ms);

  const auto refused = w.texts.insert_or_assign(1, "new");

  REQUIRE_FALSE(refused);
  CHECK(refused.error() == write_error::guard_timeout);
  CHECK_THAT(refused.error().message(),
             ContainsSubstring("the stopped reader"));
  CHECK(w.home.sweep() == 0);
  reader.signal(SIGCONT);
  CHECK(reader.next() == 'o');
  CHECK(reader.next() == 'D');
  w.set_patience(60s);
  must(w.texts.insert_or_assign(1, "new"));
}

TEST_CASE("two PID namespaces share a segment, and know their dead") {
  const test_folder folder;
  const auto options = in_folder(folder);
  auto w = shared_world::open_or_create("s", options);
  // The inner one's pid as seen from here; its parent is told.
  auto* const inner = static_cast<std::atomic<pid_t>*>(
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
             -1, 0));
  REQUIRE(inner != MAP_FAILED);
  auto outer = forked{[&](const forked::teller& tell) {
    if (::unshare(CLONE_NEWPID) != 0 &&
        ::unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) {
      tell.say('n');
      return 0;
    }
    const auto made = ::fork();
    if (made == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      auto own = shared_world::open_or_create("s", options);
      must(transact(own.texts, own.box, [&](transaction&) {
        must(own.box.set({9, 9, "inner"}));
        tell.say(::getpid() == 1 ? 'L' : 'x');
        for (;;)
          ::pause();
      }));
    }
    inner->store(made);
    int status = 0;
    ::waitpid(made, &status, 0);
    return 0;
  }};
  const auto said = outer.next();
  if (said == 'n') SKIP("this user may not make a PID namespace");
  REQUIRE(said == 'L');
  REQUIRE(eventually([&] { return inner->load() != 0; }));
  // Its pid is that of another process here, yet it is not taken for dead.
  w.set_patience(200ms);
  CHECK(w.box.set({}).error() == write_error::lock_timeout);
  CHECK(w.home.sweep() == 0);
  CHECK(w.home.participants().size() == 2);

  ::kill(inner->load(), SIGKILL);

  w.set_patience(60s);
  must(w.box.update([](point& p) { p.y += 1; }));
  CHECK(must(w.box.get()) == point{0, 1, ""});
  CHECK(outer.wait() == 0);
  CHECK(w.home.participants().size() == 1);
  ::munmap(static_cast<void*>(inner), 4096);
}
