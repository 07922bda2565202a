// Questions to other processes: one answer each, whether their reply, the end
// of who was asked, or a failed send comes first.
#include "support.hpp"
#include <commy/actor/dispatch.hpp>
#include <commy/actor/pending_answers.hpp>

#include <boost/describe.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cstring>
#include <vector>

using namespace interleaving_tests;

namespace {

using commy::actors::peer;
using commy::actors::pending_answers;

constexpr peer other{3, 99};

struct price_of {
  static constexpr std::string_view wire_name = "test::price_of";
  using reply = int;
  int item = 0;
};
BOOST_DESCRIBE_STRUCT(price_of, (), (item))

/// What another process has been sent.
struct ring {
  commy::blocking::mutex mutex;
  std::vector<std::uint64_t> sent;
  bool is_closed = false;
};

/// Sends questions on as `remote_actor` does.
class stand_in : public commy::actor {
public:
  stand_in(pending_answers& pending, ring& to, std::atomic<bool>& gone)
      : pending_{&pending}, to_{&to}, gone_{&gone} {}

  static commy::message::outcome forward(void* receiver,
                                         commy::message::envelope& e) {
    auto& c = *static_cast<commy::actors::cell*>(receiver);
    static_cast<stand_in*>(c.object)->send(e);
    return commy::message::outcome::finished;
  }

private:
  void send(commy::message::envelope& e) {
    auto& slot = *commy::message::reply_slot_of(e);
    const auto number =
        pending_->add(slot, commy::actors::shape_of_reply<price_of>, other);
    expect(number.has_value(), "no place");
    COMMY_POINT("test.gone");
    if (!gone_->load() && push(*number)) return;
    slot = pending_->take_back(*number);
    commy::actors::answer_refused(slot, commy::ask_error::receiver_stopped, "");
  }
  bool push(std::uint64_t number) {
    const std::lock_guard hold{to_->mutex};
    if (to_->is_closed) return false;
    to_->sent.push_back(number);
    return true;
  }

  pending_answers* pending_;
  ring* to_;
  std::atomic<bool>* gone_;
};

constexpr commy::message::envelope_ops forwarding =
    commy::actors::ops_with<price_of>(&stand_in::forward);

struct begin {};

class buyer : public commy::actor {
public:
  buyer(commy::address<price_of> whom, tally& t) : whom_{whom}, tally_{&t} {}
  commy::task<void> on(begin) {
    for (int i = 0; i < 2; ++i) {
      const auto answer = co_await ask(whom_, price_of{i}, for_ever);
      if (answer) {
        ++tally_->answered;
      } else {
        expect(answer.error() == commy::ask_error::receiver_stopped,
               "another error");
        ++tally_->refused;
      }
    }
    tally_->handle();
  }

private:
  commy::address<price_of> whom_;
  tally* tally_;
};

}  // namespace

TEST_CASE("a reply and the end of who was asked give one answer") {
  explore(time_is::still, [] {
    tally t;
    t.wanted = 2;
    pending_answers pending;
    ring to;
    std::atomic<bool> gone{false};
    commy::actor_system system{{.workers = 2}};
    const auto there = system.spawn<stand_in>("", pending, to, gone);
    const auto whom = commy::actors::access::make<commy::address<price_of>>(
        commy::actors::access::handle(there), std::array{&forwarding});
    const auto one = system.spawn<buyer>("", whom, t);
    const auto two = system.spawn<buyer>("", whom, t);
    one.tell(begin{}).value();
    two.tell(begin{}).value();
    crew threads;
    threads.add("peer", [&] {
      // Answers what it has got by now, some of it twice, and dies.
      std::vector<std::uint64_t> got;
      {
        const std::lock_guard hold{to.mutex};
        got = to.sent;
      }
      for (const auto number : got) {
        const int value = 7;
        const auto bytes = std::as_bytes(std::span{&value, 1});
        for (int twice = 0; twice < 2; ++twice) {
          pending.reply(number, other.slot, commy::wire_id<price_of>(), bytes);
        }
      }
    });
    threads.add("watch", [&] {
      COMMY_POINT("test.dies");
      gone.store(true);
      COMMY_POINT("test.ends");
      pending.end(other, "");
      const std::lock_guard hold{to.mutex};
      to.is_closed = true;
    });
    t.done.wait();
    threads.join();
    expect(t.answered + t.refused == 4, "not one answer each");
    expect(pending.pending() == 0, "a request is left");
  });
}
