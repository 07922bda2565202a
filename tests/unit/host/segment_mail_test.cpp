#include "mail_fixture.hpp"
#include <commy/message/remote_address.hpp>

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <chrono>
#include <latch>
#include <random>
#include <string>
#include <support/eventually.hpp>
#include <support/threads_named.hpp>
#include <thread>

using namespace std::chrono_literals;
using commy::host::segment_mail;
using commy::test::eventually;

namespace {

/// Is in its handler until it is let go.
class endless : public commy::actor {
public:
  using protocol = commy::messages<stray>;
  endless(std::latch& inside, std::latch& let_go)
      : inside_{inside}, let_go_{let_go} {}
  void on(stray /*message*/) {
    inside_.count_down();
    let_go_.wait();
  }

private:
  std::latch& inside_;
  std::latch& let_go_;
};

/// Adds up what it sees of a frame.
class viewer : public commy::actor {
public:
  using protocol = commy::messages<shown_frame>;
  explicit viewer(number_queue& queue) : queue_{queue} {}
  void on(shown_frame m) {
    queue_.push(m.number + m.frame[0] + m.frame[m.frame.size() - 1]);
  }

private:
  number_queue& queue_;
};

}  // namespace

TEST_CASE("a message from another process reaches the actor it is for") {
  mail_fixture f;
  f.mail.open(f.ours).value();
  f.mail.publish("collector").value();
  commy::send(f.theirs, "collector", test_number{12, 0, 0}).value();
  CHECK(f.numbers.next() == 12);
  CHECK(f.mail.refused() == 0);
}

TEST_CASE("workers wait in the first segment, threads in further ones") {
  const auto inbox_threads = [] {
    return commy::test::threads_named("commy inbox");
  };
  mail_fixture f;
  f.mail.open(f.ours).value();
  CHECK(inbox_threads() == 0);
  const auto second = commy::segment::create("demo/second", f.where).value();
  const auto from = commy::segment::open("demo/second", f.where).value();
  f.mail.open(second).value();
  f.mail.publish("collector").value();
  for (std::int64_t i = 0; i < 1'000; ++i) {
    commy::send(i % 2 == 0 ? f.theirs : from, "collector", test_number{i, 0, 0})
        .value();
    REQUIRE(f.numbers.next() == i);
  }
  // It has named itself by now.
  CHECK(inbox_threads() == 1);
  f.mail.close();
  CHECK(inbox_threads() == 0);
  // The workers have nothing to wait in, and take the next first one.
  f.mail.open(second).value();
  f.mail.publish("collector").value();
  CHECK(inbox_threads() == 0);
  commy::send(from, "collector", test_number{7, 0, 0}).value();
  CHECK(f.numbers.next() == 7);
}

TEST_CASE("a handler that does not end keeps others from nothing") {
  mail_fixture f;
  std::latch inside{1};
  std::latch let_go{1};
  commy::actor_system two{{.workers = 2}};
  segment_mail mail{two};
  two.spawn<collector>("quick", f.numbers);
  two.spawn<endless>("endless", inside, let_go);
  mail.open(f.ours).value();
  mail.publish("quick").value();
  mail.publish("endless").value();
  // The worker that brings this is in the inbox, and alone there.
  for (std::int64_t i = 0; i < 200; ++i) {
    commy::send(f.theirs, "quick", test_number{i, 0, 0}).value();
    REQUIRE(f.numbers.next() == i);
  }
  commy::send(f.theirs, "endless", stray{}).value();
  inside.wait();
  for (std::int64_t i = 0; i < 200; ++i) {
    commy::send(f.theirs, "quick", test_number{i, 0, 0}).value();
    CHECK(f.numbers.next() == i);
  }
  let_go.count_down();
  mail.close();
}

TEST_CASE("a message that the actor does not know is refused and given back") {
  mail_fixture f;
  f.mail.open(f.ours).value();
  f.mail.publish("collector").value();
  const auto before = f.ours.statistics().live_blocks;
  auto loan = commy::try_loan<std::int64_t>(f.theirs).value();
  commy::send(f.theirs, "collector", test_loan{}, std::move(loan)).value();
  // The next one is handled after the one before was refused.
  commy::send(f.theirs, "collector", test_number{1, 0, 0}).value();
  CHECK(f.numbers.next() == 1);
  CHECK(f.mail.refused() == 1);
  CHECK(f.ours.statistics().live_blocks == before);
}

TEST_CASE("a handle that nobody has sent leads nowhere") {
  mail_fixture f;
  f.mail.open(f.ours).value();
  const auto number = commy::memory::segment_number(f.ours.engine()->img());
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  for (int i = 0; i < 100'000; ++i) {
    std::array<std::uint64_t, 2> handle{random(), random()};
    // Half of them name the right segment, and few lie outside of it.
    if (i % 2 == 0) {
      const auto near = commy::loan_handle::make(
          number, random() & 0x03ff'ffffU, random() % 4);
      handle = {near.low, near.high};
    }
    REQUIRE(f.mail.resolve(handle).bytes.empty());
  }
  CHECK(f.mail.resolve({0, 0}).bytes.empty());
}

TEST_CASE("a handle of a loan that was not sent here leads nowhere") {
  mail_fixture f;
  f.mail.open(f.ours).value();
  for (const auto* const lender : {&f.ours, &f.theirs}) {
    auto lent = commy::try_loan<std::int64_t>(*lender).value();
    *lent = 7;
    const auto handle = lent.handle();
    // It, and what it was or will be in another life.
    for (const std::uint64_t life : {0U, 1U, 2U}) {
      CHECK(f.mail.resolve({handle.low, handle.high + life}).bytes.empty());
      CHECK(f.mail.resolve({handle.low, handle.high - life}).bytes.empty());
    }
    CHECK(*lent == 7);
    CHECK(lent.handle() == handle);
    lent = {};
    CHECK(f.mail.resolve({handle.low, handle.high}).bytes.empty());
  }
  // Each block went back once: as many are free as were lent.
  CHECK(f.ours.statistics().owned_bytes == 0);
}

TEST_CASE("a loan in a message of another process is the actor's") {
  mail_fixture f;
  f.actors.spawn<viewer>("viewer", f.numbers);
  f.mail.open(f.ours).value();
  f.mail.publish("viewer").value();
  f.mail.publish("collector").value();
  auto to =
      commy::remote_address<shown_frame>::find(f.theirs, "viewer").value();
  for (std::int64_t i = 0; i < 100; ++i) {
    // Four megabytes, so all of them take turns with a few runs.
    auto lent = commy::try_loan_for_overwrite<std::int64_t>(f.theirs, 1U << 19U)
                    .value();
    lent[0] = i;
    lent[lent.size() - 1] = 2 * i;
    to.send(shown_frame{std::move(lent), i}).value();
    REQUIRE(f.numbers.next() == 4 * i);
  }
  // To an actor that does not know it: back it goes.
  auto lent = commy::try_loan_for_overwrite<std::int64_t>(f.theirs, 9).value();
  commy::send(f.theirs, "collector", shown_frame{std::move(lent), 1}).value();
  commy::send(f.theirs, "collector", test_number{1, 0, 0}).value();
  CHECK(f.numbers.next() == 1);
  CHECK(f.mail.refused() == 1);
  CHECK(f.actors.shutdown(20s).empty());
  CHECK(f.ours.statistics().owned_bytes == 0);
}

TEST_CASE("a name is published by one host only, and free when it closes") {
  mail_fixture f;
  f.mail.open(f.ours).value();
  f.mail.publish("collector").value();
  segment_mail other{f.actors};
  other.open(f.theirs).value();
  const auto taken = other.publish("collector");
  REQUIRE_FALSE(taken);
  CHECK(taken.error() == commy::inbox_error::name_taken);
  f.mail.close();
  const auto names = commy::message::name_table::open(f.theirs).value();
  CHECK(names.list(16).empty());
  CHECK(other.publish("collector"));
  CHECK(names.list(16).size() == 1);
  other.close();
}

namespace {

/// Keeps its worker until it is let go.
class blocker : public commy::actor {
public:
  using protocol = commy::messages<test_number>;
  blocker(number_queue& entered, std::latch& until)
      : entered_{entered}, until_{until} {}
  void on(const test_number& number) {
    entered_.push(number.value);
    until_.wait();
  }

private:
  number_queue& entered_;
  std::latch& until_;
};

}  // namespace

TEST_CASE("who has no room to hear what was told in vain hears it later") {
  mail_fixture f;
  // Here: an actor with room for one message, which is busy.
  std::latch goes_on{1};
  const auto narrow = f.actors.spawn<blocker>(
      commy::spawn_options{.name = "narrow",
                           .mailbox_messages = 1,
                           .where = commy::executor::pinned},
      f.numbers, goes_on);
  f.mail.open(f.ours).value();
  f.mail.publish("narrow").value();
  narrow.tell(test_number{1, 0, 0}).value();
  REQUIRE(f.numbers.next() == 1);

  // There: a system of one worker, which is busy, too, so nobody takes what
  // lies in its ring.
  commy::actor_system others{{.workers = 1}};
  segment_mail other_mail{others};
  other_mail.open(f.theirs).value();
  std::latch looks_again{1};
  const auto busy = others.spawn<blocker>("busy", f.numbers, looks_again);
  other_mail.publish("busy").value();
  REQUIRE(other_mail.find<test_number>(f.theirs, "narrow"));
  std::atomic<std::uint64_t> dead{0};
  const auto listens = others.on_dead_letter(
      [&](const commy::dead_letter& d) { dead += d.count; });
  busy.tell(test_number{3, 0, 0}).value();
  REQUIRE(f.numbers.next() == 3);
  // What nobody there takes, so that it comes back in its turn.
  auto flood = commy::remote_address<stray>::find(f.ours, "busy").value();
  std::uint64_t strays = 0;
  while (flood.send(stray{}))
    ++strays;

  for (int i = 0; i < 10; ++i) {
    commy::send(f.theirs, "narrow", test_number{i, 0, 0}).value();
  }
  REQUIRE(eventually([&] { return f.mail.refused() == 10; }));
  CHECK(dead == 0);
  looks_again.count_down();
  CHECK(eventually([&] { return dead == 10; }));
  CHECK(other_mail.statistics(f.theirs).returned == 10);
  CHECK(
      eventually([&] { return f.mail.statistics(f.ours).returned == strays; }));
  goes_on.count_down();
  other_mail.close();
}
