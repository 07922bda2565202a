#include "two_processes.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <string>
#include <support/forked.hpp>
#include <thread>

namespace commy::test {
namespace {

struct begin {
  std::uint64_t asks = 1;
};
struct begin_hanging {};

/// Asks the other process from handlers and passes the answers on.
class asker : public actor {
public:
  using answer = result<std::int64_t, ask_error>;
  asker(errand_address whom, outbox<answer> answers)
      : whom_{whom}, answers_{std::move(answers)} {}

  task<> on(begin m) {
    for (std::uint64_t i = 0; i < m.asks; ++i) {
      answers_.push(co_await ask(whom_, add{1}, for_ever));
    }
  }
  task<> on(begin_hanging) {
    answers_.push(co_await ask(whom_, hang{}, for_ever));
  }

private:
  errand_address whom_;
  outbox<answer> answers_;
};

class interleaved_asker : public actor {
public:
  interleaved_asker(errand_address whom, outbox<asker::answer> answers)
      : whom_{whom}, answers_{std::move(answers)} {}
  interleaved<> on(begin) {
    answers_.push(co_await ask(whom_, add{1}, for_ever));
  }

private:
  errand_address whom_;
  outbox<asker::answer> answers_;
};

}  // namespace

TEST_CASE("a thread asks an actor of another process") {
  two_processes at;
  auto other = at.serve("runner");
  const auto runner = at.find("runner");
  CHECK(at.actors.ask(runner, add{2}, patience).value() == 2);
  CHECK(at.actors.ask(runner, add{5}, patience).value() == 7);
  CHECK(at.actors.ask(runner, confirm{}, patience));
  turn_page request;
  for (std::uint64_t i = 0; i < 40; ++i)
    request.before.words[i] = i;
  const auto turned = at.actors.ask(runner, request, patience).value();
  for (std::uint64_t i = 0; i < 40; ++i)
    CHECK(turned.words[i] == 39 - i);
  const auto seen = at.mail.statistics(at.shared);
  CHECK(seen.answers.answered == 4);
  CHECK(seen.answers.late == 0);
  CHECK(seen.answers.wrong == 0);
}

TEST_CASE("a handler awaits an answer of another process, one or many") {
  two_processes at;
  auto other = at.serve("runner");
  const auto runner = at.find("runner");
  outbox<asker::answer> answers;
  const auto one = at.actors.spawn<asker>("", runner, answers);
  REQUIRE(one.tell(begin{1000}));
  for (std::int64_t i = 1; i <= 1000; ++i)
    REQUIRE(answers.next().value().value() == i);
  const auto many = at.actors.spawn<interleaved_asker>("", runner, answers);
  for (int i = 0; i < 500; ++i)
    REQUIRE(many.tell(begin{}));
  std::vector<std::int64_t> sums;
  for (int i = 0; i < 500; ++i)
    sums.push_back(answers.next().value().value());
  std::sort(sums.begin(), sums.end());
  CHECK(sums.front() == 1001);
  CHECK(sums.back() == 1500);
}

TEST_CASE("who asks a handler that fails is told what it threw") {
  two_processes at;
  auto other = at.serve("runner");
  const auto runner = at.find("runner");
  const auto answer = at.actors.ask(runner, throw_up{}, patience);
  REQUIRE_FALSE(answer);
  CHECK(answer.error() == ask_error::handler_failed);
  CHECK(answer.error().detail().text.view() == "a bad day");
}

TEST_CASE("whoever waits for a killed process is answered at once") {
  two_processes at;
  auto other = at.serve("runner");
  const auto runner = at.find("runner");
  outbox<asker::answer> answers;
  // One in the handler, one behind it in the mailbox there, one each from a
  // thread, a handler, and a handler beside others. All timeouts are a day.
  const auto first = at.actors.spawn<asker>("", runner, answers);
  REQUIRE(first.tell(begin_hanging{}));
  REQUIRE(other.next() == '>');
  const auto second = at.actors.spawn<asker>("", runner, answers);
  REQUIRE(second.tell(begin{}));
  const auto third = at.actors.spawn<interleaved_asker>("", runner, answers);
  for (int i = 0; i < 8; ++i)
    REQUIRE(third.tell(begin{}));
  std::thread thread{
      [&] { answers.push(at.actors.ask(runner, add{1}, for_ever)); }};
  REQUIRE(
      eventually([&] { return at.mail.statistics(at.shared).pending == 11; }));
  other.process.kill();
  for (int i = 0; i < 11; ++i) {
    const auto answer = answers.next();
    REQUIRE(answer);
    REQUIRE_FALSE(*answer);
    CHECK(answer->error() == ask_error::receiver_stopped);
    INFO(answer->error().message());
    CHECK(answer->error().message().find("killed by signal 9") !=
          std::string::npos);
  }
  thread.join();
}

TEST_CASE("who has answered before it ended has answered") {
  two_processes at;
  for (std::uint64_t round = 0; round < 20; ++round) {
    auto other = at.serve("runner");
    const auto runner = at.find("runner");
    outbox<asker::answer> answers;
    const auto asking = at.actors.spawn<asker>("", runner, answers);
    REQUIRE(asking.tell(begin{1}));
    // Handled after the question, whose answer has left by then.
    REQUIRE(eventually([&] {
      const auto seen = at.mail.statistics(at.shared);
      return seen.pending + seen.answers.answered > round;
    }));
    REQUIRE(runner.tell(end_process{3}));
    const auto answer = answers.next();
    REQUIRE(answer);
    REQUIRE(answer->value() == 1);
    REQUIRE(at.actors.wait_stopped(runner, patience));
  }
}

TEST_CASE("an answer that comes after its timeout is refused and counted") {
  two_processes at;
  auto other = at.serve("runner");
  const auto runner = at.find("runner");
  REQUIRE(at.actors.ask(runner, add{1}, patience));
  stop_process(other);
  for (int i = 0; i < 3; ++i) {
    const auto answer = at.actors.ask(runner, add{1}, 1ms);
    REQUIRE_FALSE(answer);
    CHECK(answer.error() == ask_error::timeout);
  }
  continue_process(other);
  // They were handled all the same.
  CHECK(at.actors.ask(runner, add{1}, patience).value() == 5);
  const auto seen = at.mail.statistics(at.shared);
  CHECK(seen.pending == 0);
  CHECK(seen.answers.late == 3);
  CHECK(seen.answers.answered == 2);
}

TEST_CASE("two systems of one process ask each other through a segment") {
  two_processes at;
  const auto where = in_folder(at.folder);
  const auto again = segment::open("mail", where).value();
  actor_system actors{{.workers = 1}};
  segment_mail mail{actors};
  mail.open(again).value();
  auto other = at.serve("runner");
  const auto here = at.find("runner");
  const auto there = mail.find<add>(again, "runner").value();
  CHECK(at.actors.ask(here, add{1}, patience).value() == 1);
  CHECK(actors.ask(there, add{1}, patience).value() == 2);
}

}  // namespace commy::test
