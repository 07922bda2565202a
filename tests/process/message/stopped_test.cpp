// Processes that are stopped for long, by SIGSTOP as by a debugger or a paused
// machine: they are not dead, nobody takes what is theirs, nobody waits for
// them who did not want to, and they go on as if nothing had been.
#include "traffic.hpp"
#include <commy/message/shared_topic.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <csignal>
#include <cstdio>
#include <functional>
#include <support/forked.hpp>
#include <support/loan_count.hpp>
#include <support/test_folder.hpp>
#include <utility>

namespace commy::test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using message::inbox;

/// For the ordinary tests, and for those that take their time.
constexpr std::chrono::milliseconds a_while = 300ms;
constexpr std::chrono::milliseconds long_time = 10s;

struct tick {
  std::uint64_t number = 0;
  std::uint64_t check = 0;
};
BOOST_DESCRIBE_STRUCT(tick, (), (number, check))
using ticks = shared_topic<tick>;

/// One chunk of memory, so that it can be used up.
struct small_room {
  test_folder folder;
  segment_options options = [this] {
    auto all = in_folder(folder);
    all.capacity = std::uint64_t{64} << 20U;
    return all;
  }();
  segment shared = segment::create("mail", options).value();

  [[nodiscard]] segment join() const {
    return segment::open("mail", options).value();
  }
  [[nodiscard]] loan_count count() const {
    return count_loans(shared.engine()->img());
  }
};

/// Stops a process while it exists.
class stopped {
public:
  explicit stopped(const forked& whom) : whom_{whom} {
    whom_.signal(SIGSTOP);
    whom_.wait_stopped();
  }
  stopped(const stopped&) = delete;
  stopped& operator=(const stopped&) = delete;
  ~stopped() { whom_.signal(SIGCONT); }

private:
  const forked& whom_;
};

/// Repeats what others do, which ends each time by an event of theirs, for so
/// long; at least thrice.
void for_as_long_as(std::chrono::nanoseconds time,
                    const std::function<void()>& act) {
  const auto until = clock::now() + time;
  for (int i = 0; i < 3 || clock::now() < until; ++i)
    act();
}

/// Receives until each sender's message `last` has come; 0 when all of it came
/// once, in order and whole.
int receive_all(const segment& here, std::uint32_t senders, std::uint32_t last,
                const forked::teller& tell) {
  auto box = inbox::open(here).value();
  box.publish("stopped").value();
  tell.say('r');
  std::array<std::uint32_t, 4> next{};
  std::vector<loan<const sheet>> held;
  for (std::uint32_t through = 0; through < senders;) {
    const auto got = box.try_take();
    if (!got) {
      if (!box.wait(clock::now() + 60s)) return 1;
      continue;
    }
    const auto what = open_one(*got, held);
    if (!what) return 2;
    if (what->number != next.at(what->sender)++) return 3;
    if (what->number == last) ++through;
    if (held.size() > 8) held.clear();
  }
  return box.try_take() ? 4 : 0;
}

/// Sends all to the one, each as soon as it can; after each attempt it asks the
/// other one and waits for its answer, and says there when it is done. 0 when
/// all was taken.
int send_all(const segment& here, std::uint32_t self, std::uint32_t last,
             const forked::teller& tell) {
  auto own = inbox::open(here).value();
  own.publish("sender").value();
  auto to =
      traffic_address::wait_for(here, "stopped", clock::now() + 60s).value();
  auto other =
      remote_address<note>::wait_for(here, "echo", clock::now() + 60s).value();
  bool was_full = false;
  std::uint64_t asked = 0;
  for (std::uint32_t number = 0; number <= last;) {
    try {
      if (const auto sent = send_one(here, to, self, number)) {
        ++number;
      } else if (sent.error() != send_error::ring_full) {
        return 1;
      } else if (!std::exchange(was_full, true)) {
        tell.say('f');
      }
    } catch (const bad_result&) {
      // All memory is lent, as it is for a while.
    }
    if (!other.send(note{self, ++asked, 0})) return 2;
    for (;;) {
      if (const auto got = own.try_take()) {
        if (got->as<note>().value().number != asked) return 3;
        break;
      }
      if (!own.wait(clock::now() + 60s)) return 4;
    }
  }
  return other.send(note{self, 0, 1}) ? 0 : 5;
}

void stop_a_receiver(std::chrono::nanoseconds time) {
  small_room at;
  constexpr std::uint32_t last = 5'000;
  forked receiver{[&](const auto& tell) -> int {
    return receive_all(at.join(), 2, last, tell);
  }};
  REQUIRE(receiver.next() == 'r');
  // The receiver that is not stopped is this process.
  auto box = inbox::open(at.shared).value();
  box.publish("echo").value();
  forked sender{[&](const auto& tell) -> int {
    return send_all(at.join(), 1, last, tell);
  }};
  auto back =
      remote_address<note>::wait_for(at.shared, "sender", clock::now() + 60s)
          .value();
  /// False when the other one is done.
  const auto echo = [&] {
    for (;;) {
      if (const auto got = box.try_take()) {
        const auto asked = got->as<note>().value();
        if (asked.check == 1) return false;
        back.send(asked).value();
        return true;
      }
      REQUIRE(box.wait(clock::now() + 60s));
    }
  };
  auto to = traffic_address::find(at.shared, "stopped").value();
  std::uint32_t mine = 0;
  {
    const stopped now{receiver};
    // Both fill the ring.
    while (send_one(at.shared, to, 0, mine))
      ++mine;
    for (int i = 0; i < 4; ++i)
      REQUIRE(echo());
    REQUIRE(sender.next() == 'f');
    const auto lying_there = at.count().in_ring;
    CHECK(lying_there > memory::geometry{}.ring_cells);
    // All that is left of the memory.
    std::vector<loan<sheet>> hoard;
    const auto refused = [&] {
      for (;;) {
        auto more = try_loan_for_overwrite<sheet>(at.shared);
        if (!more) return more.error();
        hoard.push_back(std::move(*more));
      }
    }();
    INFO(refused.message());
    CHECK(refused == loan_error::out_of_space);
    REQUIRE(!hoard.empty());
    std::uint64_t rounds = 0;
    for_as_long_as(time, [&] {
      // Refused at once, with the reason, and the message is still here.
      const auto sent = to.send(letter{0, mine, {}}, std::move(hoard.back()));
      REQUIRE(!sent);
      REQUIRE(sent.error() == send_error::ring_full);
      REQUIRE(hoard.back());
      REQUIRE(try_loan<sheet>(at.shared).error() == loan_error::out_of_space);
      // Others flow on.
      REQUIRE(echo());
      // Nobody takes it for dead, nor what waits for it.
      REQUIRE(at.shared.sweep() == 0);
      REQUIRE(at.shared.participants().size() == 3);
      ++rounds;
    });
    // As soon as somebody gives back, there is something to lend.
    hoard.pop_back();
    CHECK(try_loan<sheet>(at.shared));
    hoard.clear();
    CHECK(at.count().in_ring == lying_there);
    std::printf("  %lu rounds beside a stopped receiver\n", rounds);
  }
  // Who was refused goes on, and all comes that was accepted.
  for (bool more = true; more || mine <= last;) {
    if (mine <= last && send_one(at.shared, to, 0, mine)) ++mine;
    if (more) more = echo();
  }
  CHECK(sender.wait() == 0);
  CHECK(receiver.wait() == 0);
  at.shared.sweep();
  CHECK(at.count() == loan_count{});
}

/// Loans in the hands of a stopped process: received ones and some of its own.
void stop_a_holder(std::chrono::nanoseconds time) {
  small_room at;
  constexpr std::uint32_t some = 200;
  forked holder{[&](const auto& tell) -> int {
    const auto here = at.join();
    auto box = inbox::open(here).value();
    box.publish("stopped").value();
    std::vector<loan<sheet>> own;
    for (std::uint32_t i = 0; i < some; ++i) {
      own.push_back(try_loan<sheet>(here).value());
      fill(*own.back(), 2, i);
    }
    std::vector<loan<const sheet>> held;
    std::uint32_t received = 0;
    while (received < some) {
      if (const auto got = box.try_take()) {
        if (!open_one(*got, held)) return 1;
        ++received;
      } else if (!box.wait(clock::now() + 60s)) {
        return 2;
      }
    }
    tell.say('h');
    // Stopped here, somewhere; until a word says that it is over.
    while (!box.try_take()) {
      if (!box.wait(clock::now() + 60s)) return 3;
    }
    for (std::uint32_t i = 0; i < some; ++i) {
      if (!is_whole(*own[i], 2, i)) return 4;
      if (!is_whole(*held[i], 7, 3 * i + 1)) return 5;
    }
    return 0;
  }};
  auto to = traffic_address::wait_for(at.shared, "stopped", clock::now() + 60s)
                .value();
  // Those with one loan each.
  for (std::uint32_t i = 0; i < some; ++i)
    send_one(at.shared, to, 7, 3 * i + 1).value();
  REQUIRE(holder.next() == 'h');
  REQUIRE(at.count() == loan_count{2 * some});
  {
    const stopped now{holder};
    for_as_long_as(time, [&] {
      REQUIRE(at.shared.sweep() == 0);
      // Whatever is lent is written over: all there is.
      std::vector<loan<sheet>> hoard;
      for (;;) {
        auto more = try_loan_for_overwrite<sheet>(at.shared);
        if (!more) break;
        fill(**more, 3, hoard.size());
        hoard.push_back(std::move(*more));
      }
      REQUIRE(at.count() == loan_count{2 * some + hoard.size()});
    });
    REQUIRE(at.count() == loan_count{2 * some});
  }
  send_one(at.shared, to, 7, 0).value();
  CHECK(holder.wait() == 0);
  at.shared.sweep();
  CHECK(at.count() == loan_count{});
}

/// The last message of a topic is marked as such.
loan<tick> made(const segment& in, std::uint64_t number, bool last = false) {
  auto next = try_loan<tick>(in).value();
  *next = {number, mix(last ? 2 : 1, number)};
  return next;
}

/// Reads to the last one; 0 when each number came once, in order, or was
/// counted as missed, and a sample that was held all the time is as it was.
int read_all(const segment& here, bool misses, const forked::teller& tell) {
  auto reader = ticks::open(here, "prices").value().subscribe().value();
  tell.say('s');
  sample<tick> kept;
  std::uint64_t missed = 0;
  for (std::uint64_t before = 0;;) {
    auto next = reader.try_take();
    if (!next) {
      if (!reader.wait(clock::now() + 60s)) return 1;
      continue;
    }
    if (next->number != before + 1 + next.missed()) return 2;
    missed += next.missed();
    before = next->number;
    if (next->check == mix(2, before)) break;
    if (next->check != mix(1, before)) return 3;
    if (!kept) {
      kept = std::move(next);
      tell.say('k');
    }
  }
  if (kept->number != 1 || kept->check != mix(1, 1)) return 4;
  if (misses != (missed > 0)) return 5;
  return reader.statistics().missed == missed ? 0 : 6;
}

void stop_a_subscriber(std::chrono::nanoseconds time, slow_reader slow) {
  small_room at;
  const bool holds = slow == slow_reader::hold_publisher;
  constexpr std::uint32_t depth = 16;
  auto prices =
      ticks::open_or_create(at.shared, "prices", {.depth = depth, .slow = slow})
          .value();
  std::optional others{prices.subscribe().value()};
  std::uint64_t published = 0;
  std::uint64_t taken = 0;
  const auto publish = [&](bool last = false) {
    prices.publish(made(at.shared, ++published, last), clock::now() + 60s)
        .value();
    while (const auto next = others->try_take()) {
      REQUIRE(next.missed() == 0);
      REQUIRE(next->number == ++taken);
    }
    REQUIRE(taken == published);
  };
  forked reader{[&](const auto& tell) -> int {
    return read_all(at.join(), !holds, tell);
  }};
  REQUIRE(reader.next() == 's');
  publish();
  REQUIRE(reader.next() == 'k');
  {
    const stopped now{reader};
    // What there is room for.
    for (std::uint32_t i = 0; i < depth; ++i)
      publish();
    for_as_long_as(time, [&] {
      if (holds) {
        auto next = made(at.shared, published + 1);
        REQUIRE(prices.publish(std::move(next)).error() ==
                publish_error::topic_full);
        const auto late = prices.publish(std::move(next), clock::now() + 1ms);
        REQUIRE(late.error() == publish_error::topic_full);
        // For whom it has waited.
        INFO(late.error().message());
        REQUIRE(late.error().message().find(
                    "(pid " + std::to_string(reader.pid()) + ",") !=
                std::string::npos);
        REQUIRE(next);
      } else {
        publish();
      }
      REQUIRE(at.shared.sweep() == 0);
      REQUIRE(prices.statistics().subscribers.size() == 2);
    });
  }
  for (int i = 0; i < 1'000; ++i)
    publish();
  publish(true);
  CHECK(reader.wait() == 0);
  others.reset();
  at.shared.sweep();
  CHECK(at.count() == loan_count{0, 0, 0, depth});
  at.shared.remove_object("prices").value();
  CHECK(at.count() == loan_count{});
}

}  // namespace

TEST_CASE("a stopped receiver is full, others flow on, and all comes later") {
  stop_a_receiver(a_while);
}

TEST_CASE("so it is for ten seconds", "[.slow]") { stop_a_receiver(long_time); }

TEST_CASE("what a stopped process holds is nobody else's") {
  stop_a_holder(a_while);
}

TEST_CASE("so it is for ten seconds with loans", "[.slow]") {
  stop_a_holder(long_time);
}

TEST_CASE("a stopped subscriber counts what it missed, and holds nobody up") {
  stop_a_subscriber(a_while, slow_reader::lose_oldest);
}

TEST_CASE(
    "a stopped subscriber for which publishers wait is named, and reads "
    "all later") {
  stop_a_subscriber(a_while, slow_reader::hold_publisher);
}

TEST_CASE("so are subscribers that are stopped for ten seconds", "[.slow]") {
  stop_a_subscriber(long_time, slow_reader::lose_oldest);
  stop_a_subscriber(long_time, slow_reader::hold_publisher);
}

}  // namespace commy::test
