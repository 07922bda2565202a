// Pools: which worker gets a message, and what happens when it cannot.
#include "support.hpp"
#include <commy/test/runtime.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace actor_tests;
using commy::pool;
using commy::routing;
using commy::test::runtime;

namespace {

struct job {
  int number;
};
struct order {
  std::string customer;
  int number;
  [[nodiscard]] const std::string& key() const { return customer; }
};
struct question_of {
  using reply = std::string;
  int customer;
  [[nodiscard]] int key() const { return customer; }
};
struct parcel {
  std::unique_ptr<int> content;
};
struct who {
  using reply = std::string;
};
struct crash {};

/// What the workers of one pool did, by their names' last letter.
struct record {
  std::vector<std::string> lines;
};

class worker : public commy::actor {
public:
  explicit worker(std::shared_ptr<record> done) : done_{std::move(done)} {}
  void on(job m) { write(std::to_string(m.number)); }
  void on(const order& m) { write(m.customer + std::to_string(m.number)); }
  void on(parcel m) { write("parcel" + std::to_string(*m.content)); }
  void on(crash) { fail("crash"); }
  std::string on(who) { return name(); }
  std::string on(question_of) { return name(); }

private:
  // Its place in memory stands for its name.
  [[nodiscard]] std::string name() const {
    return std::to_string(reinterpret_cast<std::uintptr_t>(this));
  }
  void write(const std::string& what) {
    done_->lines.push_back(name() + ":" + what);
  }

  std::shared_ptr<record> done_;
};

template <routing How>
std::vector<std::uint32_t> queued(const pool<worker, How>& p) {
  std::vector<std::uint32_t> all;
  for (const auto& w : p.workers())
    all.push_back(
        commy::actors::access::handle(w).at->inlet.queued().messages());
  return all;
}

using loads = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("round robin gives each worker its turn") {
  runtime rt;
  const auto p =
      rt.system().spawn_pool<worker>({.size = 3}, std::make_shared<record>());
  for (int i = 0; i < 7; ++i)
    p.tell(job{i}).value();

  CHECK(queued(p) == loads{3, 2, 2});
}

TEST_CASE("round robin gives a message to others before it refuses it") {
  runtime rt;
  const auto p = rt.system().spawn_pool<worker>(
      {.size = 3, .each = {.mailbox_messages = 2}}, std::make_shared<record>());
  // The second worker is full, and passed over.
  p.workers()[1].tell(job{0}).value();
  p.workers()[1].tell(job{0}).value();
  for (int i = 0; i < 4; ++i)
    p.tell(parcel{std::make_unique<int>(i)}).value();
  CHECK(queued(p) == loads{2, 2, 2});

  auto refused = p.tell(parcel{std::make_unique<int>(7)});

  REQUIRE_FALSE(refused);
  CHECK(refused.error() == commy::tell_error::mailbox_full);
  CHECK(*refused.take_back().content == 7);
}

TEST_CASE("workers that drop get a message only when no other has room") {
  runtime rt;
  const auto p = rt.system().spawn_pool<worker>(
      {.size = 3,
       .each = {.mailbox_messages = 2,
                .when_full = commy::overflow::drop_newest}},
      std::make_shared<record>());
  for (int i = 0; i < 2; ++i)
    p.workers()[1].tell(job{0}).value();
  for (int i = 0; i < 4; ++i)
    p.tell(job{i}).value();
  std::vector<std::uint32_t> held;
  for (const auto& a : rt.system().inspect().actors)
    held.push_back(a.queued);
  CHECK(held == loads{2, 2, 2});
  p.tell(job{9}).value();
  rt.settle();
  CHECK(rt.system().dead_letter_count() == 1);
}

TEST_CASE("the least loaded worker gets the message") {
  runtime rt;
  const auto p = rt.system().spawn_pool<worker, routing::least_loaded>(
      {.size = 4}, std::make_shared<record>());
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t n = 0; n < 5 * i; ++n)
      p.workers()[i].tell(job{0}).value();
  }

  for (int i = 0; i < 15; ++i)
    p.tell(job{i}).value();
  CHECK(queued(p) == loads{10, 10, 10, 15});

  for (int i = 0; i < 15; ++i)
    p.tell(job{i}).value();
  CHECK(queued(p) == loads{15, 15, 15, 15});
  for (int i = 0; i < 4; ++i)
    p.tell(job{i}).value();
  CHECK(queued(p) == loads{16, 16, 16, 16});
}

TEST_CASE("workers without work take turns by least loaded, too") {
  runtime rt;
  const auto p = rt.system().spawn_pool<worker, routing::least_loaded>(
      {.size = 4}, std::make_shared<record>());
  std::set<std::string> names;
  for (int i = 0; i < 4; ++i)
    names.insert(rt.ask(p, who{}).value());

  CHECK(names.size() == 4);
}

TEST_CASE("a big pool by least loaded stays level") {
  runtime rt;
  const auto p = rt.system().spawn_pool<worker, routing::least_loaded>(
      {.size = 100, .each = {.mailbox_messages = 1000}},
      std::make_shared<record>());
  for (int i = 0; i < 10'000; ++i)
    p.tell(job{i}).value();

  const auto all = queued(p);
  // By chance alone one of them would have 125 or more; two choices differ by
  // a few, whatever the number of messages.
  CHECK(*std::max_element(all.begin(), all.end()) <= 104);
  CHECK(*std::min_element(all.begin(), all.end()) >= 92);
}

TEST_CASE("equal keys go to the same worker, in order") {
  runtime rt;
  const auto done = std::make_shared<record>();
  const auto p =
      rt.system().spawn_pool<worker, routing::by_key>({.size = 5}, done);
  for (int i = 0; i < 20; ++i) {
    for (const auto* customer : {"ada", "grace", "edsger", "barbara"})
      p.tell(order{customer, i}).value();
  }
  rt.settle();

  std::set<std::string> workers;
  for (const std::string customer : {"ada", "grace", "edsger", "barbara"}) {
    std::set<std::string> by;
    int next = 0;
    for (const auto& line : done->lines) {
      const auto colon = line.find(':');
      if (line.compare(colon + 1, customer.size(), customer) != 0) continue;
      by.insert(line.substr(0, colon));
      CHECK(line.substr(colon + 1) == customer + std::to_string(next++));
    }
    CHECK(next == 20);
    CHECK(by.size() == 1);
    workers.insert(by.begin(), by.end());
  }
  CHECK(workers.size() > 1);
}

TEST_CASE("a full worker refuses what has its key, though others have room") {
  runtime rt;
  const auto p = rt.system().spawn_pool<worker, routing::by_key>(
      {.size = 4, .each = {.mailbox_messages = 3}}, std::make_shared<record>());
  for (int i = 0; i < 3; ++i)
    p.tell(order{"ada", i}).value();

  auto refused = p.tell(order{"ada", 3});

  REQUIRE_FALSE(refused);
  CHECK(refused.error() == commy::tell_error::mailbox_full);
  CHECK(refused.take_back().number == 3);
}

TEST_CASE("keys are spread over all workers") {
  runtime rt;
  const auto p = rt.system().spawn_pool<worker, routing::by_key>(
      {.size = 8}, std::make_shared<record>());
  for (int i = 0; i < 800; ++i)
    p.tell(order{std::to_string(i), 0}).value();

  for (const auto load : queued(p)) {
    CHECK(load > 60);
    CHECK(load < 140);
  }
}

TEST_CASE("a worker that has stopped is passed over") {
  runtime rt;
  const auto robin =
      rt.system().spawn_pool<worker>({.size = 3}, std::make_shared<record>());
  const auto least = rt.system().spawn_pool<worker, routing::least_loaded>(
      {.size = 3}, std::make_shared<record>());
  (void)rt.system().stop(robin.workers()[1]);
  (void)rt.system().stop(least.workers()[1]);
  rt.settle();

  for (int i = 0; i < 6; ++i) {
    robin.tell(job{i}).value();
    least.tell(job{i}).value();
  }

  CHECK(queued(robin)[0] + queued(robin)[2] == 6);
  CHECK(queued(least)[0] == 3);
  CHECK(queued(least)[2] == 3);
}

TEST_CASE("the keys of a stopped worker go to one other") {
  runtime rt;
  const auto p = rt.system().spawn_pool<worker, routing::by_key>(
      {.size = 4}, std::make_shared<record>());
  const auto first = p.pick(order{"ada", 0});
  (void)rt.system().stop(first);
  rt.settle();

  const auto second = p.pick(order{"ada", 1});
  for (int i = 0; i < 10; ++i)
    p.tell(order{"ada", i}).value();

  CHECK_FALSE(first == second);
  CHECK(commy::actors::access::handle(second).at->inlet.queued().messages() ==
        10);
}

TEST_CASE("a pool whose workers have all stopped refuses as one") {
  runtime rt;
  const auto p =
      rt.system().spawn_pool<worker>({.size = 3}, std::make_shared<record>());
  for (const auto& w : p.workers())
    (void)rt.system().stop(w);
  rt.settle();

  CHECK(p.tell(job{1}).error() == commy::tell_error::stopped);
  CHECK(rt.ask(p, who{}).error() == commy::ask_error::receiver_stopped);

  const pool<worker> nobody;
  CHECK(nobody.tell(job{1}).error() == commy::tell_error::stopped);
  CHECK(rt.ask(nobody, who{}).error() == commy::ask_error::receiver_stopped);
}

TEST_CASE("a plain thread asks a pool") {
  commy::actor_system system{{.workers = 2}};
  const auto p = system.spawn_pool<worker>({.name = "w", .size = 3},
                                           std::make_shared<record>());
  std::set<std::string> names;
  for (int i = 0; i < 6; ++i)
    names.insert(system.ask(p, who{}, deadline).value());

  CHECK(names.size() == 3);
}

TEST_CASE("a handler asks a pool, by key the same worker each time") {
  struct enquire {
    using reply = std::string;
    int customer;
  };
  class clerk : public commy::actor {
  public:
    explicit clerk(pool<worker, routing::by_key> desks)
        : desks_{std::move(desks)} {}
    commy::task<std::string> on(enquire m) {
      auto answer = co_await ask(desks_, question_of{m.customer}, 1s);
      co_return answer.value();
    }

  private:
    pool<worker, routing::by_key> desks_;
  };
  runtime rt;
  const auto p = rt.system().spawn_pool<worker, routing::by_key>(
      {.size = 4}, std::make_shared<record>());
  const auto c = rt.spawn<clerk>("clerk", p);
  std::set<std::string> names;
  for (int customer = 0; customer < 50; ++customer) {
    const auto name = rt.ask(c, enquire{customer}).value();
    CHECK(rt.ask(c, enquire{customer}).value() == name);
    names.insert(name);
  }

  CHECK(names.size() == 4);
}

TEST_CASE("who asks a pool meets no full worker while another has room") {
  runtime rt;
  const auto p = rt.system().spawn_pool<worker>(
      {.size = 3, .each = {.mailbox_messages = 1}}, std::make_shared<record>());
  for (const std::size_t full : {0U, 1U}) {
    rt.silence(p.workers()[full]);
    p.workers()[full].tell(job{0}).value();
  }
  for (int i = 0; i < 6; ++i)
    CHECK(rt.ask(p, who{}));

  rt.silence(p.workers()[2]);
  p.workers()[2].tell(job{0}).value();
  CHECK(rt.ask(p, who{}).error() == commy::ask_error::mailbox_full);
}

TEST_CASE("a supervised pool gets a failed worker back, mailbox and all") {
  runtime rt;
  const auto done = std::make_shared<record>();
  auto boss = rt.system().supervise();
  const auto p = boss.spawn_pool<worker>({.name = "w", .size = 2}, done);
  p.tell(crash{}).value();
  for (int i = 1; i < 5; ++i)
    p.tell(job{i}).value();
  rt.settle();
  CHECK(done->lines.size() == 2);

  rt.advance(1s);

  CHECK(boss.restarts() == 1);
  CHECK(done->lines.size() == 4);
}

TEST_CASE("workers are called by the pool's name and their number") {
  runtime rt;
  auto& system = rt.system();
  const auto p = system.spawn_pool<worker>({.name = "w", .size = 2},
                                           std::make_shared<record>());

  CHECK(system.find<worker>("w/0").value() == p.workers()[0]);
  CHECK(system.find<worker>("w/1").value() == p.workers()[1]);
}

TEST_CASE("a pool that cannot start as a whole does not start") {
  runtime rt;
  auto& system = rt.system();
  (void)system.spawn<worker>("w/2", std::make_shared<record>());

  const auto p = system.try_spawn_pool<worker>({.name = "w", .size = 4},
                                               std::make_shared<record>());
  rt.settle();

  REQUIRE_FALSE(p);
  CHECK(p.error() == commy::spawn_error::name_taken);
  CHECK(p.error().detail().text.view() == "w/2");
  CHECK(system.actor_count() == 1);
}

TEST_CASE("a pool has a size with a bound") {
  commy::actor_system system{{.workers = 3}};
  const auto record_of_all = std::make_shared<record>();
  CHECK(system.spawn_pool<worker>({}, record_of_all).workers().size() == 3);

  const auto p = system.try_spawn_pool<worker>({.size = 1025}, record_of_all);
  REQUIRE_FALSE(p);
  CHECK(p.error() == commy::spawn_error::pool_too_large);
  CHECK_THROWS_AS(system.spawn_pool<worker>({.size = 1025}, record_of_all),
                  commy::bad_result);
}
