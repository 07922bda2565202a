// ZeroMQ between processes, over its ipc transport.
#include "fan_out.hpp"
#include "other_process.hpp"
#include "trips.hpp"

#include <zmq.h>

#include <array>
#include <deque>
#include <string>

namespace commy::benchmark {
namespace {

void require(bool done) {
  if (!done)
    throw std::runtime_error{std::string{"ZeroMQ: "} +
                             zmq_strerror(zmq_errno())};
}

/// A context and a socket; each process makes its own after it was forked.
class end {
public:
  end(int type, const std::string& at, bool binds)
      : context_{zmq_ctx_new()}, socket_{zmq_socket(context_, type)} {
    require(socket_ != nullptr);
    const int none = 0;
    require(zmq_setsockopt(socket_, ZMQ_LINGER, &none, sizeof none) == 0);
    require((binds ? zmq_bind : zmq_connect)(socket_, at.c_str()) == 0);
  }
  end(const end&) = delete;
  end& operator=(const end&) = delete;
  ~end() {
    zmq_close(socket_);
    zmq_ctx_term(context_);
  }
  void subscribe_to_all() {
    require(zmq_setsockopt(socket_, ZMQ_SUBSCRIBE, "", 0) == 0);
  }
  /// Of an XPUB: also of those who want what others have asked for already.
  void hear_of_all_subscribers() {
    const int yes = 1;
    require(zmq_setsockopt(socket_, ZMQ_XPUB_VERBOSE, &yes, sizeof yes) == 0);
  }
  void send(std::span<const std::uint64_t> words) {
    require(zmq_send(socket_, words.data(), words.size_bytes(), 0) >= 0);
  }
  void take(std::span<std::uint64_t> words) {
    require(zmq_recv(socket_, words.data(), words.size_bytes(), 0) >= 0);
  }

private:
  void* context_;
  void* socket_;
};

std::string place() {
  return "ipc:///tmp/commy-zeromq-" + std::to_string(::getpid());
}

std::optional<percentiles> trips(trip t) {
  return on_first_core([&] {
    const auto at = place();
    std::vector<std::uint64_t> words(t.bytes / sizeof(std::uint64_t));
    const other_process other{[&] {
      end there{ZMQ_PAIR, at, false};
      for (;;) {
        there.take(words);
        write_words(words, sum_of(words));
        there.send(words);
      }
    }};
    end here{ZMQ_PAIR, at, true};
    return time_trips(t.rounds, [&](std::uint64_t i) {
      write_words(words, i);
      here.send(words);
      here.take(words);
      keep(sum_of(words));
    });
  });
}

std::optional<double> rate(unsigned producers) {
  return on_first_core([&] {
    const auto at = place();
    std::deque<other_process> others;
    for (unsigned p = 0; p < producers; ++p) {
      others.emplace_back([&] {
        end there{ZMQ_PUSH, at, false};
        std::array<std::uint64_t, small_words> words{};
        for (std::uint64_t i = 0;; ++i) {
          write_words(words, i);
          there.send(words);
        }
      });
    }
    end here{ZMQ_PULL, at, true};
    std::array<std::uint64_t, small_words> words{};
    return time_taking([&]() -> std::uint64_t {
      here.take(words);
      keep(sum_of(words));
      return 1;
    });
  });
}

/// The subscriptions come to an XPUB as messages; so it knows when all are
/// there.
class fan_publisher {
public:
  fan_publisher(const std::string& at, const fan& f)
      : all_{ZMQ_XPUB, at, true}, words_(f.bytes / sizeof(std::uint64_t)) {
    all_.hear_of_all_subscribers();
    for (unsigned r = 0; r < f.receivers; ++r) {
      std::uint64_t subscription = 0;
      all_.take({&subscription, 1});
    }
  }
  void write(std::uint64_t number) { write_words(words_, number); }
  void publish() { all_.send(words_); }

private:
  end all_;
  std::vector<std::uint64_t> words_;
};

}  // namespace

std::optional<fan_times> zeromq_fan(const fan& f) {
  const auto at = place();
  return time_fan(
      f,
      [&](receipts& seen) {
        end all{ZMQ_SUB, at, false};
        all.subscribe_to_all();
        seen.ready.fetch_add(1);
        std::vector<std::uint64_t> words(f.bytes / sizeof(std::uint64_t));
        for (;;) {
          all.take(words);
          keep(sum_of(words));
          seen.read.fetch_add(1, std::memory_order_release);
        }
      },
      [&] { return fan_publisher{at, f}; });
}

transport zeromq() { return {"ZeroMQ, ipc", trips, rate}; }

}  // namespace commy::benchmark
