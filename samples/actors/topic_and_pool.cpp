// A topic tells many, a pool shares work: prices go to all who have
// subscribed, and their statistics to one of four workers for each share.
#include <commy/actor/actor_system.hpp>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <utility>

using namespace std::chrono_literals;

namespace {

struct tick {
  std::string share;
  int cents;
  [[nodiscard]] const std::string& key() const { return share; }
};
struct highest {
  using reply = int;
  std::string share;
  [[nodiscard]] const std::string& key() const { return share; }
};
struct last {
  using reply = int;
  std::string share;
};
struct passed_on {
  using reply = int;
};

/// One of four. All ticks of a share come to the same one, in their order, so
/// nobody else knows about that share.
class analyst : public commy::actor {
public:
  void on(const tick& m) {
    auto& most = most_[m.share];
    most = std::max(most, m.cents);
  }
  int on(const highest& m) { return most_[m.share]; }

private:
  std::map<std::string, int> most_;
};

using analysts = commy::pool<analyst, commy::routing::by_key>;

/// Shows the last price of each share.
class board : public commy::actor {
public:
  explicit board(const commy::topic<tick>& prices)
      : feed_{prices.subscribe(self(this)).value()} {}
  void on(const tick& m) { shown_[m.share] = m.cents; }
  int on(const last& m) { return shown_[m.share]; }

private:
  std::map<std::string, int> shown_;
  commy::topic_subscription feed_;  // Ends with the actor.
};

/// Gives each tick to the analyst whose share it is.
class desk : public commy::actor {
public:
  desk(const commy::topic<tick>& prices, analysts to)
      : to_{std::move(to)}, feed_{prices.subscribe(self(this)).value()} {}
  void on(const tick& m) {
    if (to_.tell(m)) ++passed_on_;
  }
  int on(passed_on) const { return passed_on_; }

private:
  analysts to_;
  int passed_on_ = 0;
  commy::topic_subscription feed_;
};

}  // namespace

int main() {
  commy::actor_system system;
  // Restarted when one fails, and messages to it wait meanwhile.
  auto experts = system.supervise({.name = "experts"});
  const auto pool = experts.spawn_pool<analyst, commy::routing::by_key>(
      {.name = "analyst", .size = 4});
  const auto prices = system.topic<tick>("prices");
  const auto wall = system.spawn<board>("board", prices);
  const auto trade = system.spawn<desk>("desk", prices, pool);

  std::size_t taken = 0;
  for (const int cents : {101, 107, 103}) {
    for (const auto* share : {"ACME", "INIT", "UMBR"})
      taken += system.topic<tick>("prices").publish(tick{share, cents}).taken;
  }
  std::printf("%zu copies taken\n", taken);

  // Behind the ticks in its mailbox.
  const auto passed = system.ask(trade, passed_on{}, 5s).value();
  std::printf("%d passed on\n", passed);
  for (const auto* share : {"ACME", "INIT", "UMBR"}) {
    std::printf("%s: last %d, highest %d\n", share,
                system.ask(wall, last{share}, 5s).value(),
                system.ask(pool, highest{share}, 5s).value());
  }
}
