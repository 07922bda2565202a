// A sender or a reader dies after any of its stores: no loan is lost, none has
// two owners, and the one who lives goes on.
#include "expect_sound.hpp"
#include "ring_world.hpp"
#include <commy/memory/loan_words.hpp>

#include <catch2/catch_test_macros.hpp>

#include <iostream>

namespace commy::test {
namespace {

using memory::planted_bug;

ring_exploration explored(const ring_scenario& s) {
  const auto found = explore_ring(s);
  expect_sound(found, s.name);
  return found;
}

/// A victim that sends message `number`, after `already` sent from 0 on.
ring_scenario sending(std::string name, std::uint32_t number,
                      std::uint32_t already = 0) {
  ring_scenario s;
  s.name = std::move(name);
  s.prepare = [already](party& p) {
    for (std::uint32_t i = 0; i < already; ++i)
      p.send(i);
  };
  s.operate = [number](party& p) { p.send(number); };
  for (std::uint32_t i = 0; i < already; ++i)
    s.before.push_back(i);
  s.after = s.before;
  s.after.push_back(number);
  return s;
}

/// A victim that reads what the living one has sent: 0, 1 ... `already` - 1.
ring_scenario reading(std::string name, std::uint32_t already) {
  ring_scenario s;
  s.name = std::move(name);
  s.role = victim_role::reader;
  s.prepare = [](party& p) { p.open_box(); };
  s.meanwhile = [already](party& p, int when) {
    if (when == 0) return;
    p.find_sink();
    for (std::uint32_t i = 0; i < already; ++i)
      p.send(i);
  };
  return s;
}

}  // namespace

TEST_CASE("who dies while sending has sent a whole message or none") {
  explored(sending("send a note", 0));
  explored(sending("send a note behind others", 3, 3));
  explored(sending("send a letter: first loan of all", 1));
  explored(sending("send a letter", 4, 4));
  explored(sending("send a bundle: carrier and two loans", 5, 5));
  explored(sending("send a scroll: carrier in a run", scrolls));
  explored(sending("send a scroll behind others", scrolls + 2, 2));
}

TEST_CASE("who dies while asking has asked a whole request or none") {
  const auto asking = [](std::string name, std::uint32_t number) {
    auto s = sending(std::move(name), number, number);
    s.operate = [number](party& p) { p.ask(number); };
    return s;
  };
  explored(asking("ask with a note", 3));
  explored(asking("ask with a letter", 4));
  explored(asking("ask with a bundle: carrier and two loans", 5));
}

TEST_CASE("who dies while waking a reader has sent its message") {
  auto s = sending("send to a sleeping reader", 4, 4);
  s.meanwhile = [](party& p, int when) {
    if (when != 1) return;
    const auto ring = memory::ring_of(p.shared.engine()->img(), living);
    REQUIRE(ring.header != nullptr);
    ring.header->sleeper = 1;
  };
  explored(s);
}

TEST_CASE("who dies while being refused by a full ring leaves nothing") {
  auto s = sending("send to a full ring", 4, 8);
  s.after = s.before;
  explored(s);
}

TEST_CASE("who dies while taking a message back leaves nothing") {
  for (const std::uint32_t number : {3U, 4U, 5U}) {
    auto s = sending("take back " + std::to_string(number), number, number);
    const auto last = number;
    // The reader closes in the very moment in which the message is whole.
    s.interfere = [last](party&, memory::ring_view ring) {
      const memory::cell_word word{ring.cells[last].word.load()};
      if (word.state() == memory::cell_state::full) ring.header->reader = 0;
    };
    const auto found = explored(s);
    CHECK(found.ended_closed > 0);
  }
}

TEST_CASE("who dies with loans in hand loses them to the segment") {
  ring_scenario s;
  s.name = "lend";
  s.operate = [](party& p) { p.lend(); };
  explored(s);
  s.name = "give back";
  s.prepare = [](party& p) {
    for (int i = 0; i < 3; ++i)
      p.lend();
  };
  s.operate = [](party& p) { p.own.pop_back(); };
  explored(s);
  s.name = "lend what was given back";
  s.prepare = [](party& p) {
    p.lend();
    p.own.pop_back();
  };
  s.operate = [](party& p) { p.lend(); };
  explored(s);
  s.name = "give back a fifth";
  s.prepare = [](party& p) {
    for (int i = 0; i < 5; ++i)
      p.lend();
    for (int i = 0; i < 4; ++i)
      p.own.pop_back();
  };
  s.operate = [](party& p) { p.own.pop_back(); };
  explored(s);
}

TEST_CASE("who dies while taking a message takes its loans along") {
  for (const std::uint32_t number : {0U, 1U, 2U, scrolls}) {
    auto s = reading("take message " + std::to_string(number), 3);
    const auto meanwhile = s.meanwhile;
    s.meanwhile = [meanwhile, number](party& p, int when) {
      if (when == 1) {
        p.find_sink();
        p.send(number);
      }
    };
    s.operate = [](party& p) { p.take(); };
    explored(s);
  }
  auto s = reading("take and give back", 2);
  s.operate = [](party& p) {
    p.take();
    p.take();
    p.got.clear();
  };
  explored(s);
}

TEST_CASE("who dies while opening or closing an inbox leaves none") {
  ring_scenario s;
  s.name = "open the inbox: new ring";
  s.role = victim_role::reader;
  s.operate = [](party& p) {
    p.box.emplace(message::inbox::open(p.shared).value());
  };
  s.meanwhile = [](party& p, int when) {
    if (when == 0) p.lend();
  };
  s.kept = 1;
  explored(s);
  s = reading("close the inbox with messages in it", 6);
  s.operate = [](party& p) { p.box.reset(); };
  explored(s);
}

TEST_CASE("who dies while skipping a dead sender's claim frees its loans") {
  auto s = reading("skip a claim", 0);
  s.meanwhile = [](party& p, int when) {
    if (when == 0) return;
    // As a sender in slot 3 leaves it that died before its message was whole.
    const auto& img = p.shared.engine()->img();
    const memory::slot_index reader = 1;
    auto page = try_loan<sheet>(p.shared).value();
    auto& block = page.block();
    auto& cell = memory::ring_of(img, reader).cells[0];
    const auto handle = block.next_handle();
    cell.payload[0] = handle.low;
    cell.payload[1] = handle.high;
    cell.info =
        memory::cell_info::make(0, 16, 0, memory::cell_info::no_place, false)
            .raw;
    cell.word = memory::cell_word{}.claimed_by(3).raw;
    if (!block.hand_over(reader)) throw std::logic_error{"not handed over"};
    block.forget();
  };
  s.operate = [](party& p) {
    static_cast<void>(p.box->wait(message::inbox::clock::now()));
    static_cast<void>(p.box->try_take());
  };
  explored(s);
}

TEST_CASE("the ring explorer finds loans that are handed over too early") {
  const auto s = sending("planted: hand over before info", 5, 5);
  const auto found = explore_ring(s, planted_bug::hand_over_before_info);
  std::cout << found.row(s.name) << '\n';
  CHECK(found.violations > 0);
}

TEST_CASE("the ring explorer finds a carrier that is freed too early") {
  const auto s = sending("planted: carrier freed first", 5, 5);
  const auto found = explore_ring(s, planted_bug::carrier_freed_first);
  std::cout << found.row(s.name) << '\n';
  CHECK(found.violations > 0);
}

}  // namespace commy::test
