// Question: what does it cost to publish a payload to seven processes, and how
// long is it until each of them has read it, beside one process?
// Method: a publisher on the first core, the receivers all on the second, where
// their times add up. Each payload is written, published, and read to its last
// byte by each receiver before the next one is written. `fan_out_7` is a
// seventh of the time from the call that publishes until the last of seven has
// read it; beside it the same with one receiver, which waits in the same way,
// or spins and so needs no wake-up. `fan_out_7_write` is the publisher's call
// alone, with what it takes to lend the payload's block before, to receivers
// that are awake; beside it are smaller payloads, and one receiver.
// `fan_out_7_wake` is the same to seven that sleep, beside as many bare wakes.
#include "fan_out_rows.hpp"

#include "fan_out.hpp"
#include "our_ends.hpp"
#include <commy/message/shared_topic.hpp>

#include <linux/futex.h>
#include <sys/syscall.h>

#include <array>
#include <functional>
#include <thread>

namespace commy::benchmark {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using message::waiting;

/// How our receivers wait; without a way they look and let others have the
/// core in turn, so they are never asleep.
using way = std::optional<waiting>;
constexpr way awake{};

/// How much of a payload is written and read.
enum class touched : std::uint8_t { all, first_word };

shared_topic<std::uint64_t> topic_of(const segment& shared) {
  return shared_topic<std::uint64_t>::open_or_create(shared, "all",
                                                     {.depth = 8})
      .value();
}

class our_publisher {
public:
  our_publisher(const meeting_place& at, std::size_t bytes, touched what)
      : shared_{at.attach()},
        topic_{topic_of(shared_)},
        words_{bytes / sizeof(std::uint64_t)},
        what_{what} {}
  void write(std::uint64_t number) {
    // Lending is a part of publishing where nothing is written.
    if (what_ == touched::first_word) return;
    lend();
    write_words(lent_.span(), number);
  }
  void publish() {
    if (what_ == touched::first_word) {
      lend();
      lent_[0] = 1;
    }
    topic_.publish(std::move(lent_)).value();
  }

private:
  void lend() {
    lent_ = try_loan_for_overwrite<std::uint64_t>(shared_, words_).value();
  }

  segment shared_;
  shared_topic<std::uint64_t> topic_;
  std::size_t words_;
  touched what_;
  loan<std::uint64_t> lent_;
};

[[noreturn]] void receive(const meeting_place& at, receipts& seen, way how,
                          touched what) {
  const auto shared = at.attach();
  const auto topic = topic_of(shared);
  auto all = topic.subscribe({.how = how.value_or(waiting::adaptive)}).value();
  seen.ready.fetch_add(1);
  for (;;) {
    while (auto got = all.try_take()) {
      if (got.missed() != 0) throw std::runtime_error{"one was missed"};
      keep(what == touched::all ? sum_of(got.span()) : got[0]);
      got.reset();
      seen.read.fetch_add(1, std::memory_order_release);
    }
    if (how) {
      static_cast<void>(all.wait(clock::now() + 10s));
    } else {
      std::this_thread::yield();
    }
  }
}

std::optional<fan_times> our_fan(const fan& f, way how,
                                 touched what = touched::all) {
  const meeting_place at;
  return time_fan(
      f, [&](receipts& seen) { receive(at, seen, how, what); },
      [&] { return our_publisher{at, f.bytes, what}; });
}

/// As many threads' worth of bare wakes as there are receivers.
std::optional<fan_times> bare_wakes(const fan& f) {
  struct alignas(64) word {
    std::atomic<std::uint32_t> value{0};
  };
  constexpr unsigned receivers_max = 64;
  struct all_words {
    std::array<word, receivers_max> each;
    std::atomic<unsigned> taken{0};
  };
  const shared_object<all_words> words;
  const auto call = [](auto& flag, int what, std::uint32_t value) {
    ::syscall(SYS_futex, &flag, what, value, nullptr, nullptr, 0);
  };
  struct waker {
    all_words* words;
    unsigned receivers;
    std::uint32_t round = 0;
    void write(std::uint64_t /*number*/) {}
    void publish() {
      ++round;
      for (unsigned r = 0; r < receivers; ++r) {
        auto& value = words->each[r].value;
        value.store(round, std::memory_order_release);
        ::syscall(SYS_futex, &value, FUTEX_WAKE, 1, nullptr, nullptr, 0);
      }
    }
  };
  return time_fan(
      f,
      [&](receipts& seen) {
        auto& mine = words->each[words->taken.fetch_add(1)].value;
        seen.ready.fetch_add(1);
        for (std::uint32_t known = 0;;) {
          const auto now = mine.load(std::memory_order_acquire);
          if (now == known) {
            call(mine, FUTEX_WAIT, known);
            continue;
          }
          known = now;
          seen.read.fetch_add(1, std::memory_order_release);
        }
      },
      [&] { return waker{&*words, f.receivers}; });
}

struct peer {
  const char* name;
  std::function<std::optional<fan_times>()> measure;
};

/// `part` of ours and of the peer's, each by as many as `per` says.
void add_beside(report& into, const char* name, const peer& ours,
                percentiles fan_times::* part, double ours_per,
                const peer& other, double other_per) {
  const auto mine = ours.measure();
  const auto theirs = other.measure();
  if (!mine || !theirs) {
    into.not_available("ipc", name, mine ? other.name : "",
                       "it did not work here");
    return;
  }
  const auto& a = (*mine).*part;
  const auto& b = (*theirs).*part;
  into.add({"ipc", name, "ns", a.p50 / ours_per, a.p99 / ours_per, other.name,
            b.p50 / other_per, better::less, a.p999 / ours_per,
            b.p99 / other_per});
}

}  // namespace

void run_fan_out(report& into) {
  constexpr fan seven{};
  constexpr fan one{.receivers = 1};
  const peer ours{"", [&] { return our_fan(seven, waiting::adaptive); }};
  const auto read = [&](const peer& other, double per) {
    add_beside(into, "fan_out_7", ours, &fan_times::read, 7, other, per);
  };
  read({"1 receiver that spins", [&] { return our_fan(one, waiting::spin); }},
       1);
  read({"1 receiver", [&] { return our_fan(one, waiting::adaptive); }}, 1);
#ifdef COMMY_BENCHMARK_ICEORYX
  read({"iceoryx 2, WaitSet", [&] { return iceoryx_fan(seven); }}, 7);
#endif
#ifdef COMMY_BENCHMARK_ZEROMQ
  read({"ZeroMQ PUB, ipc", [&] { return zeromq_fan(seven); }}, 7);
#endif

  const auto to_awake = [](std::size_t bytes, unsigned receivers) {
    return our_fan({bytes, receivers, 5'000}, awake, touched::first_word);
  };
  const peer large{"", [&] { return to_awake(1U << 20U, 7); }};
  for (const auto& other :
       {peer{"64 bytes", [&] { return to_awake(64, 7); }},
        peer{"4 KiB", [&] { return to_awake(4U << 10U, 7); }},
        peer{"to 1 receiver", [&] { return to_awake(1U << 20U, 1); }}}) {
    add_beside(into, "fan_out_7_write", large, &fan_times::publish, 1, other,
               1);
  }

  const auto to_asleep = [] {
    return our_fan({1U << 20U, 7, 2'000}, waiting::sleep, touched::first_word);
  };
  const peer sleepers{"", to_asleep};
  add_beside(into, "fan_out_7_wake", sleepers, &fan_times::publish, 1,
             {"7 bare futex wakes", [] { return bare_wakes({0, 7, 2'000}); }},
             1);
}

}  // namespace commy::benchmark
