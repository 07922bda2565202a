#include "letters.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <atomic>
#include <support/race_rounds.hpp>
#include <support/semaphore.hpp>
#include <thread>
#include <vector>

using commy::message::mailbox_signal;
using commy::message::pushed;
using commy::test::race_rounds;
using commy::test::semaphore;

namespace {

constexpr std::uint32_t per_sender = 20'000;
constexpr std::uint32_t senders = 3;

/// The scheduler of these tests: whoever wakes the receiver posts, and the
/// receiver's thread runs a turn for each post. A lost wake-up is a hang, a
/// double one an assertion.
struct receiver {
  letters::mailbox box{64};
  semaphore ready;
  std::atomic<int> owners{1};

  void wake() {
    owners.fetch_add(1);
    ready.release();
  }
};

}  // namespace

TEST_CASE("messages of each sender arrive once, in order, whoever else sends") {
  receiver r;
  REQUIRE(r.box.outlet.try_idle(r.box.inlet));
  r.owners = 0;
  std::vector<std::thread> threads;
  threads.reserve(senders);
  for (std::uint32_t s = 0; s < senders; ++s) {
    threads.emplace_back([&, s] {
      for (std::uint32_t i = 0; i < per_sender; ++i) {
        while (!r.box.inlet.try_reserve(letters::one))
          std::this_thread::yield();
        if (r.box.inlet.push(letters::make(s * per_sender + i)) ==
            pushed::woke) {
          r.wake();
        }
      }
    });
  }

  std::array<std::uint32_t, senders> next{};
  std::uint32_t received = 0;
  bool in_order = true;
  bool alone = true;
  while (received < senders * per_sender) {
    r.ready.acquire();
    alone = alone && r.owners.load() == 1;
    for (;;) {
      if (auto* const e = r.box.outlet.try_pop()) {
        const auto number = letters::read(*e);
        r.box.inlet.give_back(letters::one);
        const auto sender = number / per_sender;
        in_order = in_order && next[sender] == number % per_sender;
        next[sender] = number % per_sender + 1;
        ++received;
        continue;
      }
      // Counted before the right passes on, as the next owner may be quick.
      r.owners.fetch_sub(1);
      if (r.box.outlet.try_idle(r.box.inlet)) break;
      r.owners.fetch_add(1);
    }
  }
  for (auto& t : threads)
    t.join();

  CHECK(in_order);
  CHECK(alone);
  CHECK(r.box.inlet.queued().messages() == 0);
  REQUIRE(r.box.inlet.try_wake());
  CHECK(r.box.end() == 0);
  CHECK(letters::letter::alive == 0);
}

TEST_CASE("a receiver that waits misses no answer and no signal") {
  letters::mailbox box;
  semaphore ready;
  semaphore answered;
  semaphore signalled;
  std::atomic<bool> over{false};
  std::thread answers{[&] {
    for (;;) {
      answered.acquire();
      if (over) return;
      if (box.inlet.push_urgent(letters::make(1)) == pushed::woke) {
        ready.release();
      }
    }
  }};
  std::thread signals{[&] {
    for (;;) {
      signalled.acquire();
      if (over) return;
      if (box.inlet.raise(0, mailbox_signal::alarm) && box.inlet.try_wake()) {
        ready.release();
      }
    }
  }};

  for (race_rounds round{20'000}; round.next();) {
    answered.release();
    signalled.release();
    bool got_answer = false;
    bool got_signal = false;
    while (!got_answer || !got_signal) {
      if (const auto raised = box.outlet.signals(box.inlet)) {
        box.outlet.clear_signals(box.inlet, raised);
        got_signal = true;
      }
      if (box.outlet.has_urgent(box.inlet)) {
        auto* const e = box.outlet.take_urgent(box.inlet);
        got_answer = e != nullptr;
        letters::discard(*e);
      }
      if (got_answer && got_signal) break;
      if (!box.outlet.try_wait(box.inlet)) continue;
      if (box.outlet.signals(box.inlet) != 0 && box.inlet.try_wake()) continue;
      ready.acquire();
    }
  }
  over = true;
  answered.release();
  signalled.release();
  answers.join();
  signals.join();

  CHECK(box.end() == 0);
  CHECK(letters::letter::alive == 0);
}

TEST_CASE("a mailbox closed in the midst of sends loses no message silently") {
  for (int round = 0; round < 200; ++round) {
    letters::mailbox box;
    std::atomic<int> accepted{0};
    std::atomic<int> refused{0};
    std::vector<std::thread> threads;
    threads.reserve(2);
    std::atomic<bool> begin{false};
    for (int s = 0; s < 2; ++s) {
      threads.emplace_back([&] {
        while (!begin.load())
          std::this_thread::yield();
        for (std::uint32_t i = 0; i < 50; ++i) {
          if (!box.inlet.try_reserve(letters::one)) continue;
          auto& e = letters::make(i);
          if (box.inlet.push(e) == pushed::closed) {
            letters::discard(e);
            box.inlet.give_back(letters::one);
            ++refused;
          } else {
            ++accepted;
          }
        }
      });
    }
    begin = true;
    std::this_thread::yield();
    const int left = box.end();
    for (auto& t : threads)
      t.join();

    REQUIRE(left == accepted);
    REQUIRE(accepted + refused == 100);
    REQUIRE(box.inlet.queued().messages() == 0);
  }
  CHECK(letters::letter::alive == 0);
}
