#include "letters_across.hpp"
#include <commy/base/log.hpp>
#include <commy/message/inbox_thread.hpp>
#include <commy/message/remote_address.hpp>

#include <catch2/catch_test_macros.hpp>

#include <condition_variable>
#include <mutex>
#include <support/loan_count.hpp>
#include <support/test_folder.hpp>
#include <thread>

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
