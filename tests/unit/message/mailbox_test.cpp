#include "letters.hpp"

#include <catch2/catch_test_macros.hpp>

#include <vector>

using commy::message::mailbox_signal;
using commy::message::pushed;
using letters::letter;

TEST_CASE("a mailbox hands out messages in the order they were pushed") {
  letters::mailbox box;
  for (std::uint32_t i = 0; i < 10; ++i)
    CHECK(box.send(i) == pushed::queued);

  for (std::uint32_t i = 0; i < 10; ++i) {
    auto* const e = box.outlet.try_pop();
    REQUIRE(e != nullptr);
    CHECK(letters::read(*e) == i);
  }
  CHECK(box.outlet.try_pop() == nullptr);
  CHECK(box.end() == 0);
}

TEST_CASE("a mailbox takes no more messages than its bound") {
  letters::mailbox box{2};
  REQUIRE(box.send(1) == pushed::queued);
  REQUIRE(box.send(2) == pushed::queued);

  CHECK_FALSE(box.inlet.try_reserve(letters::one));
  CHECK(box.inlet.queued().messages() == 2);

  letters::read(*box.outlet.try_pop());
  CHECK_FALSE(box.inlet.try_reserve(letters::one));
  box.inlet.give_back(letters::one);
  CHECK(box.inlet.try_reserve(letters::one));
  box.inlet.give_back(letters::one);
  CHECK(box.end() == 1);
}

TEST_CASE("exactly the first sender to an idle receiver has to wake it") {
  letters::mailbox box;
  REQUIRE(box.outlet.try_idle(box.inlet));

  CHECK(box.send(1) == pushed::woke);
  CHECK(box.send(2) == pushed::queued);

  CHECK_FALSE(box.outlet.try_idle(box.inlet));
  CHECK(box.end() == 2);
}

TEST_CASE("a receiver with messages cannot go idle") {
  letters::mailbox box;
  CHECK(box.send(1) == pushed::queued);

  CHECK_FALSE(box.outlet.try_idle(box.inlet));

  letters::read(*box.outlet.try_pop());
  box.inlet.give_back(letters::one);
  CHECK(box.outlet.try_idle(box.inlet));
  CHECK(box.inlet.try_wake());
  CHECK(box.end() == 0);
}

TEST_CASE("a closed mailbox takes nothing") {
  letters::mailbox box;
  REQUIRE(box.send(1) == pushed::queued);
  box.outlet.close(box.inlet);

  auto& late = letters::make(2);
  REQUIRE(box.inlet.try_reserve(letters::one));
  CHECK(box.inlet.push(late) == pushed::closed);
  CHECK(letters::number_in(late) == 2);
  letters::discard(late);
  box.inlet.give_back(letters::one);

  CHECK(box.end() == 1);
  CHECK(box.inlet.queued().messages() == 0);
}

TEST_CASE("a mailbox that was never opened is closed") {
  commy::message::mailbox_inlet inlet;
  auto& e = letters::make(1);

  CHECK_FALSE(inlet.try_reserve(letters::one));
  CHECK(inlet.push_urgent(e) == pushed::closed);
  CHECK_FALSE(inlet.try_wake());

  letters::discard(e);
}

TEST_CASE("answers enter a full mailbox") {
  letters::mailbox box{1};
  REQUIRE(box.send(1) == pushed::queued);
  REQUIRE_FALSE(box.inlet.try_reserve(letters::one));

  CHECK(box.inlet.push_urgent(letters::make(2)) == pushed::queued);
  CHECK(box.inlet.push_urgent(letters::make(3)) == pushed::queued);

  auto* const first = box.outlet.take_urgent(box.inlet);
  REQUIRE(first != nullptr);
  auto* const second = first->next.load();
  REQUIRE(second != nullptr);
  CHECK(letters::number_in(*first) == 2);
  CHECK(letters::number_in(*second) == 3);
  CHECK(second->next.load() == nullptr);
  letters::discard(*first);
  letters::discard(*second);
  CHECK(box.end() == 1);
}

TEST_CASE("a receiver that waits is woken by answers, not by messages") {
  letters::mailbox box;
  REQUIRE(box.outlet.try_wait(box.inlet));

  CHECK(box.send(1) == pushed::queued);
  CHECK(box.inlet.push_urgent(letters::make(2)) == pushed::woke);
  CHECK(box.inlet.push_urgent(letters::make(3)) == pushed::queued);

  CHECK_FALSE(box.outlet.try_wait(box.inlet));
  CHECK(box.end() == 1);
  CHECK(letter::alive == 0);
}

TEST_CASE("an answer wakes an idle receiver too") {
  letters::mailbox box;
  REQUIRE(box.outlet.try_idle(box.inlet));

  CHECK(box.inlet.push_urgent(letters::make(1)) == pushed::woke);

  CHECK(box.end() == 0);
  CHECK(letter::alive == 0);
}

TEST_CASE("a signal reaches a receiver whose mailbox is full") {
  letters::mailbox box{1};
  REQUIRE(box.send(1) == pushed::queued);
  REQUIRE(box.outlet.try_wait(box.inlet));

  REQUIRE(box.inlet.raise(0, mailbox_signal::alarm));
  REQUIRE(box.inlet.raise(0, mailbox_signal::drain));
  CHECK(box.inlet.try_wake());
  CHECK_FALSE(box.inlet.try_wake());

  const auto raised = box.outlet.signals(box.inlet);
  CHECK(raised == 5);
  box.outlet.clear_signals(box.inlet, raised);
  CHECK(box.outlet.signals(box.inlet) == 0);
  CHECK(box.end() == 1);
}

TEST_CASE("a signal for an actor that has ended does not reach the next one") {
  letters::mailbox box;
  const auto before = box.inlet.generation();
  REQUIRE(box.inlet.raise(before, mailbox_signal::alarm));
  CHECK(box.end() == 0);

  box.outlet.open(box.inlet, {1000, 1 << 20});

  CHECK(box.inlet.generation() == before + 1);
  CHECK_FALSE(box.inlet.raise(before, mailbox_signal::stop_now));
  CHECK(box.outlet.signals(box.inlet) == 0);
  CHECK(box.end() == 0);
}

TEST_CASE("every message of an ended mailbox is destroyed") {
  {
    letters::mailbox box;
    for (std::uint32_t i = 0; i < 5; ++i)
      CHECK(box.send(i) == pushed::queued);
    CHECK(box.inlet.push_urgent(letters::make(9)) == pushed::queued);
    letters::read(*box.outlet.try_pop());
    CHECK(box.end() == 4);
  }
  CHECK(letter::alive == 0);
}
