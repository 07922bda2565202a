// tests/benchmark/memory/crew.hpp: processes that start work together.
#pragma once

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <new>
#include <stdexcept>
#include <thread>
#include <vector>

namespace commy::benchmark {

/// Forks processes that prepare themselves, meet at a barrier in shared memory,
/// and then work; only the work is timed.
class crew {
public:
  static constexpr std::size_t most = 16;

  crew() {
    void* const at = ::mmap(nullptr, sizeof(board), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) throw std::runtime_error{"no memory to share"};
    board_ = new (at) board{};
  }
  crew(const crew&) = delete;
  crew& operator=(const crew&) = delete;
  ~crew() { ::munmap(board_, sizeof(board)); }

  /// Runs `prepare(index)` and then `work(what it returned)` in `count`
  /// processes; `work` returns false when it found something wrong. Answers the
  /// seconds from the first begin to the last end.
  template <class Prepare, class Work>
  double run(std::size_t count, Prepare&& prepare, Work&& work) {
    board_->ready.store(0);
    board_->go.store(false);
    std::vector<pid_t> children;
    for (std::size_t i = 0; i < count; ++i) {
      const auto child = ::fork();
      if (child == 0) ::_exit(act(i, count, prepare, work));
      children.push_back(child);
    }
    bool good = true;
    for (const auto child : children) {
      int status = 0;
      ::waitpid(child, &status, 0);
      good &= status == 0;
    }
    if (!good) throw std::runtime_error{"a worker found an error"};
    std::int64_t begin = board_->begin[0];
    std::int64_t end = board_->end[0];
    for (std::size_t i = 1; i < count; ++i) {
      begin = std::min(begin, board_->begin[i]);
      end = std::max(end, board_->end[i]);
    }
    return static_cast<double>(end - begin) * 1e-9;
  }

private:
  struct board {
    std::atomic<std::size_t> ready{0};
    std::atomic<bool> go{false};
    std::array<std::int64_t, most> begin{};
    std::array<std::int64_t, most> end{};
  };

  static std::int64_t now() {
    return std::chrono::steady_clock::now().time_since_epoch().count();
  }

  template <class Prepare, class Work>
  int act(std::size_t index, std::size_t count, Prepare& prepare, Work& work) {
    try {
      auto made = prepare(index);
      // acq_rel and release: what all have prepared is seen by all who pass.
      if (board_->ready.fetch_add(1, std::memory_order_acq_rel) + 1 == count) {
        board_->go.store(true, std::memory_order_release);
      }
      // The last one to come opens the gate; more processes than cores wait by
      // giving their core away. acquire, pairs with the store above.
      while (!board_->go.load(std::memory_order_acquire))
        std::this_thread::yield();
      board_->begin[index] = now();
      const bool good = work(made);
      board_->end[index] = now();
      return good ? 0 : 1;
    } catch (...) {
      return 2;
    }
  }

  board* board_;
};

}  // namespace commy::benchmark
