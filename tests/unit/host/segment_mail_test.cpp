#include "collector.hpp"
#include "scratch_folder.hpp"
#include <commy/host/segment_mail.hpp>
#include <commy/message/remote_address.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <latch>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <support/loan_count.hpp>
#include <thread>
#include <utility>

using namespace std::chrono_literals;
using commy::host::segment_mail;

/// Four megabytes, and what they should end with.
struct shown_frame {
  commy::loan<std::int64_t> frame;
  std::int64_t number = 0;
};
BOOST_DESCRIBE_STRUCT(shown_frame, (), (frame, number))

struct stray {
  std::int64_t number = 0;
};
BOOST_DESCRIBE_STRUCT(stray, (), (number))

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

// A host and, in the same process, another attachment that sends.
struct fixture {
  scratch_folder scratch;
  commy::segment_options where{.capacity = 64ULL << 20U,
                               .folder = scratch.path()};
  commy::segment ours = commy::segment::create("demo/mail", where).value();
  commy::segment theirs = commy::segment::open("demo/mail", where).value();
  number_queue numbers;
  commy::actor_system actors;
  segment_mail mail{actors};

  fixture() { actors.spawn<collector>("collector", numbers); }
  ~fixture() { mail.close(); }
};

}  // namespace

TEST_CASE("a message from another process reaches the actor it is for") {
  fixture f;
  f.mail.open(f.ours).value();
  f.mail.publish("collector").value();
  commy::send(f.theirs, "collector", test_number{12, 0, 0}).value();
  CHECK(f.numbers.next() == 12);
  CHECK(f.mail.refused() == 0);
}

TEST_CASE("workers wait in the first segment, threads in further ones") {
  const auto inbox_threads = [] {
    int count = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator{"/proc/self/task"}) {
      std::ifstream name{entry.path() / "comm"};
      std::string text;
      std::getline(name, text);
      count += text == "commy inbox" ? 1 : 0;
    }
    return count;
  };
  fixture f;
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
  fixture f;
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
  fixture f;
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
  fixture f;
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
  fixture f;
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
  fixture f;
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
  fixture f;
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
  fixture f;
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
  const auto until = [](const auto& reached) {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!reached() && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
    return reached();
  };
  REQUIRE(until([&] { return f.mail.refused() == 10; }));
  CHECK(dead == 0);
  looks_again.count_down();
  CHECK(until([&] { return dead == 10; }));
  CHECK(other_mail.statistics(f.theirs).returned == 10);
  CHECK(until([&] { return f.mail.statistics(f.ours).returned == strays; }));
  goes_on.count_down();
  other_mail.close();
}

namespace {

struct take_frame {
  using reply = shown_frame;
  std::int64_t number = 0;
};
BOOST_DESCRIBE_STRUCT(take_frame, (), (number))

/// Answers with frames, and says when something else was handled.
class lender : public commy::actor {
public:
  using protocol = commy::messages<take_frame, stray>;
  lender(commy::segment shared, number_queue& queue)
      : shared_{std::move(shared)}, queue_{queue} {}
  shown_frame on(const take_frame& m) {
    shown_frame made{commy::try_loan<std::int64_t>(shared_, 1000).value(),
                     m.number};
    made.frame[999] = m.number;
    return made;
  }
  void on(const stray& m) { queue_.push(m.number); }

private:
  commy::segment shared_;
  number_queue& queue_;
};

/// Whoever asks by hand, in an inbox that is full.
struct crowded_asker {
  explicit crowded_asker(fixture& f)
      : box{commy::message::inbox::open(f.theirs).value()} {
    f.actors.spawn<lender>("lender", f.ours, f.numbers);
    f.mail.open(f.ours).value();
    f.mail.publish("lender").value();
    box.publish("asker").value();
    auto flood = commy::remote_address<stray>::find(f.ours, "asker").value();
    while (flood.send(stray{}))
      continue;
    const auto to = commy::message::name_table::open(f.theirs)
                        .value()
                        .find("lender")
                        .value();
    commy::message::ring_producer ask{f.theirs.engine(), to.slot, to.reader};
    const take_frame request{7};
    ask.push({.actor = to.actor,
              .id = commy::wire_id<take_frame>(),
              .bytes = std::as_bytes(std::span{&request, 1}),
              .kind = commy::memory::cell_kind::request,
              .correlation = 99})
        .value();
    // Handled after the request, whose answer had no room.
    const stray after{1};
    ask.push({.actor = to.actor,
              .id = commy::wire_id<stray>(),
              .bytes = std::as_bytes(std::span{&after, 1})})
        .value();
    REQUIRE(f.numbers.next() == 1);
  }

  commy::message::inbox box;
};

/// Takes parcels, one at a time, until `done`.
template <class Handle>
void take_until(commy::message::inbox& box, const bool& done, Handle&& handle) {
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (!done) {
    if (box.take_each_any(handle, 1) == 0) REQUIRE(box.wait(deadline));
  }
}

commy::test::loan_count loans_of(const fixture& f) {
  return commy::test::count_loans(f.ours.engine()->img());
}

}  // namespace

TEST_CASE("an answer that finds no room keeps its loans and comes later") {
  fixture f;
  crowded_asker asker{f};
  CHECK(loans_of(f).owned == 1);
  bool came = false;
  take_until(asker.box, came, [&](const commy::message::parcel& got) {
    if (got.kind() != commy::memory::cell_kind::reply) return;
    came = true;
    CHECK(got.correlation() == 99);
    CHECK(got.id() == commy::wire_id<take_frame>());
    const auto made =
        commy::message::from_wire<shown_frame>(got.bytes(), got.owner());
    REQUIRE(made);
    CHECK(made->number == 7);
    CHECK(made->frame[999] == 7);
  });
  CHECK(loans_of(f) == commy::test::loan_count{});
}

TEST_CASE("loans of an answer go back with who waits for room to send it") {
  fixture f;
  const crowded_asker asker{f};
  CHECK(loans_of(f).owned == 1);
  f.mail.close();
  CHECK(loans_of(f) == commy::test::loan_count{});
}

TEST_CASE("a reply whose loan is gone is none, and the asker is told") {
  fixture f;
  f.mail.open(f.ours).value();
  // Who answers by hand, with what comes to its mind.
  auto box = commy::message::inbox::open(f.theirs).value();
  const std::array lines{commy::message::protocol_line{
      commy::wire_id<take_frame>(), commy::wire_layout<take_frame>()}};
  box.publish("liar", lines).value();
  const auto liar = f.mail.find<take_frame>(f.ours, "liar").value();
  std::array<std::byte, commy::wire_bytes<shown_frame>> bytes{};
  // Its own, which it has not sent.
  auto own = commy::try_loan<std::int64_t>(f.theirs, 4).value();
  // Of ours, which nobody has sent.
  const auto ours = commy::try_loan<std::int64_t>(f.ours, 4).value();
  const commy::loan_handle never{0x1234'5678U, 99};
  for (const auto& handle : {own.handle(), ours.handle(), never}) {
    std::memcpy(bytes.data(), &handle, sizeof handle);
    std::optional<commy::result<shown_frame, commy::ask_error>> answer;
    std::jthread asks{[&] { answer = f.actors.ask(liar, take_frame{1}, 60s); }};
    bool answered = false;
    take_until(box, answered, [&](const commy::message::parcel& got) {
      if (got.kind() != commy::memory::cell_kind::request) return;
      answered = true;
      const auto to = f.ours.engine()->slot();
      const auto ring = commy::memory::ring_of(f.theirs.engine()->img(), to);
      commy::message::ring_producer{f.theirs.engine(), to,
                                    ring.header->reader.load()}
          .push({.id = got.id(),
                 .bytes = bytes,
                 .kind = commy::memory::cell_kind::reply,
                 .correlation = got.correlation()})
          .value();
    });
    asks.join();
    REQUIRE(answer);
    REQUIRE_FALSE(*answer);
    CHECK(answer->error() == commy::ask_error::handler_failed);
  }
  CHECK(f.mail.statistics(f.ours).answers.wrong == 3);
  // Both are whose they were.
  CHECK(loans_of(f) == commy::test::loan_count{.owned = 2});
}
