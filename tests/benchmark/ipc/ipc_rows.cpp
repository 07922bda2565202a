// Question: how long is a 64-byte payload on its way to another process that is
// waiting for it, one way, written at one end and read at the other?
// Method: ping-pong between two processes, half the round trip; where receivers
// can spin they do, because waking an idle core costs 20 to 30 us whatever the
// transport, which would hide what is measured.
#include "../report.hpp"
#include "../sampling.hpp"
#include "echo_process.hpp"
#include <commy/memory/loan.hpp>
#include <commy/memory/segment.hpp>
#include <commy/message/inbox.hpp>
#include <commy/message/remote_address.hpp>
#include <commy/platform/thread_hint.hpp>

#include <boost/interprocess/ipc/message_queue.hpp>

#include <sys/mman.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstring>
#include <functional>
#include <new>
#include <stdexcept>

namespace commy::benchmark {

struct payload {
  std::array<std::uint64_t, 8> words{};
};
BOOST_DESCRIBE_STRUCT(payload, (), (words))

struct hop {
  std::uint64_t number = 0;
  loan_handle carried;
};
BOOST_DESCRIBE_STRUCT(hop, (), (number, carried))

namespace {

using namespace std::chrono_literals;

/// Half round trips in ns. The first tenth is warm-up.
percentiles half_trips(const std::function<void(std::uint64_t)>& round_trip,
                       std::uint64_t rounds) {
  using clock = std::chrono::steady_clock;
  std::vector<double> times;
  times.reserve(rounds);
  for (std::uint64_t i = 0; i < rounds; ++i) {
    const auto begin = clock::now();
    round_trip(i);
    const std::chrono::duration<double, std::nano> took = clock::now() - begin;
    if (i >= rounds / 10) times.push_back(took.count() / 2);
  }
  return of(times);
}

std::uint64_t sum(const payload& p) {
  std::uint64_t all = 0;
  for (const auto word : p.words)
    all += word;
  return all;
}

/// One end of our ping-pong.
class station {
public:
  station(const segment_options& options, const char* own)
      : shared_{segment::open_or_create("hops", options).value()},
        mail_{message::inbox::open(shared_).value()} {
    mail_.publish(own).value();
  }
  void find(const char* other) {
    to_.emplace(remote_address<hop>::wait_for(
                    shared_, other, std::chrono::steady_clock::now() + 10s)
                    .value());
  }
  void send(std::uint64_t number) {
    auto lent = try_loan_for_overwrite<payload>(shared_).value();
    lent->words.fill(number);
    to_->send(hop{number, {}}, std::move(lent)).value();
  }
  /// Spins for the next message and reads its payload.
  std::uint64_t receive() {
    for (;;) {
      if (auto parcel = mail_.try_take()) {
        const auto what = parcel->as<hop>().value();
        return sum(*parcel->adopt<payload>(what.carried).value());
      }
      platform::cpu_relax();
    }
  }

private:
  segment shared_;
  message::inbox mail_;
  std::optional<remote_address<hop>> to_;
};

percentiles ours() {
  segment_options options;
  options.folder = "/dev/shm/commy-hops-" + std::to_string(::getpid());
  percentiles figures;
  {
    const echo_process other{[&] {
      station there{options, "there"};
      there.find("here");
      for (;;)
        there.send(there.receive());
    }};
    station here{options, "here"};
    here.find("there");
    figures = half_trips(
        [&](std::uint64_t i) {
          here.send(i);
          keep(here.receive());
        },
        200'000);
  }
  static_cast<void>(segment::remove("hops", options));
  ::rmdir(options.folder.c_str());
  return figures;
}

/// Memory that a forked child shares.
template <class T>
T& shared_object() {
  void* const at = ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) throw std::runtime_error{"mmap failed"};
  return *new (at) T{};
}

/// The limit: a flag and a payload in shared memory, both sides spinning.
struct slot {
  alignas(64) std::atomic<std::uint64_t> flag{0};
  payload content;
};
percentiles bare_flag() {
  struct pair {
    slot there, back;
  };
  auto& shared = shared_object<pair>();
  const auto put = [](slot& s, std::uint64_t turn, std::uint64_t number) {
    s.content.words.fill(number);
    s.flag.store(turn, std::memory_order_release);
  };
  const auto get = [](slot& s, std::uint64_t turn) {
    while (s.flag.load(std::memory_order_acquire) != turn) {
      platform::cpu_relax();
    }
    return sum(s.content);
  };
  const echo_process other{[&] {
    for (std::uint64_t i = 1;; ++i)
      put(shared.back, i, get(shared.there, i));
  }};
  return half_trips(
      [&](std::uint64_t i) {
        put(shared.there, i + 1, i);
        keep(get(shared.back, i + 1));
      },
      200'000);
}

void write_whole(int fd, const payload& p) {
  if (::write(fd, &p, sizeof p) != sizeof p) ::_exit(1);
}
payload read_whole(int fd) {
  payload p;
  for (std::size_t got = 0; got < sizeof p;) {
    const auto n =
        ::read(fd, reinterpret_cast<char*>(&p) + got, sizeof p - got);
    if (n <= 0) ::_exit(1);
    got += static_cast<std::size_t>(n);
  }
  return p;
}

/// Any pair of descriptors: {written, read} here and there.
percentiles by_descriptors(std::array<int, 2> here, std::array<int, 2> there) {
  const echo_process other{[&] {
    for (;;)
      write_whole(there[0], read_whole(there[1]));
  }};
  return half_trips(
      [&](std::uint64_t i) {
        payload p;
        p.words.fill(i);
        write_whole(here[0], p);
        keep(sum(read_whole(here[1])));
      },
      20'000);
}

percentiles pipes() {
  std::array<int, 2> to{};
  std::array<int, 2> from{};
  if (::pipe(to.data()) != 0 || ::pipe(from.data()) != 0) {
    throw std::runtime_error{"pipe failed"};
  }
  return by_descriptors({to[1], from[0]}, {from[1], to[0]});
}

percentiles unix_socket() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) {
    throw std::runtime_error{"socketpair failed"};
  }
  return by_descriptors({ends[0], ends[0]}, {ends[1], ends[1]});
}

percentiles interprocess_queue() {
  namespace bip = boost::interprocess;
  const auto there = "commy-there-" + std::to_string(::getpid());
  const auto back = "commy-back-" + std::to_string(::getpid());
  struct remover {
    const std::string& name;
    ~remover() { bip::message_queue::remove(name.c_str()); }
  } const first{there}, second{back};
  bip::message_queue to{bip::create_only, there.c_str(), 16, sizeof(payload)};
  bip::message_queue from{bip::create_only, back.c_str(), 16, sizeof(payload)};
  const auto take = [](bip::message_queue& queue) {
    payload p;
    bip::message_queue::size_type size = 0;
    unsigned priority = 0;
    while (!queue.try_receive(&p, sizeof p, size, priority)) {
      platform::cpu_relax();
    }
    return p;
  };
  const echo_process other{[&] {
    for (;;) {
      const auto p = take(to);
      from.send(&p, sizeof p, 0);
    }
  }};
  return half_trips(
      [&](std::uint64_t i) {
        payload p;
        p.words.fill(i);
        to.send(&p, sizeof p, 0);
        keep(sum(take(from)));
      },
      50'000);
}

}  // namespace

void run_ipc(report& into) {
  const auto add = [&](const char* peer, percentiles (*measure)()) {
    // In turn, so that a machine whose speed wanders treats both alike.
    const auto mine = ours();
    const auto theirs = measure();
    into.add({"ipc", "handle_hop", "ns", mine.p50, mine.p99, peer, theirs.p50,
              better::less});
  };
  add("bare flag, both spin (limit)", bare_flag);
  add("Boost.Interprocess queue, polled", interprocess_queue);
  add("pipe", pipes);
  add("Unix socket", unix_socket);
}

}  // namespace commy::benchmark
