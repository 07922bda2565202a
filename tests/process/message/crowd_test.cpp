// Many processes in one segment, and processes without room.
#include "traffic.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <string>
#include <support/forked.hpp>
#include <support/loan_count.hpp>
#include <support/test_folder.hpp>
#include <thread>
#include <vector>

namespace commy::test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using message::inbox;

}  // namespace

TEST_CASE("a hundred processes come, send, take, and go, again and again") {
  const test_folder folder;
  const auto options = in_folder(folder);
  const auto shared = segment::create("mail", options).value();
  auto box = inbox::open(shared).value();
  box.publish("door").value();
  for (int round = 0; round < 3; ++round) {
    std::vector<forked> guests;
    guests.reserve(100);
    for (std::uint32_t g = 0; g < 100; ++g) {
      guests.emplace_back([&options, g](const auto&) -> int {
        // Slots are taken again at once, so that old places meet new guests.
        for (std::uint32_t visit = 0; visit < 2; ++visit) {
          const auto here = segment::open("mail", options).value();
          auto own = inbox::open(here).value();
          own.publish("guest " + std::to_string(g)).value();
          auto to = traffic_address::wait_for(here, "door", clock::now() + 60s);
          if (!to) return 1;
          const auto deadline = clock::now() + 60s;
          for (;;) {
            const auto sent = send_one(here, *to, g, visit);
            if (sent) break;
            if (sent.error() != send_error::ring_full) return 2;
            if (clock::now() > deadline) return 3;
            std::this_thread::yield();
          }
        }
        return 0;
      });
    }
    std::array<std::uint32_t, 100> came{};
    std::vector<loan<const sheet>> held;
    const auto take_one = [&] {
      if (const auto got = box.try_take()) {
        const auto what = open_one(*got, held);
        REQUIRE(what);
        auto& visits = came.at(what->sender);
        REQUIRE(what->number == visits);
        ++visits;
        held.clear();
        return true;
      }
      static_cast<void>(box.wait(clock::now() + 10ms));
      return false;
    };
    for (int i = 0; i < 200; ++i) {
      REQUIRE(eventually(take_one));
    }
    for (auto& g : guests)
      CHECK(g.wait() == 0);
  }
  CHECK(box.statistics().damaged == 0);
  CHECK(count_loans(shared.engine()->img()) == loan_count{});
  CHECK(shared.participants().size() == 1);
}

TEST_CASE("senders without blocks are told so, and go on when some come back") {
  const test_folder folder;
  auto options = in_folder(folder);
  options.capacity = std::uint64_t{64} << 20U;  // One chunk.
  auto shared = segment::create("mail", options).value();
  auto box = inbox::open(shared).value();
  box.publish("hoard").value();
  forked sender{[&options](const forked::teller& tell) -> int {
    const auto here = segment::open("mail", options).value();
    auto to = traffic_address::wait_for(here, "hoard", clock::now() + 60s);
    if (!to) return 1;
    // A message in a carrier needs a block itself, of about this size.
    using carrier = std::array<std::uint64_t, sizeof(bundle) / 8 + 3>;
    std::vector<loan<carrier>> carriers;
    std::vector<loan<sheet>> all;
    const auto hoard = [&here](auto& into) {
      using lent = std::remove_cvref_t<decltype(*into[0])>;
      for (;;) {
        auto more = try_loan_for_overwrite<lent>(here);
        if (!more) return more.error() == loan_error::out_of_space;
        into.push_back(std::move(*more));
      }
    };
    // One of each first: blocks of a size stay of that size.
    carriers.push_back(try_loan_for_overwrite<carrier>(here).value());
    if (!hoard(all) || !hoard(carriers)) return 2;
    tell.say('e');  // Empty.
    // What fits its cell needs none.
    fill(*all[2], 7, 1);
    if (!to->send(letter{7, 1, {}}, std::move(all[2]))) return 6;
    bundle b{};
    auto refused = to->send(b, std::move(all[0]), std::move(all[1]));
    if (refused || refused.error() != send_error::no_memory) return 3;
    if (!all[0] || !all[1]) return 4;
    carriers.clear();
    fill(*all[0], 7, 9);
    fill(*all[1], 7, 9);
    b.sender = 7;
    b.number = 9;
    for (std::uint64_t i = 0; i < 30; ++i)
      b.words[i] = mix(7, 9, i);
    return to->send(b, std::move(all[0]), std::move(all[1])) ? 0 : 5;
  }};
  REQUIRE(sender.next() == 'e');
  std::vector<loan<const sheet>> held;
  CHECK(sender.wait() == 0);
  for (int i = 0; i < 2; ++i) {
    REQUIRE(eventually([&] {
      const auto got = box.try_take();
      return got && open_one(*got, held);
    }));
  }
  held.clear();
  shared.sweep();
  CHECK(count_loans(shared.engine()->img()) == loan_count{});
}

}  // namespace commy::test
