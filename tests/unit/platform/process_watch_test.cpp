#include "child.hpp"
#include <commy/platform/process_watch.hpp>

#include <catch2/catch_test_macros.hpp>

#include <sstream>
#include <string>
#include <thread>

using namespace commy::platform;
using namespace std::chrono_literals;
using kind = exit_status::kind;

namespace {

/// The end with this key; fails the test when none comes for a long time.
process_end end_of(process_watch& watch, std::uint64_t key) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < until) {
    for (const auto& end : watch.wait(patience)) {
      if (end.key == key) return end;
    }
  }
  FAIL("no end was told");
  return {};
}

/// Who the child says it is, as it says it to others.
process_identity identity_of(playing_child& child) {
  std::string line;
  while (line.empty() || line.back() != '\n') {
    const auto next = child.next();
    REQUIRE_FALSE(next.empty());
    line += next;
  }
  process_identity who;
  std::istringstream{line} >> who.pid >> who.started;
  return who;
}

}  // namespace

TEST_CASE("a killed process's end is told with its signal") {
  auto child = play({"identify"});
  const auto who = identity_of(child);
  REQUIRE(who.pid == child.process.pid());
  process_watch watch;
  REQUIRE(watch.add(17, who));
  CHECK(watch.wait(0ns).empty());
  child.process.kill();
  const auto end = end_of(watch, 17);
  CHECK(end.how.how == kind::killed);
  // Once is all.
  CHECK(watch.wait(0ns).empty());
}

TEST_CASE("an end is told with its code, waited for or not") {
  for (const bool waited_for : {false, true}) {
    auto child = play({"identify"});
    const auto who = identity_of(child);
    process_watch watch;
    REQUIRE(watch.add(1, who));
    child.process.terminate();
    if (waited_for) {
      REQUIRE(child.process.wait_for(patience));
    } else {
      child.process.await_end();
    }
    const auto end = end_of(watch, 1);
    // Once somebody has waited for it, older systems do not know.
    if (!waited_for || end.how.how != kind::unknown) {
      CHECK(end.how == exit_status{kind::exited, 3});
    }
  }
}

TEST_CASE("a pid that means another process is not watched") {
  auto child = play({"identify"});
  auto who = identity_of(child);
  process_watch watch;
  ++who.started;
  CHECK_FALSE(watch.add(1, who));
  who.started = 0;
  CHECK_FALSE(watch.add(1, who));
  CHECK_FALSE(watch.add(1, {}));
}

TEST_CASE("what is not watched any more is not told") {
  auto child = play({"identify"});
  auto other = play({"identify"});
  process_watch watch;
  REQUIRE(watch.add(1, identity_of(child)));
  REQUIRE(watch.add(2, identity_of(other)));
  watch.remove(1);
  child.process.kill();
  REQUIRE(child.process.wait_for(patience));
  CHECK(watch.wait(0ns).empty());
  other.process.kill();
  CHECK(end_of(watch, 2).key == 2);
}

TEST_CASE("a wait for ends can be ended, and sees who is added meanwhile") {
  auto child = play({"identify"});
  const auto who = identity_of(child);
  process_watch watch;
  watch.interrupt();
  CHECK(watch.wait(24h).empty());
  std::thread later{[&] {
    if (watch.add(5, who)) child.process.kill();
  }};
  CHECK(end_of(watch, 5).key == 5);
  later.join();
}
