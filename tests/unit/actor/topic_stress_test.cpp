// Topics and pools under many threads at once.
#include "support.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <typeinfo>
#include <utility>
#include <vector>

using namespace actor_tests;
using commy::topic;
using commy::topic_subscription;

namespace {

struct numbered {
  int publisher;
  int number;
};

struct tally {
  std::atomic<int> heard{0};
  std::atomic<int> disorders{0};
  std::atomic<int> strays{0};
};

/// Checks that it hears each publisher's numbers without a hole, from the first
/// that it hears.
class judge : public commy::actor {
public:
  judge(int publishers, tally& all)
      : next_(static_cast<std::size_t>(publishers), -1), all_{&all} {}
  void on(numbered m) {
    auto& next = next_[static_cast<std::size_t>(m.publisher)];
    if (next >= 0 && m.number != next) ++all_->disorders;
    next = m.number + 1;
    ++all_->heard;
  }

private:
  std::vector<int> next_;
  tally* all_;
};

/// A subscriber for a while. Its kind finds out a publisher that calls the
/// handler of one class for an actor of another.
template <int Kind>
class passer_by : public commy::actor {
public:
  passer_by(const topic<numbered>& from, tally& all)
      : all_{&all}, feed_{from.subscribe(self(this)).value()} {}
  void on(numbered m) {
    if (kind_ != Kind || m.publisher < 0) ++all_->strays;
    ++all_->heard;
  }

private:
  int kind_ = Kind;
  tally* all_;
  topic_subscription feed_;
};

/// One at a time, so that there are never more than a topic takes.
template <int Kind>
void come_and_go(commy::actor_system& system, const topic<numbered>& all,
                 tally& passing, const std::atomic<bool>& done) {
  while (!done) {
    const auto p = system.spawn<passer_by<Kind>>(
        {.name = "", .mailbox_messages = 1'000'000}, all, passing);
    std::this_thread::yield();
    system.stop(
        p, Kind % 2 == 0 ? commy::stop_mode::drain : commy::stop_mode::now);
    if (!system.wait_stopped(p, deadline)) ++passing.strays;
  }
}

}  // namespace

TEST_CASE("subscribers who stay hear all while others come and go") {
  constexpr int publishers = 3;
  constexpr int each = 3000 * scale;
  constexpr int stay = 4;
  commy::actor_system system{{.workers = 2}};
  const topic<numbered> all;
  tally staying;
  tally passing;
  std::vector<topic_subscription> feeds;
  for (int i = 0; i < stay; ++i) {
    feeds.push_back(
        all.subscribe(
               system.spawn<judge>({.name = "", .mailbox_messages = 1'000'000},
                                   publishers, staying))
            .value());
  }
  std::atomic<bool> done{false};
  std::atomic<int> taken{0};
  std::vector<std::thread> crowd;
  crowd.emplace_back([&] { come_and_go<0>(system, all, passing, done); });
  crowd.emplace_back([&] { come_and_go<1>(system, all, passing, done); });
  std::vector<std::thread> threads;
  for (int p = 0; p < publishers; ++p) {
    threads.emplace_back([&, p] {
      for (int i = 0; i < each; ++i) {
        const auto sent = all.publish(numbered{p, i});
        taken += static_cast<int>(sent.taken);
        if (sent.taken < stay || sent.refused > 0) ++staying.strays;
      }
    });
  }
  for (auto& t : threads)
    t.join();
  done = true;
  for (auto& t : crowd)
    t.join();

  REQUIRE(
      eventually([&] { return staying.heard == stay * publishers * each; }));
  CHECK(staying.disorders == 0);
  CHECK(staying.strays == 0);
  CHECK(passing.strays == 0);
  // What those who stopped had not handled became dead letters.
  REQUIRE(eventually([&] { return system.actor_count() == stay; }));
  CHECK(taken == staying.heard + passing.heard +
                     static_cast<int>(system.dead_letter_count()));
  CHECK(all.subscribers() == stay);
}

TEST_CASE("a publisher never mixes up two subscriptions of one place") {
  // On the list alone, so that its threads meet as often as they can. Both
  // subscriptions are in the same place in turn; only one of them refuses. Many
  // kinds of messages make it long until all of a subscription is written.
  using commy::actors::topic_core;
  // So many that each of the two faults that this is about is found more often
  // than not; a sanitizer needs fewer, since it makes each step longer.
  constexpr int rounds = scale == 1 ? 50'000 : 1'500'000;
  constexpr std::size_t kinds = 64;
  topic_core all{{&typeid(numbered), kinds, nullptr}};
  std::array<commy::actors::cell, 2> cells;
  static constexpr std::array<commy::message::envelope_ops, 2> code{};
  std::atomic<bool> done{false};
  std::atomic<int> mixed{0};
  std::array<std::atomic<int>, 2> seen{};
  const auto watch = [&](std::size_t message) {
    while (!done) {
      all.visit(message, [&](const commy::actors::cell_handle& to,
                             const commy::message::envelope_ops& how) {
        const auto who = to.at == &cells[0] ? 0U : 1U;
        if (to.at != &cells[who] || &how != &code[who]) ++mixed;
        ++seen[message == 0 ? 0 : 1];
        return who == 0 ? commy::actors::heard::refused
                        : commy::actors::heard::taken;
      });
    }
  };
  std::thread first{[&] { watch(0); }};
  std::thread second{[&] { watch(kinds - 1); }};
  const auto add_one = [&](std::size_t who) {
    std::array<topic_core::ops, kinds> how{};
    how.fill(&code[who]);
    return all.add({&cells[who], 0}, how).value();
  };
  const auto begun = add_one(0);
  // Both are there.
  CHECK(eventually([&] { return seen[0] > 0 && seen[1] > 0; }));
  CHECK(topic_core::refused(begun) > 0);
  topic_core::end(begun);
  int wrong = 0;
  for (int i = 0; i < rounds; ++i) {
    for (const std::size_t who : {0U, 1U}) {
      const auto mine = add_one(who);
      // Now and then somebody finds it in time.
      for (int pause = i % 64; pause > 0; --pause)
        (void)seen[0].load();
      if (who == 1 && topic_core::refused(mine) != 0) ++wrong;
      topic_core::end(mine);
    }
  }
  done = true;
  first.join();
  second.join();

  CHECK(mixed == 0);
  CHECK(wrong == 0);
}

TEST_CASE("a pool that threads flood handles each message once") {
  constexpr int senders = 3;
  constexpr int each = 5000 * scale;
  commy::actor_system system{{.workers = 2}};
  const auto flood = [&]<commy::routing How>() {
    const auto p = system.spawn_pool<counter, How>(
        {.size = 4, .each = {.mailbox_messages = 64}});
    std::vector<std::thread> threads;
    for (int s = 0; s < senders; ++s) {
      threads.emplace_back([&] {
        for (int i = 0; i < each; ++i) {
          while (!p.tell(add{1}))
            std::this_thread::yield();
        }
      });
    }
    for (auto& t : threads)
      t.join();
    int sum = 0;
    for (const auto& w : p.workers()) {
      // Refused while its mailbox is full.
      REQUIRE(eventually([&] {
        const auto mine = system.ask(w, total{}, deadline);
        sum += mine.value_or(0);
        return mine.has_value();
      }));
    }
    return sum;
  };

  CHECK(flood.operator()<commy::routing::round_robin>() == senders * each);
  CHECK(flood.operator()<commy::routing::least_loaded>() == senders * each);
}
