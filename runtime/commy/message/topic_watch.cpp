#include <commy/message/topic_subscriber.hpp>
#include <commy/message/topic_watch.hpp>

namespace commy::message {

/// The thread's side of reader_wait.
struct topic_watch::reader {
  topic_watch& watch;

  [[nodiscard]] look look_at_next() const noexcept {
    return watch.of_.look_at_next();
  }
  void announce(std::uint64_t lane_plus_one) const noexcept {
    watch.of_.announce(lane_plus_one);
  }
  void withdraw() const noexcept { watch.of_.withdraw(); }
  [[nodiscard]] bool take_interrupt() const noexcept {
    return watch.stop_.load(std::memory_order_seq_cst);
  }
  [[nodiscard]] bool skip_dead_claim() const noexcept {
    return watch.of_.skip_dead_claim();
  }
  void check_all() const noexcept {
    if (watch.of_.is_astray()) watch.raise();
  }
};

topic_watch::topic_watch(topic_subscriber& of) : of_{of} {
  thread_ = std::thread{[this] { run(); }};
}

topic_watch::~topic_watch() {
  {
    const std::scoped_lock lock{mutex_};
    // seq_cst: before the look for a sleeper, see interrupt().
    stop_.store(true, std::memory_order_seq_cst);
  }
  cleared_.notify_all();
  of_.wake_sleeper();
  thread_.join();
}

void topic_watch::run() {
  reader looking{*this};
  while (!stop_.load(std::memory_order_relaxed)) {
    if (reader_wait::sleep(*of_.link().owner(), looking,
                           clock::time_point::max(), of_.longest_nap())) {
      raise();
    }
    std::unique_lock lock{mutex_};
    cleared_.wait(lock, [&] {
      return !set_.load(std::memory_order_relaxed) ||
             stop_.load(std::memory_order_relaxed);
    });
  }
}

void topic_watch::raise() noexcept {
  const std::scoped_lock lock{mutex_};
  set_.store(true, std::memory_order_relaxed);
  flag_.set();
}

void topic_watch::found_nothing() noexcept {
  // relaxed: set by a look that came later than ours, it is cleared in vain,
  // and the thread looks again.
  if (!set_.load(std::memory_order_relaxed)) return;
  {
    const std::scoped_lock lock{mutex_};
    set_.store(false, std::memory_order_relaxed);
    flag_.clear();
  }
  cleared_.notify_one();
}

bool topic_watch::wait(clock::time_point deadline) {
  for (;;) {
    if (of_.look_at_next() == look::something) return true;
    if (of_.take_interrupt()) return false;
    const auto now = clock::now();
    if (now >= deadline) return false;
    // Set for what was read since, or by an interrupt.
    found_nothing();
    if (of_.look_at_next() == look::something) return true;
    static_cast<void>(flag_.wait_for(deadline - now));
  }
}

}  // namespace commy::message
