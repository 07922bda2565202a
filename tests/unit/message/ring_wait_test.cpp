#include "letters_across.hpp"
#include <commy/base/log.hpp>
#include <commy/message/core_crowd.hpp>
#include <commy/message/inbox_thread.hpp>
#include <commy/message/remote_address.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <condition_variable>
#include <mutex>
#include <support/loan_count.hpp>
#include <support/test_folder.hpp>
#include <thread>

#ifndef _WIN32
#include <sys/resource.h>
#include <time.h>
#endif

namespace commy::test {
namespace {

using message::inbox;
using message::inbox_thread;
using message::parcel;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

struct two {
  test_folder folder;
  segment here = segment::create("mail", in_folder(folder)).value();
  segment there = segment::open("mail", in_folder(folder)).value();
};

/// What the handler of a thread saw, for a test to wait for.
class record {
public:
  void add(std::uint64_t value) {
    const std::scoped_lock lock{mutex_};
    values_.push_back(value);
    changed_.notify_all();
  }
  std::vector<std::uint64_t> wait_for(std::size_t count) {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, 30s, [&] { return values_.size() >= count; });
    return values_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::uint64_t> values_;
};

}  // namespace

TEST_CASE("a wait ends at its deadline when nothing comes") {
  two at;
  auto box = inbox::open(at.there).value();
  const auto begun = clock::now();
  CHECK(!box.wait(begun + 5ms));
  CHECK(clock::now() >= begun + 5ms);
  CHECK(!box.wait(begun));
}

TEST_CASE("an interrupt ends a wait, now or the next one") {
  two at;
  auto box = inbox::open(at.there).value();
  box.interrupt();
  CHECK(!box.wait(clock::now() + 30s));
  std::thread other{[&] { box.interrupt(); }};
  CHECK(!box.wait(clock::now() + 30s));
  other.join();
}

TEST_CASE("a sleeping receiver is woken by each message") {
  two at;
  // Nobody looks by himself: a lost wake-up would fail at a deadline.
  const message::inbox_options asleep{.longest_nap = 1h,
                                      .how = message::waiting::sleep};
  auto left = inbox::open(at.here, asleep).value();
  auto right = inbox::open(at.there, asleep).value();
  left.publish("left").value();
  right.publish("right").value();
  constexpr std::uint64_t rounds = 5'000;
  std::thread echo{[&] {
    auto to = remote_address<numbered>::find(at.there, "left").value();
    for (std::uint64_t i = 0; i < rounds; ++i) {
      while (true) {
        if (auto got = right.try_take()) {
          to.send(*got->as<numbered>()).value();
          break;
        }
        if (!right.wait(clock::now() + 30s)) return;
      }
    }
  }};
  auto to = remote_address<numbered>::find(at.here, "right").value();
  std::uint64_t done = 0;
  for (; done < rounds; ++done) {
    to.send(numbered{0, done}).value();
    std::optional<parcel> got;
    while (!(got = left.try_take())) {
      if (!left.wait(clock::now() + 30s)) break;
    }
    if (!got || got->as<numbered>()->number != done) break;
  }
  echo.join();
  CHECK(done == rounds);
}

TEST_CASE("looking in vain takes one part in 25 of the time at most") {
  using message::spin_budget;
  spin_budget budget;
  const auto begun = spin_budget::clock::time_point{1h};
  auto now = begun;
  std::chrono::nanoseconds spent{0};
  // As if something came whenever it had stopped looking for a while.
  for (const auto pause : {0us, 1us, 30us, 100us, 5000us}) {
    for (int i = 0; i < 10'000; ++i) {
      const auto allowed = budget.allowed(now);
      REQUIRE(allowed <= spin_budget::longest);
      const auto took = std::max<std::chrono::nanoseconds>(allowed, 100ns);
      budget.charge(allowed > 0ns ? took : 0ns);
      if (allowed > 0ns) spent += took;
      now += took + pause;
    }
    CHECK(spent <=
          (now - begun) / spin_budget::share + spin_budget::most + 1us);
  }
  // After a silence, ten looks in vain.
  now += 1s;
  int looks = 0;
  while (budget.allowed(now) == spin_budget::longest) {
    budget.charge(spin_budget::longest);
    now += spin_budget::longest;
    ++looks;
  }
  CHECK(looks >= 10);
  CHECK(looks <= 11);
}

TEST_CASE("a thread that waits for a quarter of its time is in a crowd") {
  message::core_crowd crowd;
  CHECK(!crowd.is_crowded());
  crowd.note({.ran = 400us, .waited = 99us, .slices = 10});
  CHECK(!crowd.is_crowded());
  crowd.note({.ran = 800us, .waited = 199us, .slices = 20});
  CHECK(crowd.is_crowded());
  // What was before does not count.
  crowd.note({.ran = 1200us, .waited = 200us, .slices = 30});
  CHECK(!crowd.is_crowded());
  // Nor does a system that says nothing.
  crowd.note({.ran = 1200us, .waited = 200us, .slices = 30});
  CHECK(!crowd.is_crowded());
  // Nor how long it takes to wake a thread that runs for little longer.
  crowd.note({.ran = 1300us, .waited = 300us, .slices = 130});
  CHECK(!crowd.is_crowded());
}

TEST_CASE("a subscriber in a crowd does not look for long") {
  struct nothing_there {
    int looks = 0;
    message::look look_at_next() {
      ++looks;
      return message::look::nothing;
    }
    static bool is_interrupted() { return false; }
  };
  // Whoever loses the core meanwhile looks less often, never more.
  int alone = 0;
  int in_crowd = 0;
  const auto look = [](const platform::thread_times& times, int& most) {
    message::core_crowd crowd;
    crowd.note(times);
    nothing_there reader;
    message::spin_budget budget;
    CHECK(!message::reader_wait::spin_a_little(reader, budget,
                                               clock::now() + 1h, &crowd));
    most = std::max(most, reader.looks);
  };
  for (int i = 0; i < 50; ++i) {
    look({.ran = 1ms, .waited = 0ms}, alone);
    look({.ran = 1ms, .waited = 1ms}, in_crowd);
  }
  CHECK(in_crowd * 4 < alone);
}

#ifndef _WIN32
TEST_CASE("a reader that waits in vain leaves its core to others") {
  two at;
  const auto how =
      GENERATE(message::waiting::adaptive, message::waiting::sleep);
  auto box = inbox::open(at.there, {.how = how}).value();
  const auto used = [] {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds{time.tv_sec} +
           std::chrono::nanoseconds{time.tv_nsec};
  };
  const auto begun = clock::now();
  const auto used_before = used();
  for (int i = 0; i < 200; ++i)
    CHECK(!box.wait(clock::now() + 1ms));
  // Three times what the looks may take, for the waits themselves: 200 of them
  // sleep once each.
  CHECK(used() - used_before < (clock::now() - begun) * 15 / 100);
}

TEST_CASE("a spinning reader does not sleep, a sleeping one does not spin") {
  two at;
  const auto sleeps = [] {
    rusage usage{};
    ::getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw;
  };
  {
    auto box = inbox::open(at.there, {.how = message::waiting::spin}).value();
    const auto before = sleeps();
    CHECK(!box.wait(clock::now() + 20ms));
    CHECK(sleeps() == before);
  }
  auto box = inbox::open(at.there, {.how = message::waiting::sleep}).value();
  const auto before = sleeps();
  CHECK(!box.wait(clock::now() + 5ms));
  CHECK(sleeps() > before);
}
#endif

TEST_CASE("each way of waiting ends by a message and by an interrupt") {
  const auto how = GENERATE(message::waiting::adaptive, message::waiting::spin,
                            message::waiting::sleep);
  two at;
  auto box = inbox::open(at.there, {.longest_nap = 1h, .how = how}).value();
  box.publish("screen").value();
  for (std::uint64_t i = 0; i < 200; ++i) {
    std::thread other{[&] {
      if (i % 2 == 0) {
        send(at.here, "screen", numbered{0, i}).value();
      } else {
        box.interrupt();
      }
    }};
    const bool found = box.wait(clock::now() + 30s);
    other.join();
    REQUIRE(found == (i % 2 == 0));
    if (found) REQUIRE(box.try_take()->as<numbered>()->number == i);
  }
}

TEST_CASE("each way of waiting goes past a claim that nobody makes good") {
  const auto how = GENERATE(message::waiting::adaptive, message::waiting::spin,
                            message::waiting::sleep);
  two at;
  auto box = inbox::open(at.there, {.how = how}).value();
  box.publish("screen").value();
  auto to = remote_address<numbered>::find(at.here, "screen").value();
  to.send(numbered{0, 1}).value();
  REQUIRE(box.try_take());
  const auto ring =
      memory::ring_of(at.there.engine()->img(), at.there.engine()->slot());
  auto& word = ring.cell(1).word;
  constexpr memory::slot_index nobody = 9;
  word = memory::cell_word{word.load()}.claimed_by(nobody).raw;
  to.send(numbered{0, 2}).value();
  const auto deadline = clock::now() + 30s;
  REQUIRE(box.wait(deadline));
  CHECK(clock::now() < deadline);
  CHECK(box.try_take()->as<numbered>()->number == 2);
  CHECK(box.statistics().skipped_claims == 1);
}

TEST_CASE("messages are taken together, each with its name and its loans") {
  two at;
  auto box = inbox::open(at.there).value();
  box.publish("left").value();
  box.publish("right").value();
  auto left = remote_address<picture_taken>::find(at.here, "left").value();
  auto right = remote_address<picture_taken>::find(at.here, "right").value();
  for (std::uint64_t i = 0; i < 10; ++i) {
    auto one = try_loan<picture>(at.here).value();
    one->number = i;
    (i % 3 == 0 ? left : right).send(picture_taken{}, std::move(one)).value();
  }
  std::uint64_t next = 0;
  const auto look = [&](const parcel& p) {
    CHECK(p.target() == (next % 3 == 0 ? "left" : "right"));
    // Every other one is left to the parcel.
    if (next % 2 == 0) {
      CHECK((*p.adopt<picture>(p.as<picture_taken>()->taken))->number == next);
    }
    ++next;
  };
  CHECK(box.take_each(look, 4) == 4);
  CHECK(count_loans(at.here.engine()->img()).in_ring == 6);
  // From now on nobody is "left"; what is under way to it is dropped.
  box.withdraw("left");
  std::uint64_t rest = 0;
  CHECK(box.take_each([&](const parcel& p) {
    CHECK(p.target() == "right");
    ++rest;
  }) == 4);
  CHECK(rest == 4);
  CHECK(box.take_each(look) == 0);
  CHECK(box.statistics().unknown_target == 2);
  CHECK(count_loans(at.here.engine()->img()) == loan_count{});
}

TEST_CASE("a handler that throws keeps the other messages of a batch") {
  two at;
  auto box = inbox::open(at.there).value();
  box.publish("screen").value();
  for (std::uint64_t i = 0; i < 3; ++i) {
    send(at.here, "screen", picture_taken{}, try_loan<picture>(at.here).value())
        .value();
  }
  int calls = 0;
  const auto fail = [&](const parcel&) {
    if (++calls == 2) throw std::runtime_error{"no"};
  };
  CHECK_THROWS_AS(box.take_each(fail), std::runtime_error);
  CHECK(box.take_each(fail) == 1);
  CHECK(count_loans(at.here.engine()->img()) == loan_count{});
}

TEST_CASE("several senders at once lose nothing and keep their order") {
  two at;
  record seen;
  constexpr std::uint64_t senders = 3;
  constexpr std::uint64_t messages = 5'000;
  auto box = inbox::open(at.there).value();
  box.publish("screen").value();
  inbox_thread mail{std::move(box), [&](const parcel& p) {
                      const auto m = p.as<numbered>().value();
                      seen.add(m.sender << 32U | m.number);
                      return false;
                    }};
  std::vector<std::thread> threads;
  for (std::uint64_t s = 0; s < senders; ++s) {
    threads.emplace_back([&, s] {
      auto to = remote_address<numbered>::find(at.here, "screen").value();
      for (std::uint64_t i = 0; i < messages;) {
        const auto sent = to.send(numbered{s, i});
        if (sent) {
          ++i;
        } else if (sent.error() == send_error::ring_full) {
          std::this_thread::yield();
        } else {
          sent.value();
        }
      }
    });
  }
  for (auto& t : threads)
    t.join();
  const auto all = seen.wait_for(senders * messages);
  REQUIRE(all.size() == senders * messages);
  std::array<std::uint64_t, senders> next{};
  for (const auto value : all) {
    REQUIRE((value & 0xffff'ffffU) == next[value >> 32U]++);
  }
}

TEST_CASE("loans of a passed-on message wait for whoever adopts them") {
  two at;
  record seen;
  std::mutex mutex;
  std::vector<loan_handle> handles;
  auto box = inbox::open(at.there).value();
  box.publish("screen").value();
  std::optional<inbox_thread> mail;
  mail.emplace(std::move(box), [&](const parcel& p) {
    const std::scoped_lock lock{mutex};
    handles.push_back(p.as<picture_taken>()->taken);
    seen.add(0);
    return true;
  });
  auto to = remote_address<picture_taken>::find(at.here, "screen").value();
  for (std::uint64_t i = 0; i < 3; ++i) {
    auto one = try_loan<picture>(at.here).value();
    one->number = i;
    to.send(picture_taken{}, std::move(one)).value();
  }
  REQUIRE(seen.wait_for(3).size() == 3);
  CHECK(adopt_loan<picture>(at.there, handles[1]).value()->number == 1);
  CHECK(adopt_loan<picture>(at.there, handles[1]).error() == loan_error::stale);
  // Those that nobody adopts go back when the inbox closes.
  mail.reset();
  CHECK(count_loans(at.here.engine()->img()) == loan_count{});
}

TEST_CASE("a handler that throws loses its message's loans to the segment") {
  two at;
  record seen;
  auto box = inbox::open(at.there).value();
  box.publish("screen").value();
  set_log_level(log_level::off);
  std::optional<inbox_thread> mail;
  mail.emplace(std::move(box), [&](const parcel&) -> bool {
    seen.add(0);
    throw std::runtime_error{"no"};
  });
  for (int i = 0; i < 2; ++i) {
    send(at.here, "screen", picture_taken{}, try_loan<picture>(at.here).value())
        .value();
  }
  CHECK(seen.wait_for(2).size() == 2);
  mail.reset();
  CHECK(count_loans(at.here.engine()->img()) == loan_count{});
  set_log_level(log_level::info);
}

}  // namespace commy::test
