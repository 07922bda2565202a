#include "our_ends.hpp"

#include "other_process.hpp"

#include <deque>
#include <thread>

namespace commy::benchmark {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// One end of a ping-pong.
class station {
public:
  station(const meeting_place& at, const char* own, message::waiting how)
      : shared_{at.attach()},
        mail_{message::inbox::open(shared_, {.how = how}).value()} {
    mail_.publish(own).value();
  }
  void find(const char* other) {
    to_.emplace(
        remote_address<hop>::wait_for(shared_, other, clock::now() + 10s)
            .value());
  }
  void send(std::size_t words, std::uint64_t number) {
    auto lent = try_loan_for_overwrite<std::uint64_t>(shared_, words).value();
    write_words(lent.span(), number);
    to_->send(hop{number, {}}, std::move(lent)).value();
  }
  std::uint64_t receive() {
    for (;;) {
      if (auto parcel = mail_.try_take()) {
        const auto what = parcel->as<hop>().value();
        return sum_of(
            parcel->adopt<std::uint64_t>(what.carried).value().span());
      }
      static_cast<void>(mail_.wait(clock::now() + 10s));
    }
  }

private:
  segment shared_;
  message::inbox mail_;
  std::optional<remote_address<hop>> to_;
};

bool lends(std::size_t words) {
  const meeting_place at;
  return try_loan_for_overwrite<std::uint64_t>(at.attach(), words).has_value();
}

}  // namespace

meeting_place::meeting_place() {
  options_.folder = "/dev/shm/commy-hops-" + std::to_string(::getpid());
  options_.capacity = 2048ULL << 20U;
}
meeting_place::~meeting_place() {
  static_cast<void>(segment::remove("hops", options_));
  ::rmdir(options_.folder.c_str());
}
segment meeting_place::attach() const {
  return segment::open_or_create("hops", options_).value();
}

std::optional<percentiles> our_trips(trip t, message::waiting how) {
  const auto words = t.bytes / sizeof(std::uint64_t);
  if (!lends(words)) return std::nullopt;
  return on_first_core([&] {
    const meeting_place at;
    const other_process other{[&] {
      station there{at, "there", how};
      there.find("here");
      for (;;)
        there.send(words, there.receive());
    }};
    station here{at, "here", how};
    here.find("there");
    return time_trips(t.rounds, [&](std::uint64_t i) {
      here.send(words, i);
      keep(here.receive());
    });
  });
}

std::optional<double> our_rate(unsigned producers) {
  return on_first_core([&] {
    const meeting_place at;
    std::deque<other_process> others;
    for (unsigned p = 0; p < producers; ++p) {
      others.emplace_back([&] {
        const auto shared = at.attach();
        auto to =
            remote_address<small>::wait_for(shared, "here", clock::now() + 10s)
                .value();
        small message;
        for (std::uint64_t i = 0;; ++i) {
          write_words(message.words, i);
          while (!to.send(message)) {
            // To the other senders on this core.
            if (producers > 1) std::this_thread::yield();
          }
        }
      });
    }
    const auto shared = at.attach();
    auto mail =
        message::inbox::open(shared, {.how = message::waiting::spin}).value();
    mail.publish("here").value();
    return time_taking([&]() -> std::uint64_t {
      const auto count = mail.take_each([](const message::parcel& p) {
        keep(sum_of(p.as<small>().value().words));
      });
      if (count == 0) static_cast<void>(mail.wait(clock::now() + 10s));
      return count;
    });
  });
}

}  // namespace commy::benchmark
