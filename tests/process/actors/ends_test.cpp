#include "two_processes.hpp"
#include <commy/memory/ring_cells.hpp>
#include <commy/message/remote_address.hpp>

#include <catch2/catch_test_macros.hpp>

#include <signal.h>

#include <cstring>
#include <random>
#include <string>
#include <support/forked.hpp>

namespace commy::test {

/// As `add`, but narrower: what an older build would have.
struct narrow {
  static constexpr std::string_view wire_name = "commy::test::add";
  using reply = std::int64_t;
  std::int32_t amount = 0;
};
BOOST_DESCRIBE_STRUCT(narrow, (), (amount))
struct stranger {
  std::uint8_t none = 0;
};
BOOST_DESCRIBE_STRUCT(stranger, (), (none))

namespace {

/// Watches `whom`; returns when it does.
void watch_for(two_processes& at, const errand_address& whom,
               const outbox<stopped>& news) {
  const auto eyes = at.actors.spawn<observer>("", whom, news);
  REQUIRE(at.actors.ask(eyes, observer::ready{}, patience));
}

bool contains(const std::vector<std::string>& reasons, std::string_view what) {
  for (const auto& reason : reasons) {
    if (reason.find(what) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("who watches learns by which signal the other process died") {
  two_processes at;
  auto other = at.serve("runner");
  outbox<stopped> news;
  watch_for(at, at.find("runner"), news);
  other.process.kill();
  const auto end = news.next();
  REQUIRE(end);
  CHECK(end->name == "runner@mail");
  REQUIRE(end->reasons.size() == 1);
  INFO(end->reasons.front());
  CHECK(end->reasons.front().find("killed by signal 9 (Killed)") !=
        std::string::npos);
  CHECK(end->reasons.front().find("(serve) of segment 'mail'") !=
        std::string::npos);
}

TEST_CASE("who watches learns with which code the other process exited") {
  two_processes at;
  auto other = at.serve("runner");
  const auto runner = at.find("runner");
  outbox<stopped> news;
  watch_for(at, runner, news);
  REQUIRE(runner.tell(end_process{7}));
  const auto end = news.next();
  REQUIRE(end);
  CHECK(contains(end->reasons, "exited with code 7"));
}

TEST_CASE("an actor that stops in a living process stops here, too") {
  two_processes at;
  auto other = at.serve("runner");
  const auto runner = at.find("runner");
  outbox<stopped> news;
  watch_for(at, runner, news);
  REQUIRE(runner.tell(leave{}));
  const auto end = news.next();
  REQUIRE(end);
  CHECK(end->reasons.empty());
  // The message comes back, and the name leads nowhere.
  auto told = runner.tell(note{1, 2});
  REQUIRE_FALSE(told);
  CHECK(told.error() == tell_error::stopped);
  CHECK(told.take_back().number == 2);
  const auto asked = at.actors.ask(runner, add{1}, for_ever);
  REQUIRE_FALSE(asked);
  CHECK(asked.error() == ask_error::receiver_stopped);
  const auto gone = at.mail.find<add>(at.shared, "runner");
  REQUIRE_FALSE(gone);
  CHECK(gone.error() == remote_error::name_not_found);
}

TEST_CASE("an actor that fails in a living process tells why") {
  two_processes at;
  auto other = at.serve("runner");
  const auto runner = at.find("runner");
  outbox<stopped> news;
  watch_for(at, runner, news);
  REQUIRE(runner.tell(throw_up{}));
  const auto end = news.next();
  REQUIRE(end);
  CHECK(contains(end->reasons, "a bad day"));
}

TEST_CASE("a process that leaves in order is no failure") {
  two_processes at;
  auto other = at.serve("runner", "leave");
  const auto runner = at.find("runner");
  outbox<stopped> news;
  watch_for(at, runner, news);
  const std::byte go{1};
  other.orders.write_all({&go, 1}, patience).value();
  const auto end = news.next();
  REQUIRE(end);
  CHECK(end->reasons.empty());
  CHECK(other.process.wait_for(patience) == platform::exit_status{});
}

TEST_CASE("a process that hangs is told of, and ends nothing") {
  two_processes at;
  auto other = at.serve("runner", "beat");
  auto quiet = at.serve("quiet");  // Its heart has never beaten.
  outbox<peer_silence> news;
  at.mail.on_silence(400ms, [news](const peer_silence& n) { news.push(n); });
  const auto runner = at.find("runner");
  REQUIRE(at.actors.ask(at.find("quiet"), add{0}, patience));
  REQUIRE(at.actors.ask(runner, add{0}, patience));
  stop_process(other);
  auto told = news.next();
  // A busy machine may have made it look so before.
  while (told && told->is_over)
    told = news.next();
  REQUIRE(told);
  CHECK(told->age > 400ms);
  CHECK(told->peer.find("(beat) of segment 'mail'") != std::string::npos);
  continue_process(other);
  const auto back = news.next();
  REQUIRE(back);
  CHECK(back->is_over);
  CHECK(at.actors.ask(runner, add{1}, patience).value() == 1);
}

TEST_CASE("an old address stays stopped, and the name finds who came after") {
  two_processes at;
  errand_address old;
  for (std::int64_t round = 0; round < 5; ++round) {
    auto other = at.serve("runner");
    const auto runner = at.find("runner");
    REQUIRE(at.actors.ask(runner, add{round}, patience).value() == round);
    if (round > 0) {
      CHECK_FALSE(runner == old);
      const auto answer = at.actors.ask(old, add{1}, for_ever);
      REQUIRE_FALSE(answer);
      CHECK(answer.error() == ask_error::receiver_stopped);
      CHECK_FALSE(old.tell(note{}));
    }
    old = runner;
    outbox<stopped> news;
    watch_for(at, runner, news);
    other.process.kill();
    REQUIRE(news.next());
  }
  // The last one's sweep may be under way.
  CHECK(eventually([&] { return at.shared.participants().size() == 1; }));
  CHECK(at.mail.statistics(at.shared).peers_ended == 5);
}

TEST_CASE("another layout of a message is refused with both in words") {
  two_processes at;
  auto other = at.serve("runner");
  const auto wrong = at.mail.wait_for<narrow>(at.shared, "runner", soon());
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error() == remote_error::other_protocol);
  INFO(wrong.error().message());
  CHECK(wrong.error().detail().text.view() ==
        "runner: here commy::test::add {amount: i32 @0} 4 -> i64, there "
        "commy::test::add {amount: i64 @0} 8 -> i64");
  const auto unknown = at.mail.find<stranger>(at.shared, "runner");
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error() == remote_error::other_protocol);
  CHECK(unknown.error().message().find("commy::test::stranger {none: u8") !=
        std::string::npos);
  CHECK(at.mail.find<add>(at.shared, "runner"));
}

TEST_CASE("a name that is not there is answered with one that is") {
  two_processes at;
  auto other = at.serve("runner");
  const auto missed = at.mail.find<add>(at.shared, "runer");
  REQUIRE_FALSE(missed);
  CHECK(missed.error() == remote_error::name_not_found);
  CHECK(missed.error().message().find("there is 'runner'") !=
        std::string::npos);
  const auto elsewhere = segment::create("other", in_folder(at.folder)).value();
  const auto unjoined = at.mail.find<add>(elsewhere, "runner");
  REQUIRE_FALSE(unjoined);
  CHECK(unjoined.error() == remote_error::not_joined);
}

TEST_CASE("an actor that asks is forgotten when its process is killed") {
  two_processes at;
  auto other = at.serve("runner");
  const auto runner = at.find("runner");
  for (int i = 0; i < 5; ++i) {
    auto asking = at.start("ask", "runner");
    REQUIRE(asking.next() == '+');
    asking.process.kill();
    REQUIRE(at.actors.ask(runner, add{0}, patience));
  }
  at.shared.sweep();
  CHECK(at.shared.participants().size() == 2);
}

TEST_CASE("bytes that nobody can have sent end no request and no process") {
  two_processes at;
  auto other = at.serve("runner");
  const auto runner = at.find("runner");
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  // From a third attachment, into our ring: replies, refusals and ends of
  // whatever number, and requests and watches of whatever name.
  const auto third = segment::open("mail", in_folder(at.folder)).value();
  const auto& engine = at.shared.engine();
  const auto ring = memory::ring_of(engine->img(), engine->slot());
  message::ring_producer forger{third.engine(), engine->slot(),
                                ring.header->reader.load()};
  std::array<std::byte, 64> bytes{};
  for (int round = 0; round < 20'000; ++round) {
    for (auto& b : bytes)
      b = static_cast<std::byte>(random());
    auto kind = static_cast<memory::cell_kind>(random() % 6);
    auto size = random() % bytes.size();
    auto correlation = random() % 2 == 0 ? random() : random() % 4;
    if (round % 16 == 0) {
      // As if something that we told had been in vain, for a reason that is
      // none now and then.
      kind = memory::cell_kind::refusal;
      size = 12;
      correlation = 0;
      const auto why = static_cast<std::uint32_t>(random() % 9);
      std::memcpy(bytes.data() + 8, &why, sizeof why);
    }
    const auto sent =
        forger.push({.actor = static_cast<std::uint32_t>(random() % 3),
                     .id = message_id{random()},
                     .bytes = std::span{bytes}.first(size),
                     .kind = kind,
                     .correlation = correlation});
    if (!sent) {
      REQUIRE(sent.error() == send_error::ring_full);
      // It is asked while it is flooded.
      REQUIRE(at.actors.ask(runner, add{1}, patience));
    }
  }
  REQUIRE(at.actors.ask(runner, add{1}, patience));
  const auto seen = at.mail.statistics(at.shared);
  CHECK(seen.answers.late > 1000);
  CHECK(seen.answers.wrong == 0);
  CHECK(seen.refused > 1000);
  CHECK(seen.returned > 1000);
}

}  // namespace commy::test
