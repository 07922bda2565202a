// Replies that bring loans from other processes.
#include "two_processes.hpp"
#include <commy/memory/fsck.hpp>

#include <catch2/catch_get_random_seed.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <algorithm>
#include <random>
#include <string>
#include <support/loan_count.hpp>
#include <utility>
#include <vector>

namespace commy::test {
namespace {

using Catch::Matchers::ContainsSubstring;

template <class Word>
bool say(const loan<Word>& words, std::uint64_t number) {
  return std::ranges::all_of(words.span(),
                             [&](auto word) { return word == number; });
}

struct begin {
  std::uint64_t words = 0;
  std::uint64_t number = 0;
};

/// Asks for pictures from handlers that run beside each other.
class album : public actor {
public:
  using answer = result<picture, ask_error>;
  album(errand_address whom, outbox<answer> answers)
      : whom_{whom}, answers_{std::move(answers)} {}
  interleaved<> on(begin m) {
    answers_.push(
        co_await ask(whom_, take_picture{m.words, m.number}, for_ever));
  }

private:
  errand_address whom_;
  outbox<answer> answers_;
};

loan_count loans_of(const two_processes& at) {
  return count_loans(at.shared.engine()->img());
}

}  // namespace

TEST_CASE("a reply brings what it lends, whatever the size, and it is ours") {
  two_processes at;
  auto other = at.serve("runner");
  const auto runner = at.find("runner");
  for (const std::uint64_t words : {1U, 100U, 8'192U, 524'288U}) {
    auto got = at.actors.ask(runner, take_picture{words, words}, patience);
    REQUIRE(got);
    CHECK(got->number == words);
    REQUIRE(got->words.size() == words);
    CHECK(say(got->words, words));
    CHECK(loans_of(at) == loan_count{.owned = 1});
    got->words[0] = 7;  // Whoever was given it may write.
  }
  CHECK(loans_of(at) == loan_count{});
  // A loan that is empty there is empty here.
  const auto none = at.actors.ask(runner, take_picture{0, 5}, patience).value();
  CHECK(!none.words);
  CHECK(none.number == 5);
  // The reply may be the loan itself.
  const auto print = at.actors.ask(runner, take_print{9}, patience).value();
  CHECK(print.size() == 16);
  CHECK(say(print, 9));
  CHECK(at.mail.statistics(at.shared).answers.answered == 6);
}

TEST_CASE("handlers await loans of another process, many beside each other") {
  two_processes at;
  auto other = at.serve("runner");
  outbox<album::answer> answers;
  const auto many = at.actors.spawn<album>("", at.find("runner"), answers);
  std::vector<bool> seen(500);
  for (std::uint64_t i = 0; i < seen.size(); ++i)
    REQUIRE(many.tell(begin{1 + i % 700, i}));
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const auto got = answers.next().value().value();
    REQUIRE(got.number < seen.size());
    CHECK(!seen[got.number]);
    seen[got.number] = true;
    CHECK(got.words.size() == 1 + got.number % 700);
    CHECK(say(got.words, got.number));
  }
  CHECK(loans_of(at) == loan_count{});
}

TEST_CASE("a loan that comes after its timeout goes back") {
  two_processes at;
  auto other = at.serve("runner");
  const auto runner = at.find("runner");
  REQUIRE(at.actors.ask(runner, take_picture{1, 1}, patience));
  stop_process(other);
  for (int i = 0; i < 3; ++i) {
    const auto late = at.actors.ask(runner, take_picture{1000, 1}, 1ms);
    REQUIRE_FALSE(late);
    CHECK(late.error() == ask_error::timeout);
  }
  continue_process(other);
  REQUIRE(at.actors.ask(runner, take_picture{1, 1}, patience));
  CHECK(at.mail.statistics(at.shared).answers.late == 3);
  CHECK(loans_of(at) == loan_count{});
}

TEST_CASE("a loan of a segment that the asker is not in is refused by name") {
  two_processes at;
  auto other = at.serve("runner");
  const auto runner = at.find("runner");
  const auto refused = at.actors.ask(runner, take_print{1, true}, patience);
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == ask_error::handler_failed);
  CHECK_THAT(refused.error().message(),
             ContainsSubstring("of another segment"));
  CHECK(say(at.actors.ask(runner, take_print{2}, patience).value(), 2));
}

TEST_CASE("who lends and who looks are killed, and no loan is lost") {
  two_processes at;
  INFO("seed " << Catch::getSeed());
  std::mt19937_64 random{Catch::getSeed()};
  auto lends = at.serve("runner");
  std::vector<helper> look;
  for (int i = 0; i < 2; ++i)
    look.push_back(at.serve("runner", "look"));
  for (int round = 0; round < 40; ++round) {
    // Some pictures between each death and the next, and some of ours.
    auto runner = at.find("runner");
    for (auto some = random() % 50; some > 0; --some) {
      const auto got = at.actors.ask(runner, take_picture{300, some}, patience);
      REQUIRE(got);
      REQUIRE(say(got->words, some));
    }
    if (random() % 2 == 0) {
      lends.process.kill();
      REQUIRE(lends.process.wait_for(patience));
      REQUIRE(at.actors.wait_stopped(runner, patience));
      lends = at.serve("runner");
    } else {
      auto& one = look[random() % look.size()];
      REQUIRE(one.process.is_running());  // It has found nothing torn.
      one.process.kill();
      REQUIRE(one.process.wait_for(patience));
      one = at.serve("runner", "look");
    }
  }
  for (auto* const one : {&look[0], &look[1], &lends}) {
    REQUIRE(one->process.is_running());
    one->process.kill();
    REQUIRE(one->process.wait_for(patience));
  }
  at.shared.sweep();
  CHECK(loans_of(at) == loan_count{});
  CHECK(fsck(at.shared.engine()->img()).text().empty());
}

}  // namespace commy::test
