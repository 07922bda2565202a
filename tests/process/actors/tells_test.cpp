#include "two_processes.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <thread>

namespace commy::test {
namespace {

struct begin {};

/// Tells the other process's actor from handlers, waiting for room.
class teller : public actor {
public:
  teller(errand_address whom, std::uint64_t number, std::uint64_t notes,
         outbox<std::uint64_t> done)
      : whom_{whom}, number_{number}, notes_{notes}, done_{std::move(done)} {}
  task<> on(begin) {
    for (std::uint64_t i = 0; i < notes_; ++i) {
      const auto told = co_await tell(whom_, note{number_, i}, for_ever);
      if (!told) fail("a note was refused");
    }
    done_.push(number_);
  }

private:
  errand_address whom_;
  std::uint64_t number_;
  std::uint64_t notes_;
  outbox<std::uint64_t> done_;
};

/// Requests do not wait for room, so this tries until there is some.
tally count_of(two_processes& at, const errand_address& runner) {
  for (;;) {
    const auto all = at.actors.ask(runner, count{}, patience);
    if (all) return *all;
    REQUIRE(all.error() == ask_error::mailbox_full);
    std::this_thread::yield();
  }
}

}  // namespace

TEST_CASE("what each sender tells arrives in its order, and all of it") {
  two_processes at;
  auto other = at.serve("runner");
  constexpr std::uint64_t each = 20'000;
  const auto runner = at.find("runner", {.when_full = overflow::wait});
  outbox<std::uint64_t> done;
  for (std::uint64_t number = 0; number < 3; ++number) {
    const auto one = at.actors.spawn<teller>("", runner, number, each, done);
    REQUIRE(one.tell(begin{}));
  }
  for (std::uint64_t i = 0; i < each; ++i)
    REQUIRE(at.actors.tell(runner, note{99, i}, patience));
  for (int i = 0; i < 3; ++i)
    REQUIRE(done.next());
  const auto all = count_of(at, runner);
  CHECK(all.notes == 4 * each);
  CHECK(all.disorder == 0);
}

TEST_CASE("a stopped receiver robs nobody: what was told arrives afterwards") {
  two_processes at;
  auto other = at.serve("runner");
  // Less than is told: ring and mailbox fill up.
  const auto runner = at.find(
      "runner", {.mailbox_messages = 64, .when_full = overflow::reject});
  REQUIRE(at.actors.ask(runner, count{}, patience).value().notes == 0);
  stop_process(other);
  std::uint64_t accepted = 0;
  bool was_full = false;
  while (!was_full) {
    auto told = runner.tell(note{1, accepted});
    if (told) {
      ++accepted;
    } else {
      // What is refused comes back.
      REQUIRE(told.error() == tell_error::mailbox_full);
      REQUIRE(told.take_back().number == accepted);
      // Full for good once the ring of 1,024 is, too.
      was_full = accepted > 1024;
      std::this_thread::yield();
    }
    REQUIRE(accepted < 100'000);
  }
  const auto asked = at.actors.ask(runner, count{}, 1ms);
  REQUIRE_FALSE(asked);
  continue_process(other);
  const auto all = count_of(at, runner);
  CHECK(all.notes == accepted);
  CHECK(all.disorder == 0);
  CHECK(at.actors.dead_letter_count() == 0);
}

TEST_CASE("what waits for room is answered when the receiver is killed") {
  two_processes at;
  auto other = at.serve("runner");
  const auto runner =
      at.find("runner", {.mailbox_messages = 16, .when_full = overflow::wait});
  REQUIRE(at.actors.ask(runner, count{}, patience));
  stop_process(other);
  while (runner.tell(note{}))
    continue;
  outbox<told<note>> answers;
  std::thread waits{
      [&] { answers.push(at.actors.tell(runner, note{5, 5}, for_ever)); }};
  other.process.kill();
  auto answer = answers.next();
  waits.join();
  REQUIRE(answer);
  // Either it had just found room, or it came back.
  if (!*answer) {
    CHECK(answer->error() == tell_error::stopped);
    CHECK(answer->take_back().number == 5);
  }
  // Now, or when the news has come: nobody takes more.
  REQUIRE(at.actors.wait_stopped(runner, patience));
  CHECK_FALSE(runner.tell(note{}));
}

}  // namespace commy::test
