#include "traffic.hpp"
#include <commy/memory/fsck.hpp>
#include <commy/platform/process.hpp>

#include <catch2/catch_get_random_seed.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cstdio>
#include <iostream>
#include <map>
#include <random>
#include <support/kills.hpp>
#include <support/loan_count.hpp>
#include <support/test_folder.hpp>

#ifndef _WIN32
#include <signal.h>
#endif

namespace commy::test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using message::inbox;
using platform::child_process;

struct mail_room {
  test_folder folder;
  segment shared = segment::create("mail", in_folder(folder)).value();

  [[nodiscard]] child_process start(std::vector<std::string> arguments) const {
    platform::spawn_options options;
    options.program = COMMY_MESSAGE_CHILD;
    options.arguments = std::move(arguments);
    options.arguments.insert(options.arguments.begin(), folder.path());
    return child_process::spawn(options).value();
  }
  [[nodiscard]] child_process sender(std::uint32_t number,
                                     std::uint32_t count) const {
    return start(
        {"send", "sink", std::to_string(number), std::to_string(count)});
  }
  [[nodiscard]] loan_count count() const {
    return count_loans(shared.engine()->img());
  }
};

/// Takes messages, checks each, and remembers how far each sender has come.
class sink {
public:
  explicit sink(const segment& shared,
                message::waiting how = message::waiting::adaptive)
      : box_{inbox::open(shared, {.how = how}).value()} {
    box_.publish("sink").value();
  }
  /// False when nothing came for a long time. Fails the test when a message is
  /// torn, or not later than the one before of its sender.
  bool take() {
    auto got = box_.try_take();
    while (!got) {
      if (!box_.wait(clock::now() + 30s)) return false;
      got = box_.try_take();
    }
    const auto message = open_one(*got, held_);
    REQUIRE(message);
    auto& next = next_[message->sender];
    REQUIRE(message->number >= next);
    lost_ += message->number - next;
    next = message->number + 1;
    if (held_.size() > 8) held_.clear();
    return true;
  }
  [[nodiscard]] std::uint64_t next_of(std::uint64_t sender) {
    return next_[sender];
  }
  [[nodiscard]] std::uint64_t lost() const { return lost_; }
  void forget(std::uint64_t sender) { next_.erase(sender); }
  void drop_held() { held_.clear(); }
  /// What is in the ring now, without waiting.
  void drain() {
    while (const auto got = box_.try_take())
      REQUIRE(open_one(*got, held_));
    held_.clear();
  }
  [[nodiscard]] message::inbox_statistics statistics() const {
    return box_.statistics();
  }

private:
  inbox box_;
  std::map<std::uint64_t, std::uint64_t> next_;
  std::uint64_t lost_ = 0;
  std::vector<loan<const sheet>> held_;
};

}  // namespace

TEST_CASE("four processes send to one and all of it arrives in order") {
  mail_room at;
  sink here{at.shared};
  constexpr std::uint32_t each = 20'000;
  std::vector<child_process> senders;
  for (std::uint32_t s = 0; s < 4; ++s)
    senders.push_back(at.sender(s, each));
  for (std::uint32_t i = 0; i < 4 * each; ++i)
    REQUIRE(here.take());
  for (auto& s : senders)
    CHECK(s.wait_for(30s) == platform::exit_status{});
  for (std::uint32_t s = 0; s < 4; ++s)
    CHECK(here.next_of(s) == each);
  CHECK(here.lost() == 0);
  here.drop_held();
  CHECK(at.count() == loan_count{});
}

TEST_CASE("senders may be killed again and again while others go on",
          COMMY_KILLS) {
  const auto how = GENERATE(message::waiting::adaptive, message::waiting::spin,
                            message::waiting::sleep);
  mail_room at;
  sink here{at.shared, how};
  INFO("seed " << Catch::getSeed());
  std::mt19937_64 random{Catch::getSeed()};
  constexpr std::uint32_t steady = 30'000;
  auto first = at.sender(0, steady);
  std::uint32_t kills = 0;
  for (std::uint32_t victim = 1; victim <= 30; ++victim) {
    auto prey = at.sender(victim, 0);
    // Killed somewhere in its stride, after a random number of messages.
    const auto enough = 1 + random() % 500;
    while (here.next_of(victim) < enough)
      REQUIRE(here.take());
    prey.kill();
    REQUIRE(prey.wait_for(30s));
    ++kills;
  }
  while (here.next_of(0) < steady)
    REQUIRE(here.take());
  CHECK(first.wait_for(30s) == platform::exit_status{});
  at.shared.sweep();
  here.drain();
  CHECK(here.lost() == 0);
  CHECK(at.count() == loan_count{});
  CHECK(at.shared.participants().size() == 1);
  std::cout << kills << " senders killed, " << here.statistics().skipped_claims
            << " of them in the middle of a message\n";
}

TEST_CASE("a sender learns that its receiver was killed, and loses no loan",
          COMMY_KILLS) {
  mail_room at;
  auto receiver = at.start({"receive", "there"});
  auto to =
      traffic_address::wait_for(at.shared, "there", clock::now() + 30s).value();
  for (std::uint32_t i = 0; i < 1000;) {
    if (send_one(at.shared, to, 0, i)) ++i;
  }
  receiver.kill();
  REQUIRE(receiver.wait_for(30s));
  // It was idle or behind; either way the kernel is asked soon.
  std::uint32_t after = 0;
  while (true) {
    auto mine = try_loan<sheet>(at.shared).value();
    const auto sent = to.send(letter{}, std::move(mine));
    if (!sent) {
      CHECK(sent.error() == send_error::receiver_stopped);
      CHECK(mine);
      break;
    }
    REQUIRE(++after <= 32);
  }
  CHECK(at.count() == loan_count{});
  CHECK(at.shared.participants().size() == 1);

  // The next one of that name begins with an empty ring.
  auto again = at.start({"receive", "there"});
  to =
      traffic_address::wait_for(at.shared, "there", clock::now() + 30s).value();
  for (std::uint32_t i = 0; i < 100;) {
    if (send_one(at.shared, to, 0, i)) ++i;
  }
  again.kill();
  REQUIRE(again.wait_for(30s));
  at.shared.sweep();
  CHECK(at.count() == loan_count{});
}

TEST_CASE("receivers may be killed again and again while senders go on",
          COMMY_KILLS) {
  mail_room at;
  INFO("seed " << Catch::getSeed());
  std::mt19937_64 random{Catch::getSeed()};
  auto first = at.sender(0, 0);
  auto second = at.sender(1, 0);
  for (int round = 0; round < 20; ++round) {
    auto prey = at.start({"receive", "sink"});
    auto to = traffic_address::wait_for(at.shared, "sink", clock::now() + 30s)
                  .value();
    const auto some = 1 + random() % 300;
    for (std::uint32_t i = 0; i < some;) {
      const auto sent = send_one(at.shared, to, 2, i);
      if (sent) {
        ++i;
      } else {
        INFO(sent.error().message());
        REQUIRE((sent.error() == send_error::ring_full));
        std::this_thread::yield();
      }
    }
    prey.kill();
    REQUIRE(prey.wait_for(30s)->how == platform::exit_status::kind::killed);
    at.shared.sweep();
  }
  CHECK(first.is_running());
  CHECK(second.is_running());
  first.kill();
  second.kill();
  REQUIRE(first.wait_for(30s)->how == platform::exit_status::kind::killed);
  REQUIRE(second.wait_for(30s)->how == platform::exit_status::kind::killed);
  at.shared.sweep();
  CHECK(at.count() == loan_count{});
  CHECK(at.shared.participants().size() == 1);
}

#ifndef _WIN32
TEST_CASE(
    "a stopped receiver is full, never dead, and goes on when continued") {
  mail_room at;
  auto receiver = at.start({"receive", "there"});
  auto to =
      traffic_address::wait_for(at.shared, "there", clock::now() + 30s).value();
  const auto pid = static_cast<pid_t>(receiver.pid());
  REQUIRE(::kill(pid, SIGSTOP) == 0);
  std::uint32_t sent = 0;
  for (;;) {
    const auto one = send_one(at.shared, to, 0, sent);
    if (!one) {
      REQUIRE(one.error() == send_error::ring_full);
      break;
    }
    REQUIRE(++sent < 100'000);
  }
  CHECK(sent >= memory::geometry{}.ring_cells);
  CHECK(at.shared.participants().size() == 2);
  REQUIRE(::kill(pid, SIGCONT) == 0);
  const auto deadline = clock::now() + 30s;
  for (std::uint32_t more = 0; more < 3000 && clock::now() < deadline;) {
    if (send_one(at.shared, to, 0, sent)) {
      ++sent;
      ++more;
    } else {
      std::this_thread::yield();
    }
  }
  CHECK(clock::now() < deadline);
  CHECK(receiver.is_running());
  receiver.kill();
  REQUIRE(receiver.wait_for(30s));
}

#endif

TEST_CASE("frames of megabytes outlive whoever sends or watches them",
          COMMY_KILLS) {
  mail_room at;
  INFO("seed " << Catch::getSeed());
  std::mt19937_64 random{Catch::getSeed()};
  auto box = inbox::open(at.shared).value();
  box.publish("progress").value();
  // What there is room for: a run that a death has cost would be missed.
  const auto room = [&] {
    std::vector<loan<std::uint64_t>> all;
    for (;;) {
      auto next = try_loan_for_overwrite<std::uint64_t>(at.shared, frame_words);
      if (!next) return all.size();
      all.push_back(std::move(*next));
    }
  };
  const auto at_first = room();
  REQUIRE(at_first >= 10);
  std::uint64_t watched = 0;
  std::uint32_t senders = 0;
  for (int round = 0; round < 15; ++round) {
    auto watcher = at.start({"watch", "there", "progress"});
    auto sender = at.start({"film", "there", std::to_string(++senders)});
    const auto watch_some = [&] {
      const auto enough = watched + 1 + random() % 60;
      while (watched < enough) {
        if (box.try_take()) {
          ++watched;
        } else {
          REQUIRE(box.wait(clock::now() + 30s));
        }
      }
    };
    watch_some();
    switch (random() % 3) {
      case 0:  // The watcher is followed by another one, the sender stays.
        watcher.kill();
        REQUIRE(watcher.wait_for(30s)->how ==
                platform::exit_status::kind::killed);
        watcher = at.start({"watch", "there", "progress"});
        watch_some();
        break;
      case 1:
        sender.kill();
        REQUIRE(sender.wait_for(30s)->how ==
                platform::exit_status::kind::killed);
        at.shared.sweep();
        sender = at.start({"film", "there", std::to_string(++senders)});
        watch_some();
        break;
      default:
        break;  // Both at once.
    }
    sender.kill();
    watcher.kill();
    REQUIRE(sender.wait_for(30s)->how == platform::exit_status::kind::killed);
    REQUIRE(watcher.wait_for(30s)->how == platform::exit_status::kind::killed);
    at.shared.sweep();
    while (box.try_take()) {
    }
    REQUIRE(at.count() == loan_count{});
    const auto found = fsck(at.shared.engine()->img());
    INFO(found.text());
    // This process is attached: its lane and names are no damage.
    REQUIRE(found.whole());
    REQUIRE(room() == at_first);
  }
  std::cout << watched << " frames of 4 MiB watched\n";
}

TEST_CASE("a sleeping receiver is woken a hundred thousand times") {
  mail_room at;
  // Each round wakes either side once, and nobody looks by himself: a lost
  // wake-up would be a wait that ends at its deadline.
  constexpr std::uint64_t rounds = 50'000;
  auto box = inbox::open(at.shared,
                         {.longest_nap = 1h, .how = message::waiting::sleep})
                 .value();
  box.publish("here").value();
  auto other = at.start({"echo", "there", "here", std::to_string(rounds)});
  auto to =
      remote_address<note>::wait_for(at.shared, "there", clock::now() + 30s)
          .value();
  std::uint64_t done = 0;
  const auto begun = clock::now();
  for (; done < rounds; ++done) {
    to.send(note{0, done, 0}).value();
    auto got = box.try_take();
    while (!got && box.wait(clock::now() + 30s))
      got = box.try_take();
    if (!got || got->as<note>()->number != done) break;
  }
  CHECK(done == rounds);
  CHECK(other.wait_for(30s) == platform::exit_status{});
  std::printf(
      "round trip asleep: %.1f us\n",
      std::chrono::duration<double, std::micro>(clock::now() - begun).count() /
          static_cast<double>(rounds));
}

}  // namespace commy::test
