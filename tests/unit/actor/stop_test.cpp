#include "support.hpp"

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

using namespace actor_tests;
using commy::spawn_error;
using commy::stop_mode;

namespace {

struct enough {};

class guest : public commy::actor {
public:
  explicit guest(std::atomic<int>& handled) : handled_{&handled} {}
  void on(reset) { ++*handled_; }
  void on(enough) { stop(stop_mode::now); }

private:
  std::atomic<int>* handled_;
};

class no_way_in : public commy::actor {
public:
  no_way_in() { throw std::runtime_error{"the door is shut"}; }
};

class no_way_out : public commy::actor {
public:
  ~no_way_out() noexcept(false) { throw std::runtime_error{"stuck"}; }
  int on(add m) { return m.amount; }
};

/// Writes its name down when it is gone.
class signer : public commy::actor {
public:
  signer(std::vector<std::string>& book, std::string name)
      : book_{&book}, name_{std::move(name)} {}
  ~signer() { book_->push_back(name_); }

private:
  std::vector<std::string>* book_;
  std::string name_;
};

}  // namespace

TEST_CASE("an actor that drains handles what it has and takes nothing more") {
  std::atomic<int> handled{0};
  commy::actor_system system{{.workers = 1}};
  const auto other = system.spawn<counter>("other");
  const auto g = system.spawn<guest>("guest", handled);
  {
    occupied busy{other};  // The only worker.
    REQUIRE(busy.is_busy());
    for (int i = 0; i < 300; ++i)
      g.tell(reset{}).value();
    CHECK(system.stop(g));
  }
  REQUIRE(system.wait_stopped(g, deadline));

  CHECK(handled == 300);
  CHECK(system.dead_letter_count() == 0);
  CHECK_FALSE(system.stop(g));
}

TEST_CASE("an actor that stops now turns its messages into dead letters") {
  std::atomic<int> handled{0};
  commy::actor_system system{{.workers = 1}};
  const auto other = system.spawn<counter>("other");
  const auto g = system.spawn<guest>("guest", handled);
  {
    occupied busy{other};
    REQUIRE(busy.is_busy());
    for (int i = 0; i < 300; ++i)
      g.tell(reset{}).value();
    CHECK(system.stop(g, stop_mode::now));
  }
  REQUIRE(system.wait_stopped(g, deadline));

  CHECK(handled == 0);
  CHECK(system.dead_letter_count() == 300);
}

TEST_CASE("an actor may stop itself") {
  std::atomic<int> handled{0};
  commy::actor_system system{{.workers = 1}};
  const auto g = system.spawn<guest>("guest", handled);

  g.tell(enough{}).value();

  CHECK(system.wait_stopped(g, deadline));
}

TEST_CASE("a handler that throws stops an actor without a supervisor") {
  commy::actor_system system{{.workers = 1}};
  const auto sums = system.spawn<counter>("sums");
  const auto other = system.spawn<counter>("other");

  sums.tell(explode{}).value();

  REQUIRE(system.wait_stopped(sums, deadline));
  CHECK(system.ask(other, add{1}, deadline).value() == 1);  // The worker lives.
}

TEST_CASE("a constructor that throws refuses the spawn with its reason") {
  commy::actor_system system{{.workers = 1}};

  const auto refused = system.try_spawn<no_way_in>("in");

  REQUIRE_FALSE(refused);
  CHECK(refused.error() == spawn_error::constructor_failed);
  CHECK(refused.error().message() ==
        "in: the door is shut: the actor's constructor threw");
  CHECK_THROWS_AS(system.spawn<no_way_in>("in"), commy::bad_result);
  CHECK(system.actor_count() == 0);
  CHECK(system.try_spawn<counter>("in"));  // The name is free.
}

TEST_CASE("what a constructor has begun before it throws comes to nothing") {
  struct shout {};
  class false_start : public commy::actor {
  public:
    explicit false_start(const commy::ref<counter>& other) {
      (void)after(this, 0ms, shout{});
      (void)watch(this, other);
      self(this).tell(shout{}).value();
      throw std::runtime_error{"no"};
    }
    void on(shout) {}
    void on(const commy::stopped&) {}
  };
  commy::actor_system system{{.workers = 1}};
  const auto other = system.spawn<counter>("other");

  CHECK(system.try_spawn<false_start>("f", other).error() ==
        spawn_error::constructor_failed);

  CHECK(system.dead_letter_count() == 1);  // What it told itself.
  CHECK(system.actor_count() == 1);
  system.stop(other);
  CHECK(system.wait_stopped(other, deadline));
  CHECK(system.try_spawn<counter>("f"));
}

TEST_CASE("a destructor that throws harms nobody else") {
  commy::actor_system system{{.workers = 1}};
  const auto stuck = system.spawn<no_way_out>("stuck");
  const auto sums = system.spawn<counter>("sums");

  system.stop(stuck);

  REQUIRE(system.wait_stopped(stuck, deadline));
  CHECK(system.ask(sums, add{1}, deadline).value() == 1);
}

TEST_CASE("a name belongs to one living actor") {
  commy::actor_system system{{.workers = 1}};
  const auto sums = system.spawn<counter>("sums");

  const auto second = system.try_spawn<counter>("sums");
  REQUIRE_FALSE(second);
  CHECK(second.error() == spawn_error::name_taken);
  CHECK(*system.find<counter>("sums") == sums);

  system.stop(sums);
  REQUIRE(system.wait_stopped(sums, deadline));
  CHECK(system.find<counter>("sums").error() ==
        commy::find_error::unknown_name);
  CHECK(system.try_spawn<counter>("sums"));
}

TEST_CASE("a name that is too long or unprintable is refused") {
  commy::actor_system system{{.workers = 1}};

  CHECK(system.try_spawn<counter>(std::string(129, 'x')).error() ==
        spawn_error::bad_name);
  CHECK(system.try_spawn<counter>("a\nb").error() == spawn_error::bad_name);
}

TEST_CASE("an actor is found by name only as what it is") {
  commy::actor_system system{{.workers = 1}};
  (void)system.spawn<counter>("sums");

  const auto wrong = system.find<no_way_out>("sums");

  REQUIRE_FALSE(wrong);
  CHECK(wrong.error() == commy::find_error::other_type);
  CHECK(wrong.error().detail().text.view() == "sums is a actor_tests::counter");
}

TEST_CASE("a system refuses more actors than its limit") {
  commy::actor_system system{{.workers = 1, .max_actors = 2}};
  const auto first = system.spawn<counter>("");
  (void)system.spawn<counter>("");

  CHECK(system.try_spawn<counter>("").error() == spawn_error::too_many_actors);

  system.stop(first);
  REQUIRE(system.wait_stopped(first, deadline));
  CHECK(system.try_spawn<counter>(""));
}

TEST_CASE("a shutdown stops the newest actor first") {
  std::vector<std::string> book;
  commy::actor_system system{{.workers = 2}};
  (void)system.spawn<signer>("a", book, "a");
  (void)system.spawn<signer>("b", book, "b");
  (void)system.spawn<signer>("c", book, "c");

  CHECK(system.shutdown(deadline).empty());

  CHECK(book == std::vector<std::string>{"c", "b", "a"});
  CHECK(system.try_spawn<counter>("late").error() == spawn_error::stopping);
}

TEST_CASE("a shutdown names who is late and what he does") {
  commy::actor_system system{{.workers = 1}};
  const auto sums = system.spawn<counter>("sums");
  occupied busy{sums};
  REQUIRE(busy.is_busy());
  sums.tell(add{1}).value();

  const auto late = system.shutdown(1ms);

  REQUIRE(late.size() == 1);
  CHECK(late[0].name == "sums");
  CHECK(late[0].doing ==
        "ready, handling actor_tests::hold, 2 messages queued");
}

TEST_CASE("the end of a system ends actors that wait for an answer") {
  class asker : public commy::actor {
  public:
    explicit asker(commy::ref<counter> sums) : sums_{sums} {}
    commy::task<> on(reset) { (void)co_await ask(sums_, total{}, 3600s); }

  private:
    commy::ref<counter> sums_;
  };
  auto busy = std::unique_ptr<occupied>{};
  commy::actor_system system{{.workers = 2, .stop_deadline = 1ms}};
  const auto sums = system.spawn<counter>("sums");
  const auto a = system.spawn<asker>("asker", sums);
  busy = std::make_unique<occupied>(sums);
  a.tell(reset{}).value();
  REQUIRE(eventually([&] {
    for (const auto& i : system.inspect().actors) {
      if (i.name == "asker") return i.state == "awaiting";
    }
    return false;
  }));

  CHECK(system.shutdown(1ms).size() == 2);
  CHECK(system.wait_stopped(a, deadline));
  busy->end();  // The system's destructor waits for the handler.
}

TEST_CASE("a pinned actor runs on a thread of its own") {
  struct where {
    using reply = std::size_t;
  };
  class local : public commy::actor {
  public:
    std::size_t on(where) {
      return std::hash<std::thread::id>{}(std::this_thread::get_id());
    }
    void on(const hold& m) {
      m.entered->open();
      (void)m.leave->wait();
    }
  };
  commy::actor_system system{{.workers = 1}};
  const auto pinned =
      system.spawn<local>({.name = "pinned", .where = commy::executor::pinned});
  const auto shared = system.spawn<local>("shared");
  const auto first = system.ask(pinned, where{}, deadline).value();

  CHECK(first != system.ask(shared, where{}, deadline).value());
  CHECK(first == system.ask(pinned, where{}, deadline).value());
  occupied busy{pinned};
  REQUIRE(busy.is_busy());
  CHECK(system.ask(shared, where{}, deadline));  // Its worker is free.
}

TEST_CASE("an inspection shows depth, state and work done") {
  commy::actor_system system{{.workers = 1}};
  const auto sums =
      system.spawn<counter>({.name = "sums", .mailbox_messages = 50});
  for (int i = 0; i < 3; ++i)
    REQUIRE(system.ask(sums, add{1}, deadline));
  REQUIRE(eventually([&] { return system.inspect().actors[0].handled == 3; }));
  occupied busy{sums};
  REQUIRE(busy.is_busy());
  sums.tell(add{1}).value();

  const auto all = system.inspect().actors;

  REQUIRE(all.size() == 1);
  CHECK(all[0].name == "sums");
  CHECK(all[0].type == "actor_tests::counter");
  CHECK(all[0].state == "ready");
  CHECK(all[0].handling == "actor_tests::hold");
  CHECK(all[0].queued == 2);
  CHECK(all[0].mailbox_messages == 50);
  CHECK(all[0].handled == 3);
}
