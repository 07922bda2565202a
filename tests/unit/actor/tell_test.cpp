#include "support.hpp"

#include <catch2/catch_test_macros.hpp>

#include <memory>
#include <string>
#include <vector>

using namespace actor_tests;

namespace {

struct number {
  int value;
};
struct parcel {
  std::unique_ptr<std::string> content;
};

class listener : public commy::actor {
public:
  explicit listener(std::vector<int>& heard) : heard_{&heard} {}
  void on(number m) { heard_->push_back(m.value); }
  void on(const hold& m) {
    m.entered->open();
    (void)m.leave->wait();
  }

private:
  std::vector<int>* heard_;
};

class opener : public commy::actor {
public:
  explicit opener(std::string& seen) : seen_{&seen} {}
  void on(parcel m) { *seen_ = *m.content; }
  void on(const hold& m) {
    m.entered->open();
    (void)m.leave->wait();
  }

private:
  std::string* seen_;
};

struct keep_two_waiting {
  gate* first;
  gate* second;
};
struct open_it {
  gate* which;
};

class porter : public commy::actor {
public:
  void on(open_it m) { m.which->open(); }
};

/// Waits in its handler for what two others do meanwhile.
class blocker : public commy::actor {
public:
  blocker(commy::ref<porter> a, commy::ref<porter> b, bool& done)
      : a_{a}, b_{b}, done_{&done} {}
  void on(keep_two_waiting m) {
    a_.tell(open_it{m.first}).value();
    b_.tell(open_it{m.second}).value();
    *done_ = m.first->wait() && m.second->wait();
  }

private:
  commy::ref<porter> a_;
  commy::ref<porter> b_;
  bool* done_;
};

}  // namespace

TEST_CASE("two actors told by a handler that goes on run on another worker") {
  bool done = false;
  gate first;
  gate second;
  {
    commy::actor_system system{{.workers = 2}};
    const auto a = system.spawn<porter>("a");
    const auto b = system.spawn<porter>("b");
    const auto busy = system.spawn<blocker>("busy", a, b, done);
    busy.tell(keep_two_waiting{&first, &second}).value();
    system.stop(busy);
    REQUIRE(system.wait_stopped(busy, 2 * deadline));
  }
  CHECK(done);
}

TEST_CASE("messages of one sender are handled in the order they were told") {
  std::vector<int> heard;
  commy::actor_system system{{.workers = 2}};
  const auto ears = system.spawn<listener>("ears", heard);

  for (int i = 0; i < 1000; ++i)
    ears.tell(number{i}).value();
  system.stop(ears);
  REQUIRE(system.wait_stopped(ears, deadline));

  REQUIRE(heard.size() == 1000);
  for (int i = 0; i < 1000; ++i)
    CHECK(heard[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("a message is moved into the mailbox, never copied") {
  std::string seen;
  commy::actor_system system{{.workers = 1}};
  const auto desk = system.spawn<opener>("desk", seen);

  desk.tell(parcel{std::make_unique<std::string>("tea")}).value();
  system.stop(desk);
  REQUIRE(system.wait_stopped(desk, deadline));

  CHECK(seen == "tea");
}

TEST_CASE("a full mailbox is visible and hands the message back") {
  std::string seen;
  commy::actor_system system{{.workers = 1}};
  const auto desk =
      system.spawn<opener>({.name = "desk", .mailbox_messages = 2}, seen);
  occupied busy{desk};
  REQUIRE(busy.is_busy());
  REQUIRE(desk.tell(parcel{std::make_unique<std::string>("tea")}));

  // The message being handled holds its room until its turn ends.
  auto refused = desk.tell(parcel{std::make_unique<std::string>("milk")});

  REQUIRE_FALSE(refused);
  CHECK(refused.error() == commy::tell_error::mailbox_full);
  CHECK(refused.error().message() ==
        "the receiver's mailbox is full; send less, or later");
  CHECK(*refused.take_back().content == "milk");
}

TEST_CASE("a mailbox has room again when its messages have been handled") {
  commy::actor_system system{{.workers = 1}};
  const auto sums =
      system.spawn<counter>({.name = "sums", .mailbox_messages = 1});
  for (int i = 0; i < 100; ++i) {
    REQUIRE(eventually([&] { return sums.tell(add{1}).has_value(); }));
  }
  REQUIRE(eventually([&] {
    const auto sum = system.ask(sums, total{}, deadline);
    return sum && *sum == 100;
  }));
}

TEST_CASE("a stopped actor hands the message back") {
  commy::actor_system system{{.workers = 1}};
  const auto sums = system.spawn<counter>("sums");
  system.stop(sums);
  REQUIRE(system.wait_stopped(sums, deadline));

  auto refused = sums.tell(add{7});

  REQUIRE_FALSE(refused);
  CHECK(refused.error() == commy::tell_error::stopped);
  CHECK(refused.take_back().amount == 7);
}

TEST_CASE("a default reference refers to nobody") {
  const commy::ref<counter> nobody;
  const commy::address<add> nowhere;

  CHECK(nobody.tell(add{1}).error() == commy::tell_error::stopped);
  CHECK(nowhere.tell(add{1}).error() == commy::tell_error::stopped);
}

TEST_CASE("a reference may outlive its actor and its actor system") {
  commy::ref<counter> sums;
  {
    commy::actor_system system{{.workers = 1}};
    sums = system.spawn<counter>("sums");
    sums.tell(add{1}).value();
  }
  CHECK(sums.tell(add{1}).error() == commy::tell_error::stopped);

  // Most likely the same cell again: still not the same actor.
  commy::actor_system next{{.workers = 1}};
  const auto other = next.spawn<counter>("sums");
  CHECK(sums.tell(add{1}).error() == commy::tell_error::stopped);
  CHECK(*next.ask(other, total{}, deadline) == 0);
}

TEST_CASE(
    "a message on its way to an earlier actor of the cell is not handled") {
  commy::actor_system system{{.workers = 1}};
  const auto sums = system.spawn<counter>("sums");
  const auto handle = commy::actors::access::handle(sums);
  // What a sender does that read the old generation and was then interrupted.
  add late{5};
  auto* const e = commy::message::try_make_envelope(
      commy::actors::ops_of<counter, add>, handle.generation - 1, late);
  REQUIRE(handle.at->inlet.try_reserve(commy::message::room_of(*e)));
  if (handle.at->inlet.push(*e) == commy::message::pushed::woke) {
    commy::actors::schedule(*handle.at);
  }

  CHECK(system.ask(sums, total{}, deadline).value() == 0);
  CHECK(system.dead_letter_count() == 1);
}

TEST_CASE("an address is a narrower view of the same actor") {
  commy::actor_system system{{.workers = 1}};
  const auto sums = system.spawn<counter>("sums");
  const commy::address<add, reset> both = sums;
  const commy::address<reset> only_reset = both;

  both.tell(add{5}).value();
  CHECK(system.ask(both, add{1}, deadline).value() == 6);
  only_reset.tell(reset{}).value();

  CHECK(system.ask(sums, total{}, deadline).value() == 0);
}

TEST_CASE("an actor may tell itself, also from its constructor") {
  class countdown : public commy::actor {
  public:
    explicit countdown(gate& done) : done_{&done} {
      self(this).tell(number{1000}).value();
    }
    void on(number m) {
      if (m.value == 0) return done_->open();
      self(this).tell(number{m.value - 1}).value();
    }

  private:
    gate* done_;
  };
  gate done;
  commy::actor_system system{{.workers = 1}};
  (void)system.spawn<countdown>("countdown", done);

  CHECK(done.wait());
}

TEST_CASE("an actor without a system is a plain object") {
  counter sums{40};

  CHECK(sums.on(add{2}) == 42);
}
