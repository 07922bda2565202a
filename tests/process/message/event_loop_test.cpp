// A receiver without actors or runtime: one epoll loop for all it waits for.
#include "claims.hpp"
#include "traffic.hpp"
#include <commy/message/shared_topic.hpp>

#include <catch2/catch_get_random_seed.hpp>
#include <catch2/catch_test_macros.hpp>

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <random>
#include <stdexcept>
#include <support/forked.hpp>
#include <support/loan_count.hpp>
#include <support/test_folder.hpp>

namespace commy::test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using message::inbox;

/// Nobody looks by himself: a lost wake-up would be a sleep of a minute.
constexpr message::inbox_options asleep{.longest_nap = 1h,
                                        .how = message::waiting::sleep};
constexpr subscribe_options topic_asleep{.longest_nap = 1h,
                                         .how = message::waiting::sleep};

class epoll_loop {
public:
  epoll_loop() : fd_{::epoll_create1(EPOLL_CLOEXEC)} {
    if (fd_ < 0) throw std::runtime_error{"no epoll"};
  }
  epoll_loop(const epoll_loop&) = delete;
  epoll_loop& operator=(const epoll_loop&) = delete;
  ~epoll_loop() { ::close(fd_); }

  void add(platform::native_event event, std::uint32_t number,
           std::uint32_t how = EPOLLIN) const {
    epoll_event watched{.events = how, .data = {.u32 = number}};
    if (::epoll_ctl(fd_, EPOLL_CTL_ADD, static_cast<int>(event), &watched) !=
        0) {
      throw std::runtime_error{"epoll refuses"};
    }
  }
  /// The number of one that is readable; nothing after a minute, in which
  /// nobody has woken it.
  [[nodiscard]] std::optional<std::uint32_t> next() const {
    epoll_event one{};
    if (::epoll_wait(fd_, &one, 1, 60'000) != 1) return std::nullopt;
    return std::uint32_t{one.data.u32};
  }

private:
  int fd_;
};

struct tick {
  std::uint64_t publisher = 0;
  std::uint64_t number = 0;
};
BOOST_DESCRIBE_STRUCT(tick, (), (publisher, number))
using ticks = shared_topic<tick>;

struct reception {
  test_folder folder;
  segment_options options = in_folder(folder);
  segment shared = segment::create("mail", options).value();
  inbox box = inbox::open(shared, asleep).value();
  epoll_loop loop;

  explicit reception(std::uint32_t how = EPOLLIN) {
    box.publish("sink").value();
    loop.add(box.wake_fd(), 0, how);
  }
};

/// Waits for the answer to what was sent or published, past those to earlier
/// ones; false when none comes.
bool is_answered(inbox& own, std::uint64_t number) {
  for (;;) {
    if (const auto got = own.try_take()) {
      if (got->as<note>().value().number == number) return true;
    } else if (!own.wait(clock::now() + 60s))
      return false;
  }
}

}  // namespace

TEST_CASE("an epoll loop that sleeps is woken by each of many messages") {
  // Edge triggered loops must drain it; the others may.
  for (const std::uint32_t how :
       {std::uint32_t{EPOLLIN}, std::uint32_t{EPOLLIN | EPOLLET}}) {
    reception at{how};
    constexpr std::uint64_t rounds = 10'000;
    forked other{[&](const auto&) -> int {
      const auto here = segment::open("mail", at.options).value();
      auto own = inbox::open(here).value();
      own.publish("asker").value();
      auto to = traffic_address::wait_for(here, "sink", clock::now() + 60s);
      for (std::uint64_t i = 0; i < rounds; ++i) {
        if (!to->send(note{0, i, 0}) || !is_answered(own, i)) return 1;
      }
      return 0;
    }};
    auto back =
        remote_address<note>::wait_for(at.shared, "asker", clock::now() + 60s)
            .value();
    std::uint64_t next = 0;
    while (next < rounds) {
      REQUIRE(at.loop.next());
      while (const auto got = at.box.try_take()) {
        const auto asked = got->as<note>().value();
        REQUIRE(asked.number == next);
        ++next;
        back.send(asked).value();
      }
    }
    CHECK(other.wait() == 0);
  }
}

TEST_CASE("an epoll loop takes bursts of many senders, all and in order") {
  reception at;
  constexpr std::uint32_t senders = 6;
  constexpr std::uint32_t each = 5'000;
  std::vector<forked> others;
  for (std::uint32_t s = 0; s < senders; ++s) {
    others.emplace_back([&, s](const auto&) -> int {
      const auto here = segment::open("mail", at.options).value();
      auto to =
          traffic_address::wait_for(here, "sink", clock::now() + 60s).value();
      std::mt19937_64 random{s};
      for (std::uint32_t i = 0; i < each;) {
        // Bursts with a breath between: the loop falls asleep now and then.
        for (auto burst = 1 + random() % 200; burst > 0 && i < each;) {
          const auto sent = send_one(here, to, s, i);
          if (sent) {
            ++i;
            --burst;
          } else if (sent.error() != send_error::ring_full) {
            return 1;
          } else {
            std::this_thread::yield();
          }
        }
        for (auto breath = random() % 20; breath > 0; --breath)
          std::this_thread::yield();
      }
      return 0;
    });
  }
  std::array<std::uint32_t, senders> next{};
  std::uint32_t all = 0;
  std::uint32_t wakes = 0;
  std::vector<loan<const sheet>> held;
  while (all < senders * each) {
    REQUIRE(at.loop.next());
    ++wakes;
    all += static_cast<std::uint32_t>(
        at.box.take_each([&](const message::parcel& p) {
          const auto what = open_one(p, held);
          REQUIRE(what);
          REQUIRE(what->number == next.at(what->sender)++);
          if (held.size() > 8) held.clear();
        }));
  }
  for (auto& o : others)
    CHECK(o.wait() == 0);
  held.clear();
  CHECK(count_loans(at.shared.engine()->img()) == loan_count{});
  std::printf("  %u messages in %u turns of the loop\n", all, wakes);
}

TEST_CASE("one epoll loop has an inbox and subscriptions, and misses nothing") {
  reception at;
  auto prices = ticks::open_or_create(at.shared, "prices").value();
  auto news = ticks::open_or_create(at.shared, "news").value();
  std::array readers{prices.subscribe(topic_asleep).value(),
                     news.subscribe(topic_asleep).value()};
  at.loop.add(readers[0].wake_fd(), 1);
  at.loop.add(readers[1].wake_fd(), 2);
  constexpr std::uint64_t rounds = 15'000;
  forked other{[&](const auto&) -> int {
    const auto here = segment::open("mail", at.options).value();
    auto own = inbox::open(here).value();
    own.publish("asker").value();
    auto to =
        traffic_address::wait_for(here, "sink", clock::now() + 60s).value();
    std::array topics{ticks::open(here, "prices").value(),
                      ticks::open(here, "news").value()};
    std::mt19937_64 random{Catch::getSeed()};
    for (std::uint64_t i = 0; i < rounds; ++i) {
      const auto way = random() % 3;
      if (way == 0) {
        if (!to.send(note{0, i, 0})) return 1;
      } else {
        auto next = try_loan<tick>(here).value();
        next->number = i;
        if (!topics.at(way - 1).publish(std::move(next))) return 2;
      }
      // In a burst now and then: several are readable at once.
      if (random() % 8 == 0) continue;
      if (!is_answered(own, i)) return 3;
    }
    return 0;
  }};
  auto back =
      remote_address<note>::wait_for(at.shared, "asker", clock::now() + 60s)
          .value();
  // Whatever way they came, so many have.
  std::uint64_t all = 0;
  std::array<std::uint64_t, 3> last{};
  std::array<std::uint64_t, 3> count{};
  const auto note_one = [&](std::size_t way, std::uint64_t number) {
    REQUIRE((count.at(way) == 0 || number > last.at(way)));
    last.at(way) = number;
    ++count.at(way);
    ++all;
    // It waits for the last one that it has sent, and may be gone by then.
    static_cast<void>(back.send(note{0, number, 0}));
  };
  while (all < rounds) {
    const auto which = at.loop.next();
    REQUIRE(which);
    if (*which == 0) {
      while (const auto got = at.box.try_take())
        note_one(0, got->as<note>().value().number);
    } else {
      while (const auto next = readers.at(*which - 1).try_take()) {
        REQUIRE(next.missed() == 0);
        note_one(*which, next->number);
      }
    }
  }
  CHECK(other.wait() == 0);
  for (const auto c : count)
    CHECK(c > 0);
}

TEST_CASE("a sender that dies in a message holds no epoll loop up") {
  reception at;
  const auto& img = at.shared.engine()->img();
  auto to = traffic_address::find(at.shared, "sink").value();
  std::vector<loan<const sheet>> held;
  const auto take_all = [&] {
    std::uint32_t found = 0;
    for (; const auto got = at.box.try_take(); ++found)
      REQUIRE(open_one(*got, held));
    held.clear();
    return found;
  };
  constexpr std::uint32_t victims = 20;
  for (std::uint32_t v = 0; v < victims; ++v) {
    forked victim{[&](const auto& tell) -> int {
      const auto here = segment::open("mail", at.options).value();
      // What a sender does first; the claim lasts less than a microsecond.
      const auto ring =
          memory::ring_of(here.engine()->img(), at.shared.engine()->slot());
      auto& word = ring.cell(ring.header->tail.load()).word;
      memory::cell_word now{word.load()};
      if (!word.compare_exchange_strong(
              now.raw, now.claimed_by(here.engine()->slot()).raw)) {
        return 1;
      }
      tell.say('c');
      return ::pause();
    }};
    REQUIRE(victim.next() == 'c');
    REQUIRE(has_claim(img, victim.pid()));
    // Behind the claim, and nobody sends another one.
    REQUIRE(send_one(at.shared, to, 0, v));
    CHECK(take_all() == 0);
    victim.kill();
    std::uint32_t came = 0;
    while (came == 0) {
      REQUIRE(at.loop.next());
      came = take_all();
    }
    CHECK(came == 1);
  }
  CHECK(at.box.statistics().skipped_claims == victims);
  CHECK(at.shared.participants().size() == 1);
  CHECK(count_loans(img) == loan_count{});
}

TEST_CASE("a loop that is killed frees its name and its subscription") {
  test_folder folder;
  const auto options = in_folder(folder);
  auto shared = segment::create("mail", options).value();
  auto prices = ticks::open_or_create(shared, "prices").value();
  for (int round = 0; round < 10; ++round) {
    forked receiver{[&](const auto& tell) -> int {
      const auto here = segment::open("mail", options).value();
      auto box = inbox::open(here, asleep).value();
      auto reader =
          ticks::open(here, "prices").value().subscribe(topic_asleep).value();
      const epoll_loop loop;
      loop.add(box.wake_fd(), 0);
      loop.add(reader.wake_fd(), 1);
      box.publish("sink").value();
      while (loop.next()) {
        while (box.try_take())
          tell.say('m');
        while (reader.try_take())
          tell.say('t');
      }
      return 1;
    }};
    auto to = remote_address<note>::wait_for(shared, "sink", clock::now() + 60s)
                  .value();
    to.send(note{}).value();
    CHECK(receiver.next() == 'm');
    prices.publish(try_loan<tick>(shared).value()).value();
    CHECK(receiver.next() == 't');
    receiver.kill();
    shared.sweep();
    CHECK(prices.statistics().subscribers.empty());
    CHECK(shared.participants().size() == 1);
  }
}

}  // namespace commy::test
