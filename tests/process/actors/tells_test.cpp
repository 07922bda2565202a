#include "two_processes.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <thread>

namespace commy::test {
namespace {

struct begin {};

/// A dead letter, to keep.
struct dead_news {
  std::string receiver;
  std::string message;
  std::string text;
  dead_reason why;
  std::uint64_t count;
};

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

TEST_CASE("what a full actor elsewhere does not take is a dead letter here") {
  two_processes at;
  outbox<dead_news> letters;
  const auto listens = at.actors.on_dead_letter([&](const dead_letter& d) {
    letters.push({std::string{d.receiver}, std::string{d.message},
                  std::string{d.text}, d.why, d.count});
  });
  auto other = at.serve("narrow", "narrow");
  const auto narrow = at.find("narrow", {.when_full = overflow::wait});
  const auto beside = at.find("narrow2");
  // It is busy for ever with this, and has room for four with it.
  REQUIRE(narrow.tell(hang{}));
  REQUIRE(other.next() == '>');
  constexpr std::uint64_t all = 5'000;
  constexpr std::uint64_t in_vain = all - 3;
  for (std::uint64_t i = 0; i < all; ++i)
    REQUIRE(at.actors.tell(narrow, note{1, i}, patience));
  std::uint64_t dead = 0;
  while (dead < in_vain) {
    const auto one = letters.next();
    REQUIRE(one);
    CHECK(one->receiver == "narrow@mail");
    CHECK(one->message == "commy::test::note");
    CHECK(one->why == dead_reason::mailbox_full);
    CHECK(one->text.starts_with(
        "process " + std::to_string(other.process.pid()) +
        " (narrow) of segment 'mail': the receiver's mailbox is full"));
    dead += one->count;
  }
  CHECK(dead == in_vain);
  CHECK(at.actors.dead_letter_count() == in_vain);
  CHECK(at.mail.statistics(at.shared).returned == in_vain);
  // Nobody behind it waits, and who asks it is answered.
  CHECK(at.actors.ask(beside, add{7}, patience).value() == 7);
  const auto asked = at.actors.ask(narrow, count{}, for_ever);
  REQUIRE_FALSE(asked);
  CHECK(asked.error() == ask_error::mailbox_full);
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
