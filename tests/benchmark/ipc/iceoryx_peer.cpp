// iceoryx 2: loaned chunks between processes, with its daemon iox-roudi, which
// lives as long as one measurement.
#include "fan_out.hpp"
#include "other_process.hpp"
#include "trips.hpp"
#include <commy/platform/thread_hint.hpp>

#include <iceoryx_posh/popo/untyped_publisher.hpp>
#include <iceoryx_posh/popo/untyped_subscriber.hpp>
#include <iceoryx_posh/popo/wait_set.hpp>
#include <iceoryx_posh/runtime/posh_runtime.hpp>

#include <fcntl.h>

#include <deque>
#include <iceoryx_hoofs/log/logmanager.hpp>
#include <string>

namespace commy::benchmark {
namespace {

/// The daemon, found by PATH.
class roudi {
public:
  roudi() : pid_{::fork()} {
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nowhere < 0) ::_exit(127);
    ::dup2(nowhere, STDOUT_FILENO);
    ::dup2(nowhere, STDERR_FILENO);
    ::execlp("iox-roudi", "iox-roudi", "--log-level", "off", nullptr);
    ::_exit(127);
  }
  roudi(const roudi&) = delete;
  roudi& operator=(const roudi&) = delete;
  ~roudi() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }

private:
  pid_t pid_;
};

iox::RuntimeName_t process_name(const char* which) {
  const auto name = std::string{which} + std::to_string(::getpid());
  return {iox::cxx::TruncateToCapacity, name};
}
iox::capro::ServiceDescription line_to(const char* whom) {
  return {{"Commy"},
          {"Benchmark"},
          iox::capro::IdString_t{iox::cxx::TruncateToCapacity, whom}};
}

void join_runtime(const char* which) {
  iox::log::LogManager::GetLogManager().SetDefaultLogLevel(
      iox::log::LogLevel::kOff, iox::log::LogLevelOutput::kHideLogLevel);
  iox::runtime::PoshRuntime::initRuntime(process_name(which));
}

/// As many chunks may wait as iceoryx has places for; senders wait for room.
iox::popo::SubscriberOptions patient_subscriber() {
  iox::popo::SubscriberOptions options;
  options.queueCapacity = 256;
  options.queueFullPolicy = iox::popo::QueueFullPolicy::BLOCK_PRODUCER;
  return options;
}
iox::popo::PublisherOptions patient_publisher() {
  iox::popo::PublisherOptions options;
  options.subscriberTooSlowPolicy =
      iox::popo::ConsumerTooSlowPolicy::WAIT_FOR_CONSUMER;
  return options;
}

class sender {
public:
  explicit sender(const char* whom)
      : port_{line_to(whom), patient_publisher()} {
    while (!port_.hasSubscribers())
      platform::cpu_relax();
  }
  void send(std::size_t words, std::uint64_t what) {
    for (;;) {
      auto chunk = port_.loan(static_cast<std::uint32_t>(words * sizeof what),
                              alignof(std::uint64_t));
      if (chunk.has_error()) continue;  // All are under way.
      write_words({static_cast<std::uint64_t*>(chunk.value()), words}, what);
      port_.publish(chunk.value());
      return;
    }
  }

private:
  iox::popo::UntypedPublisher port_;
};

class receiver {
public:
  explicit receiver(const char* whom)
      : port_{line_to(whom), patient_subscriber()} {}
  std::uint64_t take(std::size_t words) {
    for (;;) {
      auto chunk = port_.take();
      if (chunk.has_error()) {
        platform::cpu_relax();
        continue;
      }
      const auto sum =
          sum_of({static_cast<const std::uint64_t*>(chunk.value()), words});
      port_.release(chunk.value());
      return sum;
    }
  }

private:
  iox::popo::UntypedSubscriber port_;
};

/// One of several that are published to, and sleep.
[[noreturn]] void wait_and_read(receipts& seen, std::size_t words) {
  join_runtime("there");
  iox::popo::UntypedSubscriber port{line_to("all"), patient_subscriber()};
  iox::popo::WaitSet<> waits;
  waits.attachState(port, iox::popo::SubscriberState::HAS_DATA)
      .or_else([](auto&) { throw std::runtime_error{"iceoryx: no wait set"}; });
  while (port.getSubscriptionState() != iox::SubscribeState::SUBSCRIBED)
    platform::cpu_relax();
  seen.ready.fetch_add(1);
  for (;;) {
    static_cast<void>(waits.wait());
    for (;;) {
      auto chunk = port.take();
      if (chunk.has_error()) break;
      keep(sum_of({static_cast<const std::uint64_t*>(chunk.value()), words}));
      port.release(chunk.value());
      seen.read.fetch_add(1, std::memory_order_release);
    }
  }
}

class fan_publisher {
public:
  explicit fan_publisher(std::size_t words)
      : port_{line_to("all"), patient_publisher()}, words_{words} {}
  void write(std::uint64_t number) {
    auto chunk =
        port_.loan(static_cast<std::uint32_t>(words_ * sizeof(std::uint64_t)),
                   alignof(std::uint64_t));
    if (chunk.has_error()) throw std::runtime_error{"iceoryx: no chunk"};
    chunk_ = chunk.value();
    write_words({static_cast<std::uint64_t*>(chunk_), words_}, number);
  }
  void publish() { port_.publish(chunk_); }

private:
  iox::popo::UntypedPublisher port_;
  std::size_t words_;
  void* chunk_ = nullptr;
};

std::optional<percentiles> trips(trip t) {
  // It outlives who uses it: on its end it ends them.
  const roudi daemon;
  return on_first_core([&] {
    const auto words = t.bytes / sizeof(std::uint64_t);
    const other_process other{[&] {
      join_runtime("there");
      receiver in{"there"};
      sender out{"here"};
      for (;;)
        out.send(words, in.take(words));
    }};
    join_runtime("here");
    receiver in{"here"};
    sender out{"there"};
    return time_trips(t.rounds, [&](std::uint64_t i) {
      out.send(words, i);
      keep(in.take(words));
    });
  });
}

std::optional<double> rate(unsigned producers) {
  // It outlives who uses it: on its end it ends them.
  const roudi daemon;
  return on_first_core([&] {
    std::deque<other_process> others;
    for (unsigned p = 0; p < producers; ++p) {
      others.emplace_back([&] {
        join_runtime("there");
        sender out{"here"};
        for (std::uint64_t i = 0;; ++i)
          out.send(small_words, i);
      });
    }
    join_runtime("here");
    receiver in{"here"};
    return time_taking([&]() -> std::uint64_t {
      keep(in.take(small_words));
      return 1;
    });
  });
}

}  // namespace

std::optional<fan_times> iceoryx_fan(const fan& f) {
  // It outlives who uses it: on its end it ends them.
  const roudi daemon;
  const auto words = f.bytes / sizeof(std::uint64_t);
  return time_fan(
      f, [&](receipts& seen) { wait_and_read(seen, words); },
      [&] {
        join_runtime("here");
        return fan_publisher{words};
      });
}

transport iceoryx() { return {"iceoryx 2, polled", trips, rate}; }

}  // namespace commy::benchmark
