// Loans in replies: those that find no room, and those that are lies.
#include "mail_fixture.hpp"
#include <commy/message/remote_address.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <chrono>
#include <cstring>
#include <optional>
#include <span>
#include <support/loan_count.hpp>
#include <thread>
#include <utility>

using namespace std::chrono_literals;

struct take_frame {
  using reply = shown_frame;
  std::int64_t number = 0;
};
BOOST_DESCRIBE_STRUCT(take_frame, (), (number))

namespace {

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
  explicit crowded_asker(mail_fixture& f)
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

commy::test::loan_count loans_of(const mail_fixture& f) {
  return commy::test::count_loans(f.ours.engine()->img());
}

}  // namespace

TEST_CASE("an answer that finds no room keeps its loans and comes later") {
  mail_fixture f;
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
  mail_fixture f;
  const crowded_asker asker{f};
  CHECK(loans_of(f).owned == 1);
  f.mail.close();
  CHECK(loans_of(f) == commy::test::loan_count{});
}

TEST_CASE("a reply whose loan is gone is none, and the asker is told") {
  mail_fixture f;
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
