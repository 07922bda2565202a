#include "child.hpp"
#include "scratch.hpp"
#include <commy/platform/liveness.hpp>

#include <catch2/catch_test_macros.hpp>

#include <sstream>

using namespace commy::platform;

namespace {

/// What a child in the role `hold_slot` says of itself.
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

bool becomes_dead(const liveness& live, std::uint32_t slot,
                  process_identity who) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (live.is_alive(slot, who)) {
    if (std::chrono::steady_clock::now() > end) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("a slot is alive as long as its process, and free after it") {
  const scratch_folder folder;
  const auto path = make_file(folder, "control", 4096);
  auto live = liveness::open(path).value();
  auto child = play({"hold_slot", path, "5"});
  REQUIRE(child.next() == "+");
  const auto who = identity_of(child);
  CHECK(who.pid == child.process.pid());
  CHECK(live.is_alive(5, who));

  child.process.kill();

  REQUIRE(child.process.wait_for(patience));
  CHECK(becomes_dead(live, 5, who));
  CHECK(live.try_claim(5));
}

TEST_CASE("a process that is only slow is alive") {
  const scratch_folder folder;
  const auto path = make_file(folder, "control", 4096);
  const auto live = liveness::open(path).value();
  auto child = play({"hold_slot", path, "0"});
  REQUIRE(child.next() == "+");
  const auto who = identity_of(child);

  // It does nothing but wait; no heartbeat is asked for.
  for (int i = 0; i < 100; ++i)
    REQUIRE(live.is_alive(0, who));
}

TEST_CASE("the growth lock passes on when its holder dies") {
  const scratch_folder folder;
  const auto path = make_file(folder, "control", 4096);
  auto live = liveness::open(path).value();
  auto child = play({"hold_growth", path});
  REQUIRE(child.next() == "+");
  REQUIRE_FALSE(live.lock_growth(10));

  child.process.kill();

  REQUIRE(live.lock_growth(30'000));
  live.unlock_growth();
  CHECK(live.lock_growth(0));
}

TEST_CASE("a process knows itself, and always the same") {
  const auto first = this_process();
  const auto second = this_process();

  CHECK(first.pid != 0);
  CHECK(first.started != 0);
  CHECK(first.pid == second.pid);
  CHECK(first.started == second.started);
}

TEST_CASE("the boot has one identity") {
  CHECK(boot_id() == boot_id());
  CHECK(boot_id() != std::array<std::uint64_t, 2>{});
}

TEST_CASE("random numbers differ") { CHECK(random_u64() != random_u64()); }
