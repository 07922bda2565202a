// tests/benchmark/actor/work.hpp: one row's work, as each contestant does it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <latch>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

namespace commy::benchmark {

using bench_clock = std::chrono::steady_clock;
/// What was measured, in the unit of the row.
using samples = std::vector<double>;

/// One repetition of a row's work, in a process of its own.
struct work {
  std::string_view row;
  void (*repeat)(samples& into);
};

/// Who does the work: we, a peer, or a limit that nobody can beat.
struct contestant {
  const char* name;
  std::span<const work> works;
};

contestant our_works();
/// Bare queues, lines and futexes: what any runtime stands on.
std::span<const contestant> limits();
#ifdef COMMY_BENCHMARK_CAF
contestant caf_works();
#endif

/// Times a run from the thread that starts it to the last handler of it; how
/// long that thread takes to wake up is nobody's business.
class finish_line {
public:
  explicit finish_line(std::uint32_t runners = 1) : left_{runners} {}

  void start() noexcept { begin_ = bench_clock::now(); }
  /// One runner is there.
  void reach() noexcept {
    // acq_rel: the last one is behind all others.
    if (left_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    end_ = bench_clock::now();
    last_.count_down();
  }
  /// Waits for the last; nanoseconds since the start.
  double wait() {
    last_.wait();
    return std::chrono::duration<double, std::nano>(end_ - begin_).count();
  }

private:
  std::atomic<std::uint32_t> left_;
  bench_clock::time_point begin_;
  bench_clock::time_point end_;
  std::latch last_{1};
};

/// Takes the time of each lap of so many calls of one handler, because reading
/// the clock costs as much as what is timed. The first tenth is warm-up.
class laps {
public:
  struct course {
    std::uint64_t calls;
    std::uint64_t calls_per_lap = 100;
    std::uint64_t messages_per_call = 1;
  };

  laps(samples& into, const course& on)
      : into_{&into}, on_{on}, left_of_lap_{on.calls_per_lap} {
    into.reserve(into.size() + on.calls / on.calls_per_lap + 1);
  }

  /// False with the last call.
  bool count() {
    if (--left_of_lap_ != 0) return true;
    left_of_lap_ = on_.calls_per_lap;
    called_ += on_.calls_per_lap;
    const auto now = bench_clock::now();
    const std::chrono::duration<double, std::nano> took = now - before_;
    before_ = now;
    if (called_ > on_.calls / 10) {
      into_->push_back(
          took.count() /
          static_cast<double>(on_.calls_per_lap * on_.messages_per_call));
    }
    return called_ < on_.calls;
  }

private:
  samples* into_;
  course on_;
  std::uint64_t called_ = 0;  // In whole laps.
  std::uint64_t left_of_lap_;
  bench_clock::time_point before_ = bench_clock::now();
};

/// Microseconds that a question takes whose receiver has been asleep for a
/// while; the first tenth is warm-up.
template <class Ask>
void after_idleness(samples& into, Ask ask) {
  constexpr int questions = 1'000;
  for (int i = 0; i < questions; ++i) {
    // Long enough for any runtime's thread to have gone to sleep.
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
    const auto begun = bench_clock::now();
    ask();
    const std::chrono::duration<double, std::micro> took =
        bench_clock::now() - begun;
    if (i >= questions / 10) into.push_back(took.count());
  }
}

}  // namespace commy::benchmark
