// Three steps in a row, each with a mailbox of four: the slowest one sets the
// pace, and what lies between them never grows.
#include <commy/actor/actor_system.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <future>
#include <string>
#include <utility>

using namespace std::chrono_literals;

namespace {

constexpr int lines = 10'000;
constexpr std::uint32_t room = 4;

struct line {
  std::string text;
};
struct number {
  int value;
};
// The last message: what waits for the sum, handed on from step to step.
struct finish {
  std::promise<long> sum;
};

class adder : public commy::actor {
public:
  void on(number m) { sum_ += m.value; }
  void on(finish m) { m.sum.set_value(sum_); }

private:
  long sum_ = 0;
};

class parser : public commy::actor {
public:
  explicit parser(commy::address<number, finish> to) : to_{to} {}
  commy::task<> on(line m) {
    // Waits when the adder's mailbox is full; then the parser takes no more
    // lines either, so its own fills up, and who fills it waits in turn.
    (co_await tell(to_, number{std::stoi(m.text)}, 10s)).value();
  }
  commy::task<> on(finish m) {
    (co_await tell(to_, commy::moved(m), 10s)).value();
  }

private:
  commy::address<number, finish> to_;
};

}  // namespace

int main() {
  commy::actor_system system;
  const commy::spawn_options step{.mailbox_messages = room,
                                  .when_full = commy::overflow::wait};
  const auto total = system.spawn<adder>(step);
  const auto parse = system.spawn<parser>(step, total);

  std::uint32_t most = 0;
  for (int i = 1; i <= lines; ++i) {
    // This thread is the first step: it waits as the others do.
    system.tell(parse, line{std::to_string(i)}, 10s).value();
    if (i % 1000 != 0) continue;
    for (const auto& actor : system.inspect().actors)
      most = std::max(most, actor.queued);
  }
  // The end of the stream is a message like the others: it comes last, and
  // waits for room as they do, which a question would not.
  std::promise<long> promise;
  auto sum = promise.get_future();
  system.tell(parse, finish{std::move(promise)}, 10s).value();
  if (sum.wait_for(10s) != std::future_status::ready) return 1;
  std::printf("the sum is %ld; no mailbox held more than its %u: %s\n",
              sum.get(), room, most <= room ? "yes" : "no");
}
