// What the system and Boost offer between processes, and the limits.
#include "other_process.hpp"
#include "trips.hpp"
#include <commy/platform/thread_hint.hpp>

#include <boost/interprocess/ipc/message_queue.hpp>

#include <linux/futex.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>
#include <atomic>
#include <deque>
#include <string>

namespace commy::benchmark {
namespace {

using number = std::uint64_t;
constexpr std::size_t words_max = (4U << 20U) / sizeof(number);

// --- Bare memory -----------------------------------------------------------

struct slot {
  alignas(64) std::atomic<std::uint32_t> flag{0};
  alignas(64) std::array<number, words_max> words{};
};
struct slot_pair {
  slot there, back;
};

/// Both sides wait by `until(flag, value)` and go on by `set(flag, value)`.
template <class Set, class Until>
std::optional<percentiles> by_slots(trip t, Set set, Until until) {
  return on_first_core([&] {
    const shared_object<slot_pair> shared;
    const auto size = t.bytes / sizeof(number);
    const auto put = [&](slot& s, std::uint32_t turn, number what) {
      write_words(std::span{s.words}.first(size), what);
      set(s.flag, turn);
    };
    const auto get = [&](slot& s, std::uint32_t turn) {
      until(s.flag, turn);
      return sum_of(std::span{s.words}.first(size));
    };
    const other_process other{[&] {
      for (std::uint32_t i = 1;; ++i)
        put(shared->back, i, get(shared->there, i));
    }};
    return time_trips(t.rounds, [&](std::uint64_t i) {
      const auto turn = static_cast<std::uint32_t>(i + 1);
      put(shared->there, turn, i);
      keep(get(shared->back, turn));
    });
  });
}

std::optional<percentiles> spin_on_flag(trip t) {
  return by_slots(
      t,
      [](auto& flag, std::uint32_t turn) {
        flag.store(turn, std::memory_order_release);
      },
      [](auto& flag, std::uint32_t turn) {
        while (flag.load(std::memory_order_acquire) != turn)
          platform::cpu_relax();
      });
}

std::optional<percentiles> sleep_on_futex(trip t) {
  const auto call = [](auto& flag, int what, std::uint32_t value) {
    ::syscall(SYS_futex, &flag, what, value, nullptr, nullptr, 0);
  };
  return by_slots(
      t,
      [=](auto& flag, std::uint32_t turn) {
        flag.store(turn, std::memory_order_release);
        call(flag, FUTEX_WAKE, 1);
      },
      [=](auto& flag, std::uint32_t turn) {
        for (;;) {
          const auto seen = flag.load(std::memory_order_acquire);
          if (seen == turn) return;
          call(flag, FUTEX_WAIT, seen);
        }
      });
}

// --- Descriptors -----------------------------------------------------------

void write_all(int fd, std::span<const number> words) {
  const auto bytes = std::as_bytes(words);
  for (std::size_t done = 0; done < bytes.size();) {
    const auto n = ::write(fd, &bytes[done], bytes.size() - done);
    if (n <= 0) ::_exit(1);
    done += static_cast<std::size_t>(n);
  }
}
void read_all(int fd, std::span<number> words) {
  const auto bytes = std::as_writable_bytes(words);
  for (std::size_t done = 0; done < bytes.size();) {
    const auto n = ::read(fd, &bytes[done], bytes.size() - done);
    if (n <= 0) ::_exit(1);
    done += static_cast<std::size_t>(n);
  }
}

/// {to write to, to read from} of each side.
struct line {
  std::array<int, 2> here{}, there{};
};
line pipe_line() {
  std::array<int, 2> to{};
  std::array<int, 2> from{};
  if (::pipe(to.data()) != 0 || ::pipe(from.data()) != 0) {
    throw std::runtime_error{"pipe failed"};
  }
  return {{to[1], from[0]}, {from[1], to[0]}};
}
line socket_line() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) {
    throw std::runtime_error{"socketpair failed"};
  }
  return {{ends[0], ends[0]}, {ends[1], ends[1]}};
}

template <line (*Open)()>
std::optional<percentiles> trips_by(trip t) {
  return on_first_core([&] {
    const auto ends = Open();
    std::vector<number> words(t.bytes / sizeof(number));
    const other_process other{[&] {
      for (;;) {
        read_all(ends.there[1], words);
        write_words(words, sum_of(words));
        write_all(ends.there[0], words);
      }
    }};
    return time_trips(t.rounds, [&](std::uint64_t i) {
      write_words(words, i);
      write_all(ends.here[0], words);
      read_all(ends.here[1], words);
      keep(sum_of(words));
    });
  });
}

template <line (*Open)()>
std::optional<double> rate_by(unsigned producers) {
  return on_first_core([&] {
    const auto ends = Open();
    std::deque<other_process> others;
    for (unsigned p = 0; p < producers; ++p) {
      others.emplace_back([&] {
        std::array<number, small_words> words{};
        for (number i = 0;; ++i) {
          write_words(words, i);
          // Whole up to PIPE_BUF; a socket is given 32 bytes at once, too.
          write_all(ends.there[0], words);
        }
      });
    }
    std::array<number, small_words> words{};
    return time_taking([&]() -> std::uint64_t {
      read_all(ends.here[1], words);
      keep(sum_of(words));
      return 1;
    });
  });
}

// --- Boost.Interprocess ----------------------------------------------------

/// A queue that is removed even when a measurement fails.
class queue {
public:
  queue(const char* use, std::size_t room, std::size_t bytes)
      : name_{"commy-" + std::string{use} + std::to_string(::getpid())},
        made_{boost::interprocess::create_only, name_.c_str(), room, bytes} {}
  queue(const queue&) = delete;
  queue& operator=(const queue&) = delete;
  ~queue() { boost::interprocess::message_queue::remove(name_.c_str()); }

  void send(std::span<const number> words) {
    while (!made_.try_send(words.data(), words.size_bytes(), 0))
      platform::cpu_relax();
  }
  void take(std::span<number> words) {
    boost::interprocess::message_queue::size_type size = 0;
    unsigned priority = 0;
    while (
        !made_.try_receive(words.data(), words.size_bytes(), size, priority)) {
      platform::cpu_relax();
    }
  }

private:
  std::string name_;
  boost::interprocess::message_queue made_;
};

std::optional<percentiles> queue_trips(trip t) {
  return on_first_core([&] {
    queue to{"there", 16, t.bytes};
    queue from{"back", 16, t.bytes};
    std::vector<number> words(t.bytes / sizeof(number));
    const other_process other{[&] {
      for (;;) {
        to.take(words);
        write_words(words, sum_of(words));
        from.send(words);
      }
    }};
    return time_trips(t.rounds, [&](std::uint64_t i) {
      write_words(words, i);
      to.send(words);
      from.take(words);
      keep(sum_of(words));
    });
  });
}

std::optional<double> queue_rate(unsigned producers) {
  return on_first_core([&] {
    queue to{"there", 1024, small_words * sizeof(number)};
    std::deque<other_process> others;
    for (unsigned p = 0; p < producers; ++p) {
      others.emplace_back([&] {
        std::array<number, small_words> words{};
        for (number i = 0;; ++i) {
          write_words(words, i);
          to.send(words);
        }
      });
    }
    std::array<number, small_words> words{};
    return time_taking([&]() -> std::uint64_t {
      to.take(words);
      keep(sum_of(words));
      return 1;
    });
  });
}

}  // namespace

transport bare_flag() { return {"bare flag, both spin (limit)", spin_on_flag}; }
transport bare_futex() { return {"bare futex (limit)", sleep_on_futex}; }
transport pipes() { return {"pipe", trips_by<pipe_line>, rate_by<pipe_line>}; }
transport unix_sockets() {
  return {"Unix socket", trips_by<socket_line>, rate_by<socket_line>};
}
transport interprocess_queue() {
  return {"Boost.Interprocess queue, polled", queue_trips, queue_rate};
}

}  // namespace commy::benchmark
