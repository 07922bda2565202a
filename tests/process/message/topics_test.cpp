// Topics whose publishers and subscribers are killed, stopped and started
// again.
#include <commy/platform/process.hpp>

#include <catch2/catch_get_random_seed.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cstdio>
#include <iostream>
#include <map>
#include <random>
#include <support/kills.hpp>
#include <thread>
#include <unit/message/topics.hpp>

#ifndef _WIN32
#include <signal.h>
#endif

namespace commy::test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using platform::child_process;
using platform::exit_status;

constexpr memory::geometry roomy() {
  memory::geometry g;
  g.capacity = 64U << 20U;
  return g;
}

struct market_place : market {
  /// Who comes late gets all there is.
  explicit market_place(topic_options options)
      : market{[&] {
                 options.history = options.depth;
                 return options;
               }(),
               roomy()} {}

  [[nodiscard]] child_process start(const char* what, std::uint64_t first,
                                    std::uint64_t second = 0) const {
    platform::spawn_options options;
    options.program = COMMY_TOPIC_CHILD;
    options.arguments = {folder.path(), what, std::to_string(first),
                         std::to_string(second)};
    return child_process::spawn(options).value();
  }
  void await_subscribers(std::size_t count) const {
    const auto deadline = clock::now() + 30s;
    while (prices.statistics().subscribers.size() != count) {
      REQUIRE(clock::now() < deadline);
      std::this_thread::yield();
    }
  }
  /// Nobody else is there any more: what is left lies in the topic, can be
  /// read, and goes with it.
  void expect_nothing_lost() {
    shared.sweep();
    CHECK(shared.participants().size() == 1);
    CHECK(prices.statistics().subscribers.empty());
    auto last = prices.subscribe().value();
    std::vector<sample<tick>> held;
    while (auto next = last.try_take()) {
      CHECK(is_sound(*next));
      held.push_back(std::move(next));
    }
    CHECK(count() == loan_count{0, 0, 0, held.size()});
    CHECK(last.statistics().damaged == 0);
    held.clear();
    CHECK(fsck(shared.engine()->img()).text() == "");
    shared.remove_object("prices").value();
    CHECK(count() == loan_count{});
  }
};

/// A subscriber of this process that misses nothing without counting it.
class witness {
public:
  explicit witness(market_place& at)
      : at_{at}, begun_{positions()}, reader_{at.prices.subscribe().value()} {}

  /// Takes one message, which must come soon.
  void take() {
    auto next = reader_.try_take();
    const auto deadline = clock::now() + 30s;
    while (!next) {
      REQUIRE(reader_.wait(deadline));
      next = reader_.try_take();
    }
    REQUIRE(is_sound(*next));
    auto& before = last_[next->publisher];
    REQUIRE(next->number > before);
    missed_ += next.missed();
    // Whoever publishes leaves out no number, so a gap is a message that we
    // have missed since the one before.
    gaps_ += next->number - before - 1;
    before = next->number;
    if (held_.size() > 4) held_.clear();
    held_.push_back(std::move(next));
  }
  void drain() {
    while (const auto next = reader_.try_take()) {
      REQUIRE(is_sound(*next));
      missed_ += next.missed();
      auto& before = last_[next->publisher];
      gaps_ += next->number - before - 1;
      before = next->number;
    }
    held_.clear();
  }
  /// Requires: nobody publishes, and all was read.
  void expect_all_counted() const {
    const auto said = reader_.statistics();
    CHECK(said.damaged == 0);
    CHECK(said.missed == missed_);
    CHECK(said.taken + said.missed + said.skipped == positions() - begun_);
    // Gaps in the numbers are messages missed, but of the missed some were the
    // last of a publisher.
    CHECK(gaps_ <= missed_);
    std::cout << "  taken " << said.taken << ", missed " << said.missed
              << ", skipped " << said.skipped << '\n';
  }
  [[nodiscard]] std::uint64_t last_of(std::uint64_t publisher) {
    return last_[publisher];
  }
  [[nodiscard]] std::uint64_t missed() const { return missed_; }

private:
  [[nodiscard]] std::uint64_t positions() const {
    const auto s = at_.prices.statistics();
    return s.published + s.skipped;
  }

  market_place& at_;
  std::uint64_t begun_;
  subscription<tick> reader_;
  std::map<std::uint64_t, std::uint64_t> last_;
  std::vector<sample<tick>> held_;
  std::uint64_t missed_ = 0;
  std::uint64_t gaps_ = 0;
};

}  // namespace

TEST_CASE("four processes read all that three publish, in order") {
  market_place at{{.depth = 64, .slow = slow_reader::hold_publisher}};
  constexpr std::uint64_t each = 20'000;
  std::vector<child_process> all;
  for (int i = 0; i < 4; ++i)
    all.push_back(at.start("read", 3, each));
  at.await_subscribers(4);
  for (std::uint64_t p = 0; p < 3; ++p)
    all.push_back(at.start("publish", p, each));
  for (auto& one : all)
    CHECK(one.wait_for(60s) == exit_status{});
  CHECK(at.prices.statistics().published == 3 * each);
  at.expect_nothing_lost();
}

TEST_CASE("publishers are killed again and again, and the others' flow",
          COMMY_KILLS) {
  market_place at{{.depth = 16}};
  INFO("seed " << Catch::getSeed());
  std::mt19937_64 random{Catch::getSeed()};
  {
    witness here{at};
    auto steady = at.start("publish", 0);
    for (std::uint64_t victim = 1; victim <= 40; ++victim) {
      auto prey = at.start("publish", victim);
      const auto enough = 1 + random() % 500;
      while (here.last_of(victim) < enough)
        here.take();
      prey.kill();
      REQUIRE(prey.wait_for(30s)->how == exit_status::kind::killed);
      // Who is left flows on at once.
      const auto before = here.last_of(0);
      while (here.last_of(0) < before + 20)
        here.take();
    }
    REQUIRE(steady.is_running());
    steady.kill();
    REQUIRE(steady.wait_for(30s));
    at.shared.sweep();
    here.drain();
    here.expect_all_counted();
  }
  at.expect_nothing_lost();
}

TEST_CASE("subscribers are killed with samples in hand, and none is lost",
          COMMY_KILLS) {
  for (const auto slow :
       {slow_reader::lose_oldest, slow_reader::hold_publisher}) {
    market_place at{{.depth = 16, .slow = slow}};
    INFO("seed " << Catch::getSeed());
    std::mt19937_64 random{Catch::getSeed()};
    {
      witness here{at};
      std::vector<child_process> publishers;
      publishers.push_back(at.start("publish", 0));
      publishers.push_back(at.start("publish", 1));
      std::vector<child_process> readers;
      for (int i = 0; i < 40; ++i) {
        readers.push_back(at.start("read", 0));
        for (auto some = random() % 300; some > 0; --some)
          here.take();
        if (readers.size() < 4) continue;
        const auto at_random = readers.begin() + static_cast<std::ptrdiff_t>(
                                                     random() % readers.size());
        // Still running: so it has found nothing wrong.
        REQUIRE(at_random->is_running());
        at_random->kill();
        REQUIRE(at_random->wait_for(30s)->how == exit_status::kind::killed);
        readers.erase(at_random);
        const auto before = here.last_of(0);
        while (here.last_of(0) < before + 20)
          here.take();
      }
      for (auto* group : {&readers, &publishers}) {
        for (auto& one : *group) {
          CHECK(one.is_running());
          one.kill();
          REQUIRE(one.wait_for(30s));
        }
      }
      at.shared.sweep();
      here.drain();
      here.expect_all_counted();
      if (slow == slow_reader::hold_publisher) CHECK(here.missed() == 0);
    }
    at.expect_nothing_lost();
  }
}

TEST_CASE("everybody may be killed at any time, and nothing is lost",
          COMMY_KILLS) {
  market_place at{{.depth = 8, .history = 8}};
  INFO("seed " << Catch::getSeed());
  std::mt19937_64 random{Catch::getSeed()};
  {
    witness here{at};
    std::map<std::uint64_t, child_process> publishers;
    std::vector<child_process> readers;
    for (std::uint64_t round = 1; round <= 60; ++round) {
      publishers.emplace(round, at.start("publish", round));
      readers.push_back(at.start("read", 0));
      for (auto some = random() % 200; some > 0; --some)
        here.take();
      if (publishers.size() < 3) continue;
      auto prey = std::next(publishers.begin(),
                            static_cast<std::ptrdiff_t>(random() % 3));
      prey->second.kill();
      REQUIRE(prey->second.wait_for(30s));
      publishers.erase(prey);
      readers.front().kill();
      REQUIRE(readers.front().wait_for(30s)->how == exit_status::kind::killed);
      readers.erase(readers.begin());
    }
    for (auto& [number, one] : publishers) {
      one.kill();
      REQUIRE(one.wait_for(30s)->how == exit_status::kind::killed);
    }
    for (auto& one : readers) {
      one.kill();
      REQUIRE(one.wait_for(30s)->how == exit_status::kind::killed);
    }
    at.shared.sweep();
    here.drain();
    here.expect_all_counted();
  }
  at.expect_nothing_lost();
}

#ifndef _WIN32
TEST_CASE("a killed subscriber holds publishers up no longer than it lived") {
  market_place at{{.depth = 4, .slow = slow_reader::hold_publisher}};
  auto prey = at.start("read", 0);
  at.await_subscribers(1);
  REQUIRE(::kill(static_cast<pid_t>(prey.pid()), SIGSTOP) == 0);
  std::uint64_t number = 0;
  auto message = at.made(at.shared, ++number);
  while (at.prices.publish(std::move(message))) {
    REQUIRE(number < 1000);
    message = at.made(at.shared, ++number);
  }
  // Stopped is not dead.
  CHECK(at.prices.publish(std::move(message), clock::now() + 50ms).error() ==
        publish_error::topic_full);
  prey.kill();
  REQUIRE(prey.wait_for(30s));
  REQUIRE(at.prices.publish(std::move(message), clock::now() + 30s));
  at.publish(number + 1, number + 100);
  at.expect_nothing_lost();
}

TEST_CASE("a stopped subscriber loses messages and is told when it goes on") {
  market_place at{{.depth = 16}};
  auto sleeper = at.start("read", 0);
  at.await_subscribers(1);
  const auto pid = static_cast<pid_t>(sleeper.pid());
  REQUIRE(::kill(pid, SIGSTOP) == 0);
  at.publish(1, 5000);
  REQUIRE(::kill(pid, SIGCONT) == 0);
  const auto deadline = clock::now() + 30s;
  for (std::uint64_t i = 5001;; ++i) {
    at.publish(i);
    const auto now = at.prices.statistics().subscribers;
    REQUIRE(now.size() == 1);
    if (now[0].missed > 4000 && now[0].lag < 4) break;
    REQUIRE(clock::now() < deadline);
    std::this_thread::yield();
  }
  CHECK(sleeper.is_running());
  sleeper.kill();
  REQUIRE(sleeper.wait_for(30s));
  at.expect_nothing_lost();
}

#endif

TEST_CASE("a subscriber that sleeps in another process is woken each time") {
  market_place at{{.depth = 16}};
  constexpr std::uint64_t rounds = 20'000;
  auto back =
      shared_topic<tick>::open_or_create(at.shared, "back", at.how).value();
  // Nobody looks by himself: a lost wake would be a wait to the deadline.
  auto reader =
      back.subscribe({.longest_nap = 1h, .how = message::waiting::sleep})
          .value();
  auto other = at.start("echo", rounds);
  at.await_subscribers(1);
  const auto begun = clock::now();
  for (std::uint64_t i = 1; i <= rounds; ++i) {
    at.publish(i);
    auto answer = reader.try_take();
    while (!answer) {
      REQUIRE(reader.wait(clock::now() + 30s));
      answer = reader.try_take();
    }
    REQUIRE(answer->number == i);
  }
  std::printf(
      "  round trip asleep: %.1f us\n",
      std::chrono::duration<double, std::micro>(clock::now() - begun).count() /
          static_cast<double>(rounds));
  CHECK(other.wait_for(30s) == exit_status{});
}

}  // namespace commy::test
