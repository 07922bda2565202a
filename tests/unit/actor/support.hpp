// What the tests of actors share: gates, deadlines and a few plain actors.
#pragma once

#include <commy/actor/actor_system.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace actor_tests {

using namespace std::chrono_literals;

/// No test waits longer than this for what must happen.
inline constexpr auto deadline = 20s;

/// How much a stress test does: ThreadSanitizer slows it down some fifteen
/// times.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
inline constexpr int scale = 1;
#else
inline constexpr int scale = 10;
#endif

/// A door that is opened once. Handlers wait in front of it, tests behind.
class gate {
public:
  void open() {
    const std::lock_guard hold{mutex_};
    open_ = true;
    opened_.notify_all();
  }
  [[nodiscard]] bool wait() {
    std::unique_lock hold{mutex_};
    return opened_.wait_for(hold, deadline, [&] { return open_; });
  }

private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
};

/// Whether `condition` became true before the deadline.
template <class Condition>
bool eventually(Condition condition) {
  const auto until = std::chrono::steady_clock::now() + deadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

struct add {
  using reply = int;
  int amount;
};
struct reset {};
struct total {
  using reply = int;
};
struct explode {};
struct explode_asked {
  using reply = int;
};
/// Says when it is being handled and waits to be let go.
struct hold {
  std::shared_ptr<gate> entered;
  std::shared_ptr<gate> leave;
};

/// Adds, waits and fails on command.
class counter : public commy::actor {
public:
  explicit counter(int start = 0) : total_{start} {}

  int on(add m) { return total_ += m.amount; }
  void on(reset) { total_ = 0; }
  int on(total) const { return total_; }
  void on(explode) { throw std::runtime_error{"boom"}; }
  int on(explode_asked) { fail("out of order"); }
  void on(const hold& m) {
    m.entered->open();
    (void)m.leave->wait();
  }

private:
  int total_;
};

/// Keeps an actor busy from construction to destruction.
class occupied {
public:
  template <class Ref>
  explicit occupied(const Ref& actor) {
    actor.tell(hold{entered_, leave_}).value();
    busy_ = entered_->wait();
  }
  ~occupied() { leave_->open(); }
  void end() { leave_->open(); }
  [[nodiscard]] bool is_busy() const { return busy_; }

private:
  // Shared, since the handler may still be on its way out.
  std::shared_ptr<gate> entered_ = std::make_shared<gate>();
  std::shared_ptr<gate> leave_ = std::make_shared<gate>();
  bool busy_ = false;
};

}  // namespace actor_tests
