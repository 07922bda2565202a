#include "scheduler.hpp"

#include <commy/actor/random.hpp>
#include <commy/base/interleaving.hpp>

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

namespace commy::interleaving {
namespace {

enum class state : std::uint8_t { ready, waiting, ended };

}  // namespace

/// A thread of a run.
struct participant {
  explicit participant(unsigned n) : number{n} {}

  const unsigned number;
  state is = state::ready;
  bool woken = false;
  const char* at = "start";
  const void* on = nullptr;
  const std::function<bool()>* met = nullptr;
  std::int64_t until_ns = 0;
  pthread_t handle{};
  bool begun = false;
  std::array<char, 16> name{};

  void go() {
    {
      const std::lock_guard hold{mutex_};
      may_go_ = true;
    }
    changed_.notify_one();
  }
  void await() {
    std::unique_lock hold{mutex_};
    changed_.wait(hold, [&] { return may_go_; });
    may_go_ = false;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool may_go_ = false;
};

}  // namespace commy::interleaving

namespace interleaving_tests {
namespace {

using commy::actors::next_random;
using commy::interleaving::participant;
using commy::interleaving::state;
using namespace std::chrono_literals;

// A scenario takes some hundreds of steps; one that takes this many goes round
// in circles.
constexpr std::uint64_t most_steps = 1'000'000;
// What one looks at to understand a lost wake-up is within the last hundred.
constexpr std::size_t trace_length = 160;
// A step stands for some ten instructions and a cache miss.
constexpr std::int64_t ns_per_step = 100;
constexpr std::int64_t first_ns = 1'000'000'000;
// Who waits longer than this never gets to see the time pass.
constexpr std::int64_t far_ns = 3'600'000'000'000;
// In half of the runs one thread is slow: it goes on only when no other can,
// for about so many changes, then another is. This finds what needs a thread to
// stop for long between two of its steps.
constexpr std::uint64_t draws_per_slow = 64;
// Where time passes, one draw in so many is a deadline.
constexpr std::uint64_t draws_per_deadline = 64;

/// One run. All but the end is touched by the one thread that runs.
class scheduler {
public:
  explicit scheduler(const run_options& options)
      : seed_{options.seed},
        time_passes_{options.time_passes},
        longest_step_{options.longest_step},
        random_{options.seed} {
    // From changing threads at each point to nearly never: some faults need
    // many changes, others one after a long way undisturbed.
    constexpr std::array<std::uint64_t, 6> stays{0, 4, 8, 12, 14, 15};
    stay_of_16_ = stays[draw() % stays.size()];
    has_slow_ = draw() % 2 == 0;
  }

  void point(participant& me, const char* name) {
    note(me, name);
    change(me, choose(&me));
  }

  void yield(participant& me) {
    note(me, "yield");
    change(me, choose(nullptr, &me));
  }

  bool wait(participant& me, const char* name, const void* on,
            const std::function<bool()>* met, std::int64_t until_ns) {
    note(me, name);
    me.is = state::waiting;
    me.on = on;
    me.met = met;
    me.until_ns = until_ns;
    change(me, choose(nullptr));
    return me.woken;
  }

  void wake(const void* on, bool all) {
    std::vector<participant*> sleepers;
    for (auto& p : all_) {
      if (p.is == state::waiting && p.on == on) sleepers.push_back(&p);
    }
    if (sleepers.empty()) return;
    if (!all) sleepers = {sleepers[draw() % sleepers.size()]};
    for (auto* const p : sleepers)
      rouse(*p, true);
  }

  participant& add() {
    return all_.emplace_back(static_cast<unsigned>(all_.size()));
  }

  void end(participant& me) {
    note(me, "end");
    me.is = state::ended;
    pthread_getname_np(me.handle, me.name.data(), me.name.size());
    wake(&me, true);
    if (std::ranges::all_of(all_, has_ended)) return finish();
    give(choose(nullptr));
  }

  void expect(bool holds, const char* what) {
    if (holds || !problem_.empty()) return;
    problem_ = report(what);
  }

  [[nodiscard]] std::int64_t now_ns() const { return now_ns_; }

  /// Waits for the end of the run, on the thread that began it.
  run_result result() {
    std::unique_lock hold{end_mutex_};
    auto before = std::uint64_t{0};
    while (!over_.wait_for(hold, longest_step_, [&] { return is_over_; })) {
      // relaxed: a number that stands still or does not.
      const auto now = steps_.load(std::memory_order_relaxed);
      if (now == before) {
        problem_ = report(
            "a thread waits by something the scheduler does not know: a "
            "standard mutex or condition variable?");
        is_abandoned_ = true;
        break;
      }
      before = now;
    }
    if (!problem_.empty()) problem_ += "\nSeed " + std::to_string(seed_);
    return {problem_, trace(), hash_, steps_.load(std::memory_order_relaxed)};
  }

  /// After the end: threads of the run are left.
  [[nodiscard]] bool is_abandoned() const { return is_abandoned_; }

private:
  struct step {
    unsigned who = 0;
    const char* name = "";
  };

  std::uint64_t draw() { return next_random(random_); }

  void note(participant& me, const char* name) {
    me.at = name;
    const auto n = steps_.load(std::memory_order_relaxed);
    trace_[n % trace_length] = {me.number, name};
    steps_.store(n + 1, std::memory_order_relaxed);
    now_ns_ += ns_per_step;
    mix(me.number);
    for (const char c : std::string_view{name})
      mix(static_cast<unsigned char>(c));
    if (n == most_steps) abandon("it does not come to an end");
  }

  // FNV-1a.
  void mix(std::uint64_t value) { hash_ = (hash_ ^ value) * 0x100000001b3U; }

  /// Who goes on: `stays` more often than others, `leaves` only if nobody else
  /// can. Null if nobody can.
  participant* choose(participant* stays, participant* leaves = nullptr) {
    if (has_slow_ && draw() % draws_per_slow == 0) slow_ = draw() % all_.size();
    if (stays != nullptr && !is_slow(*stays) && draw() % 16 < stay_of_16_) {
      return stays;
    }
    collect_ready(leaves);
    if (ready_.size() > 1) {
      std::erase_if(ready_, [&](const auto* p) { return is_slow(*p); });
    }
    if (time_passes_ && (ready_.empty() || draw() % draws_per_deadline == 0)) {
      if (auto* const late = earliest_deadline()) {
        now_ns_ = std::max(now_ns_, late->until_ns);
        rouse(*late, false);
        return late;
      }
    }
    if (ready_.empty()) return leaves;
    return ready_[draw() % ready_.size()];
  }

  [[nodiscard]] bool is_slow(const participant& p) const {
    return has_slow_ && p.number == slow_;
  }

  void collect_ready(const participant* but) {
    ready_.clear();
    for (auto& p : all_) {
      if (p.is == state::waiting && p.met != nullptr && (*p.met)()) {
        rouse(p, true);
      }
      if (p.is == state::ready && &p != but) ready_.push_back(&p);
    }
  }

  participant* earliest_deadline() {
    participant* first = nullptr;
    for (auto& p : all_) {
      if (p.is == state::waiting && p.until_ns < far_ns &&
          (first == nullptr || p.until_ns < first->until_ns)) {
        first = &p;
      }
    }
    return first;
  }

  static void rouse(participant& p, bool woken) {
    p.is = state::ready;
    p.woken = woken;
    p.on = nullptr;
    p.met = nullptr;
  }

  void change(participant& me, participant* next) {
    if (next == &me) return;
    give(next);
    me.await();
  }

  void give(participant* next) {
    if (next == nullptr) {
      abandon("no thread can go on, and the scenario has not ended");
    }
    next->go();
  }

  static bool has_ended(const participant& p) { return p.is == state::ended; }

  void finish() {
    // Under the lock: who waits frees all of this as soon as he knows.
    const std::lock_guard hold{end_mutex_};
    is_over_ = true;
    over_.notify_one();
  }

  /// The threads of this run never go on.
  [[noreturn]] void abandon(const char* why) {
    if (problem_.empty()) problem_ = report(why);
    is_abandoned_ = true;
    finish();
    std::promise<void>{}.get_future().wait();
    std::abort();
  }

  [[nodiscard]] std::string name_of(const participant& p) const {
    auto name = p.name;
    if (p.begun && p.is != state::ended) {
      pthread_getname_np(p.handle, name.data(), name.size());
    }
    return std::to_string(p.number) + ' ' + name.data();
  }

  [[nodiscard]] std::string report(const char* what) const {
    std::string text{what};
    for (const auto& p : all_) {
      text += "\n  " + name_of(p);
      text += p.is == state::ready     ? " can go on from "
              : p.is == state::waiting ? " waits at "
                                       : " has ended: ";
      text += p.at;
    }
    return text + "\nThe last steps:" + trace();
  }

  [[nodiscard]] std::string trace() const {
    std::string text;
    const auto count = steps_.load(std::memory_order_relaxed);
    const auto first = count > trace_length ? count - trace_length : 0;
    const step* before = nullptr;
    for (auto n = first; n < count; ++n) {
      const auto& s = trace_[n % trace_length];
      if (before == nullptr || before->who != s.who) {
        text += "\n  " + name_of(all_[s.who]) + ':';
      }
      text += std::string{' '} + s.name;
      before = &s;
    }
    return text;
  }

  const std::uint64_t seed_;
  const bool time_passes_;
  const std::chrono::milliseconds longest_step_;
  std::uint64_t random_;
  std::uint64_t stay_of_16_ = 0;
  bool has_slow_ = false;
  std::uint64_t slow_ = 0;
  std::int64_t now_ns_ = first_ns;
  std::uint64_t hash_ = 0xcbf29ce484222325U;
  std::atomic<std::uint64_t> steps_{0};
  std::array<step, trace_length> trace_{};
  std::deque<participant> all_;
  std::vector<participant*> ready_;
  std::string problem_;

  std::mutex end_mutex_;
  std::condition_variable over_;
  bool is_over_ = false;
  bool is_abandoned_ = false;
};

// One at a time; threads of one that was abandoned never run again.
constinit scheduler* run_of_now = nullptr;
constinit thread_local participant* me = nullptr;

scheduler& this_run() {
  if (me == nullptr) {
    // Not only a failed test: what the thread would do next is a wait that
    // nothing ends.
    std::fputs("a thread outside of a run waits or starts a thread\n", stderr);
    std::abort();
  }
  return *run_of_now;
}

/// All threads of a run share a core: a change is then a switch of the kernel's
/// and no interrupt of another core, which takes four times as long.
class on_one_core {
public:
  on_one_core() {
    sched_getaffinity(0, sizeof before_, &before_);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<unsigned>(sched_getcpu()), &one);
    sched_setaffinity(0, sizeof one, &one);
  }
  on_one_core(const on_one_core&) = delete;
  on_one_core& operator=(const on_one_core&) = delete;
  ~on_one_core() { sched_setaffinity(0, sizeof before_, &before_); }

private:
  cpu_set_t before_{};
};

}  // namespace

run_result run(const run_options& options,
               const std::function<void()>& scenario) {
  const on_one_core pinned;
  auto made = std::make_unique<scheduler>(options);
  run_of_now = made.get();
  auto& root = made->add();
  std::thread thread{[&] {
    const commy::interleaving::presence here{root};
    scenario();
  }};
  root.go();
  auto result = made->result();
  if (!made->is_abandoned()) {
    thread.join();
    return result;
  }
  thread.detach();
  // Never destroyed: its threads wait by what it holds, till the process ends.
  static auto* const left_behind = new std::deque<std::unique_ptr<scheduler>>;
  left_behind->push_back(std::move(made));
  return result;
}

void expect(bool holds, const char* what) { this_run().expect(holds, what); }

}  // namespace interleaving_tests

namespace commy::interleaving {

namespace tests = interleaving_tests;

void point(const char* name) noexcept {
  if (tests::me != nullptr) tests::this_run().point(*tests::me, name);
}

void yield() noexcept { tests::this_run().yield(*tests::me); }

bool wait(const char* name, const void* on, std::int64_t until_ns) noexcept {
  return tests::this_run().wait(*tests::me, name, on, nullptr, until_ns);
}

bool wait_until(const char* name, const std::function<bool()>& met,
                std::int64_t until_ns) noexcept {
  return tests::this_run().wait(*tests::me, name, nullptr, &met, until_ns);
}

void wake_one(const void* on) noexcept { tests::this_run().wake(on, false); }
void wake_all(const void* on) noexcept { tests::this_run().wake(on, true); }

std::int64_t now_ns() noexcept { return tests::this_run().now_ns(); }

participant& announce() noexcept { return tests::this_run().add(); }

presence::presence(participant& self) noexcept {
  self.await();
  tests::me = &self;
  self.handle = pthread_self();
  self.begun = true;
}

presence::~presence() {
  auto& self = *tests::me;
  auto& run = tests::this_run();
  tests::me = nullptr;
  run.end(self);
}

void join(participant& other) noexcept {
  point("join");
  if (other.is != state::ended) {
    wait("join", &other, never_ns);
  }
}

}  // namespace commy::interleaving
