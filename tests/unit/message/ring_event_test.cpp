// An inbox as an event that loops wait on.
#include "letters_across.hpp"
#include <commy/message/inbox_thread.hpp>
#include <commy/message/remote_address.hpp>
#include <commy/message/shared_topic.hpp>

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <support/eventually.hpp>
#include <support/race_rounds.hpp>
#include <support/readable.hpp>
#include <support/test_folder.hpp>
#include <thread>

#ifndef _WIN32
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <support/forked.hpp>
#include <support/threads_named.hpp>
#endif

namespace commy::test {
namespace {

using message::inbox;
using message::inbox_thread;
using message::parcel;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr int minute_ms = 60'000;

/// Nobody looks by himself: a lost wake-up would end at the deadline.
constexpr message::inbox_options asleep{.longest_nap = 1h,
                                        .how = message::waiting::sleep};

struct two {
  explicit two(const message::inbox_options& options = asleep) : how{options} {
    open();
  }
  void open() {
    box.emplace(inbox::open(there, how).value());
    box->publish("screen").value();
    to.emplace(remote_address<numbered>::find(here, "screen").value());
  }

  message::inbox_options how;
  test_folder folder;
  segment here = segment::create("mail", in_folder(folder)).value();
  segment there = segment::open("mail", in_folder(folder)).value();
  std::optional<inbox> box;
  std::optional<remote_address<numbered>> to;

  void send(std::uint64_t number) { to->send(numbered{0, number}).value(); }
  [[nodiscard]] memory::ring_view ring() const {
    return memory::ring_of(there.engine()->img(), there.engine()->slot());
  }
  /// The next message's number.
  std::optional<std::uint64_t> take() {
    const auto got = box->try_take();
    if (!got) return std::nullopt;
    return got->as<numbered>().value().number;
  }
};

}  // namespace

TEST_CASE("an event loop sees an inbox as readable until it is empty") {
  two at;
  const auto event = at.box->wake_fd();
  CHECK(at.box->wake_fd() == event);
  CHECK(!is_readable(event, 0));
  for (std::uint64_t round = 0; round < 500; ++round) {
    at.send(2 * round);
    at.send(2 * round + 1);
    REQUIRE(is_readable(event, minute_ms));
    CHECK(at.take() == 2 * round);
    // Level triggered: still there.
    REQUIRE(is_readable(event, 0));
    CHECK(at.take() == 2 * round + 1);
    CHECK(!at.take());
    CHECK(!is_readable(event, 0));
  }
}

TEST_CASE("a loop that takes some leaves its inbox readable") {
  two at;
  const auto event = at.box->wake_fd();
  for (std::uint64_t i = 0; i < 5; ++i)
    at.send(i);
  REQUIRE(is_readable(event, minute_ms));
  const auto look = [](const parcel&) {};
  CHECK(at.box->take_each(look, 3) == 3);
  REQUIRE(is_readable(event, 0));
  CHECK(at.box->take_each(look, 3) == 2);
  CHECK(!is_readable(event, 0));
}

TEST_CASE("what came before an event was asked for is seen by it") {
  two at;
  at.send(7);
  const auto event = at.box->wake_fd();
  REQUIRE(is_readable(event, minute_ms));
  CHECK(at.take() == 7);
}

TEST_CASE("messages for names that are gone do not keep a loop awake") {
  two at;
  const auto event = at.box->wake_fd();
  at.box->withdraw("screen");
  at.send(1);
  REQUIRE(is_readable(event, minute_ms));
  CHECK(!at.take());
  CHECK(!is_readable(event, 0));
  CHECK(at.box->statistics().unknown_target == 1);
}

TEST_CASE("a watched inbox is waited in and interrupted as before") {
  two at;
  const auto event = at.box->wake_fd();
  CHECK(!at.box->wait(clock::now() + 1ms));
  at.box->interrupt();
  CHECK(is_readable(event, 0));
  CHECK(!at.box->wait(clock::now() + 60s));
  for (std::uint64_t i = 0; i < 200; ++i) {
    std::thread other{[&] {
      if (i % 2 == 0) {
        at.send(i);
      } else {
        at.box->interrupt();
      }
    }};
    const bool found = at.box->wait(clock::now() + 60s);
    other.join();
    REQUIRE(found == (i % 2 == 0));
    if (found) REQUIRE(at.take() == i);
  }
  // An interrupt from a thread ends a loop's sleep.
  CHECK(!at.take());
  std::thread other{[&] { at.box->interrupt(); }};
  CHECK(is_readable(event, minute_ms));
  other.join();
  CHECK(!at.take());
  CHECK(!is_readable(event, 0));
}

TEST_CASE("no interrupt of a watched inbox is lost") {
  two at;
  static_cast<void>(at.box->wake_fd());
  // In the middle of `wait`, at whatever step it happens to be.
  std::atomic<int> wanted{0};
  std::thread other{[&] {
    for (int given = 0; given >= 0;) {
      const auto now = wanted.load();
      if (now == given) {
        std::this_thread::yield();
      } else {
        given = now;
        at.box->interrupt();
      }
    }
  }};
  bool all_came = true;
  race_rounds round{20'000};
  while (all_came && round.next()) {
    wanted = round.number();
    const auto deadline = clock::now() + 20s;
    all_came = !at.box->wait(deadline) && clock::now() < deadline;
  }
  wanted = -1;
  other.join();
  INFO("round " << round.number());
  CHECK(all_came);
}

TEST_CASE("an event loop goes past a claim that nobody makes good") {
  two at;
  const auto event = at.box->wake_fd();
  at.send(1);
  REQUIRE(is_readable(event, minute_ms));
  CHECK(at.take() == 1);
  CHECK(!at.take());
  auto& word = at.ring().cell(1).word;
  constexpr memory::slot_index nobody = 9;
  word = memory::cell_word{word.load()}.claimed_by(nobody).raw;
  at.send(2);
  std::optional<std::uint64_t> number;
  while (!number) {
    REQUIRE(is_readable(event, minute_ms));
    number = at.take();
  }
  CHECK(number == 2);
  CHECK(at.box->statistics().skipped_claims == 1);
}

TEST_CASE("an event loop does not wait for ever where a ring is scribbled") {
  two at{{.longest_nap = 1ms, .how = message::waiting::sleep}};
  const auto event = at.box->wake_fd();
  const auto ring = at.ring();
  // Nothing at the next position, and senders are kept out by the others.
  for (std::uint32_t i = 1; i < ring.count; ++i) {
    ring.cells[i].word =
        memory::cell_word::make(memory::cell_state::full, 1, 5).raw;
  }
  REQUIRE(is_readable(event, minute_ms));
  CHECK(!at.take());
  CHECK(at.box->statistics().rebuilt == 1);
  at.send(7);
  REQUIRE(is_readable(event, minute_ms));
  CHECK(at.take() == 7);
}

TEST_CASE("a watched inbox may go to a thread, which then takes all") {
  two at;
  const auto event = at.box->wake_fd();
  std::atomic<std::uint64_t> seen{0};
  const inbox_thread mail{std::move(*at.box), [&](const parcel& p) {
                            seen = p.as<numbered>().value().number;
                            return false;
                          }};
  for (std::uint64_t i = 1; i <= 100; ++i) {
    at.send(i);
    REQUIRE(eventually([&] { return seen == i; }));
  }
  // There is nothing for whoever still polls it.
  CHECK(eventually([&] { return !is_readable(event, 0); }));
}

#ifndef _WIN32
TEST_CASE("a watched inbox that closes leaves neither thread nor event") {
  two at;
  for (int i = 0; i < 50; ++i) {
    const auto event = at.box->wake_fd();
    if (i % 2 == 0) at.send(1);
    if (i % 3 == 0) static_cast<void>(is_readable(event, 1));
    at.box.reset();
    REQUIRE(::fcntl(static_cast<int>(event), F_GETFD) == -1);
    REQUIRE(threads_named("commy watch") == 0);
    CHECK(at.to->send(numbered{0, 2}).error() == send_error::receiver_stopped);
    at.open();
  }
}

TEST_CASE("no event is to be had of an inbox in which somebody waits") {
  const test_folder folder;
  const auto shared = segment::create("mail", in_folder(folder)).value();
  forked mistaken{[&](const auto& tell) -> int {
    const auto own = segment::open("mail", in_folder(folder)).value();
    auto box = inbox::open(own, asleep).value();
    std::thread waits{[&] { static_cast<void>(box.wait(clock::now() + 60s)); }};
    const auto ring =
        memory::ring_of(own.engine()->img(), own.engine()->slot());
    if (!eventually([&] { return ring.header->sleeper.load() != 0; })) return 1;
    tell.say('w');
    static_cast<void>(box.wake_fd());
    waits.detach();
    return 0;
  }};
  CHECK(mistaken.next() == 'w');
  CHECK(mistaken.wait() == -SIGABRT);
}

TEST_CASE("no event is to be had of an inbox that a thread empties") {
  const test_folder folder;
  const auto shared = segment::create("mail", in_folder(folder)).value();
  forked mistaken{[&](const auto& tell) -> int {
    const auto own = segment::open("mail", in_folder(folder)).value();
    std::atomic<bool> handles{false};
    inbox_thread mail{inbox::open(own).value(), [&](const parcel&) {
                        // It does not wait in the inbox now.
                        handles = true;
                        return ::pause() == 0;
                      }};
    mail.box().publish("screen").value();
    send(own, "screen", numbered{}).value();
    if (!eventually([&] { return handles.load(); })) return 1;
    tell.say('t');
    static_cast<void>(mail.box().wake_fd());
    return 0;
  }};
  CHECK(mistaken.next() == 't');
  CHECK(mistaken.wait() == -SIGABRT);
}

#endif

}  // namespace commy::test
