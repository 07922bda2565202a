// Workers that wait in an event source, by the threads they really are.
#include "support.hpp"
#include <commy/actor/event_source.hpp>

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

using namespace actor_tests;

namespace {

struct tick {};

/// Says on which thread it was told.
class listener : public commy::actor {
public:
  explicit listener(std::atomic<std::thread::id>& where) : where_{&where} {}
  void on(tick) { where_->store(std::this_thread::get_id()); }

private:
  std::atomic<std::thread::id>* where_;
};

/// Brings ticks, and remembers which thread took the last one.
class ticker final : public commy::event_source {
public:
  void put() {
    const std::scoped_lock hold{mutex_};
    ++ready_;
    changed_.notify_all();
  }
  void deliver_to(const commy::ref<listener>& to) { to_.emplace(to); }
  [[nodiscard]] std::thread::id last() const { return last_.load(); }
  [[nodiscard]] int waits() const { return waits_.load(); }

  std::size_t poll() noexcept override {
    const std::scoped_lock hold{mutex_};
    if (ready_ == 0) return 0;
    --ready_;
    last_ = std::this_thread::get_id();
    static_cast<void>(to_->tell(tick{}));
    return 1;
  }
  void wait() noexcept override {
    ++waits_;
    std::unique_lock hold{mutex_};
    changed_.wait(hold, [&] { return ready_ != 0 || interrupted_; });
    interrupted_ = false;
  }
  void interrupt() noexcept override {
    const std::scoped_lock hold{mutex_};
    interrupted_ = true;
    changed_.notify_all();
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int ready_ = 0;
  bool interrupted_ = false;
  std::atomic<int> waits_{0};
  std::atomic<std::thread::id> last_{};
  std::optional<commy::ref<listener>> to_;
};

}  // namespace

TEST_CASE("the worker that takes a message from a source runs its actor") {
  std::atomic<std::thread::id> where{};
  ticker source;
  commy::actor_system system{{.workers = 3}};
  source.deliver_to(system.spawn<listener>("", where));
  REQUIRE(system.attach(source));
  for (int i = 0; i < 1'000; ++i) {
    where = std::thread::id{};
    source.put();
    REQUIRE(eventually([&] { return where.load() != std::thread::id{}; }));
    REQUIRE(where.load() == source.last());
  }
  system.detach(source);
}

TEST_CASE("a system has one source, and another one when that is taken away") {
  ticker one;
  ticker other;
  std::atomic<std::thread::id> where{};
  commy::actor_system system{{.workers = 2}};
  const auto to = system.spawn<listener>("", where);
  one.deliver_to(to);
  other.deliver_to(to);
  REQUIRE(system.attach(one));
  CHECK_FALSE(system.attach(other));
  system.detach(other);  // Does nothing.
  one.put();
  CHECK(eventually([&] { return where.load() != std::thread::id{}; }));
  system.detach(one);
  where = std::thread::id{};
  REQUIRE(system.attach(other));
  other.put();
  CHECK(eventually([&] { return where.load() != std::thread::id{}; }));
  system.detach(other);
}

TEST_CASE("a stepped system has no workers to wait in a source") {
  ticker source;
  commy::actor_system system{{.stepped = commy::stepping{.seed = 1}}};
  CHECK_FALSE(system.attach(source));
  system.detach(source);
}

TEST_CASE("a source is served while handlers keep all but one worker") {
  std::atomic<std::thread::id> where{};
  ticker source;
  commy::actor_system system{{.workers = 2}};
  source.deliver_to(system.spawn<listener>("", where));
  REQUIRE(system.attach(source));
  std::atomic<bool> inside{false};
  std::atomic<bool> leave{false};
  struct block {
    std::atomic<bool>*inside, *leave;
  };
  class blocker : public commy::actor {
  public:
    void on(block b) {
      b.inside->store(true);
      b.leave->wait(false);
    }
  };
  const auto slow = system.spawn<blocker>("");
  slow.tell(block{&inside, &leave}).value();
  REQUIRE(eventually([&] { return inside.load(); }));
  source.put();
  CHECK(eventually([&] { return where.load() != std::thread::id{}; }));
  leave = true;
  leave.notify_all();
  system.detach(source);
}

TEST_CASE("a source in which nothing happens is not polled") {
  ticker source;
  commy::actor_system system{{.workers = 3}};
  REQUIRE(system.attach(source));
  int before = -1;
  REQUIRE(eventually([&] {
    const auto last = std::exchange(before, source.waits());
    const auto until = std::chrono::steady_clock::now() + 20ms;
    while (std::chrono::steady_clock::now() < until)
      std::this_thread::yield();
    return before > 0 && last == before;
  }));
  const auto until = std::chrono::steady_clock::now() + 200ms;
  while (std::chrono::steady_clock::now() < until)
    std::this_thread::yield();
  CHECK(source.waits() == before);
  system.detach(source);
}
