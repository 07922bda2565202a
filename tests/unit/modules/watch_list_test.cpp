#include "modules/heartbeat/watch_list.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdint>
#include <set>
#include <vector>

namespace {

using namespace std::chrono_literals;
using commy::participant_event;
using commy::participant_info;
using commy::participant_report;
using commy::heartbeat::watch_list;
using kind = participant_event::kind;
using state = participant_report::state_kind;

constexpr std::uint64_t second = 1'000'000'000;
const std::set<std::uint32_t> nobody;

participant_info info(std::uint32_t slot, std::uint64_t generation,
                      std::uint64_t beat_ns, bool alive = true) {
  return {.slot = slot,
          .generation = generation,
          .pid = 1000 + slot,
          .name = "p" + std::to_string(slot),
          .alive = alive,
          .heartbeat_ns = beat_ns};
}

std::vector<kind> kinds(const std::vector<participant_event>& events) {
  std::vector<kind> all;
  for (const auto& e : events)
    all.push_back(e.what);
  return all;
}

}  // namespace

TEST_CASE("who appears among the participants is attached, once") {
  watch_list list{"demo/pulse", 1s};
  const std::vector seen{info(1, 1, 10 * second)};

  const auto first = list.look(seen, 10 * second, nobody);
  const auto second_look = list.look(seen, 10 * second + 1, nobody);

  CHECK(kinds(first) == std::vector{kind::attached});
  CHECK(first[0].segment == "demo/pulse");
  CHECK(first[0].pid == 1001);
  CHECK(second_look.empty());
}

TEST_CASE("who stops beating is slow, never dead, and comes back") {
  watch_list list{"demo/pulse", 1s};
  std::vector seen{info(1, 1, 10 * second)};
  static_cast<void>(list.look(seen, 10 * second, nobody));

  CHECK(list.look(seen, 11 * second, nobody).empty());
  CHECK(kinds(list.look(seen, 11 * second + 1, nobody)) ==
        std::vector{kind::slow});
  CHECK(list.look(seen, 3'000 * second, nobody).empty());
  CHECK(list.reports(3'000 * second)[0].state == state::slow);
  seen[0].heartbeat_ns = 3'001 * second;
  CHECK(kinds(list.look(seen, 3'001 * second, nobody)) ==
        std::vector{kind::back});
}

TEST_CASE("who has never beaten is not slow") {
  watch_list list{"demo/pulse", 1s};
  const std::vector seen{info(1, 1, 0)};
  static_cast<void>(list.look(seen, second, nobody));

  CHECK(list.look(seen, 100 * second, nobody).empty());
  CHECK_FALSE(list.reports(100 * second)[0].beats);
}

TEST_CASE("a beat that lies in the future is no reason to be slow") {
  watch_list list{"demo/pulse", 1s};
  const std::vector seen{info(1, 1, ~std::uint64_t{0})};

  CHECK(kinds(list.look(seen, second, nobody)) == std::vector{kind::attached});
  CHECK(list.look(seen, 2 * second, nobody).empty());
  CHECK(list.reports(2 * second)[0].age == 0ns);
}

TEST_CASE("whom the kernel calls dead is dead, whatever its last beat") {
  watch_list list{"demo/pulse", 1s};
  std::vector seen{info(1, 1, 10 * second)};
  static_cast<void>(list.look(seen, 10 * second, nobody));
  seen[0].alive = false;

  CHECK(kinds(list.look(seen, 10 * second + 1, nobody)) ==
        std::vector{kind::dead});
  // It stays in its slot until the sweep is done.
  CHECK(list.look(seen, 10 * second + 2, nobody).empty());
  CHECK(list.look({}, 10 * second + 3, nobody).empty());
  CHECK(list.reports(11 * second)[0].state == state::dead);
}

TEST_CASE("who gives up its slot has left, once the next look confirms it") {
  watch_list list{"demo/pulse", 1s};
  static_cast<void>(list.look(std::vector{info(1, 1, second)}, second, nobody));

  CHECK(list.look({}, 2 * second, nobody).empty());
  CHECK(kinds(list.look({}, 2 * second + 1, nobody)) ==
        std::vector{kind::detached});
}

TEST_CASE("whom another participant swept first is still known to be dead") {
  watch_list list{"demo/pulse", 1s};
  const std::vector seen{info(1, 1, second), info(2, 1, second)};
  static_cast<void>(list.look(seen, second, nobody));

  SECTION("its end is known at the first look") {
    CHECK(kinds(list.look({}, 2 * second, {1001, 1002})) ==
          std::vector{kind::dead, kind::dead});
  }
  SECTION("its end is known one look later") {
    CHECK(list.look({}, 2 * second, nobody).empty());
    CHECK(kinds(list.look({}, 2 * second + 1, {1001})) ==
          std::vector{kind::dead, kind::detached});
  }
}

TEST_CASE("a new holder of a slot is told from the old one") {
  watch_list list{"demo/pulse", 1s};
  static_cast<void>(list.look(std::vector{info(1, 1, second)}, second, nobody));

  const auto news =
      list.look(std::vector{info(1, 3, second)}, 2 * second, {1001});

  CHECK(kinds(news) == std::vector{kind::dead, kind::attached});
}

TEST_CASE("who died before the first look is told once") {
  watch_list list{"demo/pulse", 1s};
  const std::vector seen{info(1, 1, second, false)};

  CHECK(kinds(list.look(seen, second, nobody)) ==
        std::vector{kind::attached, kind::dead});
  CHECK(list.look(seen, second + 1, nobody).empty());
}

TEST_CASE("those who ended are shown for ten seconds, and at most 64 of them") {
  watch_list list{"demo/pulse", 1s};
  for (std::uint64_t i = 1; i <= 200; ++i) {
    static_cast<void>(
        list.look(std::vector{info(1, i, second, false)}, second, nobody));
  }
  CHECK(list.reports(second).size() == 64);

  static_cast<void>(list.look({}, 12 * second, nobody));

  CHECK(list.reports(12 * second).empty());
}
