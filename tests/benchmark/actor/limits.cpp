// What a runtime stands on, alone: nobody's actors can be faster.
#include "work.hpp"
#include <commy/message/envelope.hpp>
#include <commy/message/mailbox.hpp>
#include <commy/platform/thread_hint.hpp>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

namespace commy::benchmark {
namespace {

// --- Queues in one thread: one message in, one out. ------------------------

struct ball {};
constexpr message::envelope_ops no_ops{nullptr, &message::destroy_payload<ball>,
                                       "ball", false};

/// Our mailbox with the message's block, as an actor uses it.
void bare_mailbox(samples& into) {
  message::mailbox_inlet inlet;
  message::mailbox_outlet outlet;
  const message::room one{1, 64};
  outlet.open(inlet, {1024, 65'536});
  laps score{into, {.calls = 1'000'000}};
  do {
    ball content;
    auto* const e = message::try_make_envelope(no_ops, 0, content);
    if (!inlet.try_reserve(one) || inlet.push(*e) != message::pushed::queued) {
      std::terminate();
    }
    auto* const got = outlet.try_pop();
    message::destroy_payload<ball>(*got);
    inlet.give_back(one);
  } while (score.count());
}

void mutex_and_deque(samples& into) {
  // The C library's mutex is no atomic while a process has had one thread only.
  std::thread{[] {}}.join();
  struct queue {
    std::mutex mutex;
    std::deque<std::uint64_t> content;
  } q;
  laps score{into, {.calls = 1'000'000}};
  std::uint64_t sum = 0;
  do {
    {
      const std::lock_guard hold{q.mutex};
      q.content.push_back(sum);
    }
    const std::lock_guard hold{q.mutex};
    sum += q.content.front() + 1;
    q.content.pop_front();
  } while (score.count());
  if (sum == 0) std::terminate();
}

// --- From a plain thread to another that polls. ----------------------------

/// Nanoseconds per number that one thread puts in and another takes out, all
/// that is there at once.
void deque_across(samples& into) {
  constexpr std::uint64_t items = 500'000;
  std::mutex mutex;
  std::deque<std::uint64_t> queue;
  finish_line end;
  std::thread consumer{[&] {
    std::deque<std::uint64_t> taken;
    for (std::uint64_t got = 0; got < items;) {
      {
        const std::lock_guard hold{mutex};
        taken.swap(queue);
      }
      if (taken.empty()) std::this_thread::yield();
      got += taken.size();
      taken.clear();
    }
    end.reach();
  }};
  end.start();
  for (std::uint64_t i = 0; i < items; ++i) {
    const std::lock_guard hold{mutex};
    queue.push_back(i);
  }
  into.push_back(end.wait() / static_cast<double>(items));
  consumer.join();
}

// --- Two threads that hand a number to each other. -------------------------

/// Plays with `wait_for(value)` and `set(value)`; nanoseconds per hop.
template <class Wait, class Set>
void bounce(samples& into, const laps::course& on, Wait wait_for, Set set) {
  const auto rounds = static_cast<std::uint32_t>(on.calls);
  std::thread other{[&] {
    for (std::uint32_t i = 0; i < rounds; ++i) {
      wait_for(2 * i + 1);
      set(2 * i + 2);
    }
  }};
  laps score{into, on};
  for (std::uint32_t i = 0; i < rounds; ++i) {
    set(2 * i + 1);
    wait_for(2 * i + 2);
    score.count();
  }
  other.join();
}

/// The hop from core to core: one line, both sides spinning.
void line_hop(samples& into) {
  alignas(64) std::atomic<std::uint32_t> line{0};
  bounce(
      into, {.calls = 100'000, .messages_per_call = 2},
      [&](std::uint32_t value) {
        while (line.load(std::memory_order_acquire) != value)
          platform::cpu_relax();
      },
      [&](std::uint32_t value) {
        line.store(value, std::memory_order_release);
      });
}

class futex_word {
public:
  void wait_for(std::uint32_t value) noexcept {
    for (;;) {
      const auto seen = word_.load(std::memory_order_acquire);
      if (seen == value) return;
      ::syscall(SYS_futex, &word_, FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr,
                0);
    }
  }
  void set(std::uint32_t value) noexcept {
    word_.store(value, std::memory_order_release);
    ::syscall(SYS_futex, &word_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  }

private:
  std::atomic<std::uint32_t> word_{0};
};

/// The hop to a thread that sleeps.
void futex_hop(samples& into) {
  futex_word word;
  bounce(
      into, {.calls = 10'000, .messages_per_call = 2},
      [&](std::uint32_t value) { word.wait_for(value); },
      [&](std::uint32_t value) { word.set(value); });
}

/// There and back, each to a thread that has slept for a while: microseconds.
void two_wakes(samples& into) {
  futex_word word;
  std::uint32_t round = 0;
  std::atomic<bool> over{false};
  std::thread other{[&] {
    for (std::uint32_t i = 0;; ++i) {
      word.wait_for(2 * i + 1);
      if (over.load(std::memory_order_acquire)) return;
      word.set(2 * i + 2);
    }
  }};
  after_idleness(into, [&] {
    word.set(2 * round + 1);
    word.wait_for(2 * round + 2);
    ++round;
  });
  over.store(true, std::memory_order_release);
  word.set(2 * round + 1);
  other.join();
}

constexpr work mailbox_works[] = {{"ping_pong", &bare_mailbox}};
constexpr work deque_works[] = {{"ping_pong", &mutex_and_deque},
                                {"outside_in", &deque_across}};
constexpr work line_works[] = {{"ping_pong_x2", &line_hop},
                               {"ping_pong_pin", &line_hop}};
constexpr work futex_works[] = {{"ping_pong_pin", &futex_hop},
                                {"idle_ask", &two_wakes}};
constexpr contestant all[] = {{"bare mailbox", mailbox_works},
                              {"mutex + deque", deque_works},
                              {"one line, both spin", line_works},
                              {"bare futexes", futex_works}};

}  // namespace

std::span<const contestant> limits() { return all; }

}  // namespace commy::benchmark
