#include "child.hpp"
#include "ping_pong.hpp"
#include "scratch.hpp"
#include <commy/platform/wake.hpp>

#include <catch2/catch_test_macros.hpp>

#include <thread>

using namespace commy::platform;
using namespace std::chrono_literals;

TEST_CASE("park returns at once when the word has changed") {
  parking_lot lot{1};
  const std::atomic<std::uint32_t> word{8};
  const auto start = std::chrono::steady_clock::now();

  lot.park(0, word, 7, patience);

  CHECK(std::chrono::steady_clock::now() - start < patience / 2);
}

TEST_CASE("park ends at its deadline") {
  parking_lot lot{2};
  const std::atomic<std::uint32_t> word{7};
  const auto start = std::chrono::steady_clock::now();
  const auto end = start + 20ms;

  while (std::chrono::steady_clock::now() < end) {
    lot.park(0, word, 7, end - std::chrono::steady_clock::now());
  }

  CHECK(std::chrono::steady_clock::now() - start < patience / 2);
  lot.park(0, word, 7, 0ns);
  lot.park(0, word, 7, -1s);
}

TEST_CASE("an unpark before the park is not lost") {
  parking_lot lot{3};
  std::atomic<std::uint32_t> word{7};
  const auto start = std::chrono::steady_clock::now();

  lot.unpark(4, word);
  lot.park(4, word, 7, patience);

  CHECK(word == 8);
  CHECK(std::chrono::steady_clock::now() - start < patience / 2);
}

TEST_CASE("a thread wakes another") {
  parking_lot lot{4};
  std::atomic<std::uint32_t> word{0};
  std::jthread sleeper{[&] {
    parking_lot own{4};
    while (word == 0)
      own.park(2, word, 0, patience);
  }};

  lot.unpark(2, word);

  sleeper.join();
  CHECK(word == 1);
}

TEST_CASE("no wake is lost between two processes in 100,000 rounds") {
  const scratch_folder folder;
  const auto path = make_file(folder, "table", 4096);
  const auto source = file::open(path, access::read_write).value();
  const auto map = mapping::map(source, 4096, access::read_write).value();
  auto& table = table_in(map);
  table.rounds = ping_pong_rounds;
  auto pong = play({"pong", path});
  REQUIRE(pong.next() == "+");

  CHECK(play_ping_pong(table, side::ping) == 0);

  const auto status = pong.process.wait_for(patience);
  REQUIRE(status);
  CHECK(*status == exit_status{exit_status::kind::exited, 0});
  CHECK(table.ball == 2 * ping_pong_rounds);
}
