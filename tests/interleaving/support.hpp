// What the scenarios share: seeds, gates, threads and plain actors.
#pragma once

#include "scheduler.hpp"
#include <commy/actor/actor_system.hpp>
#include <commy/base/blocking.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace interleaving_tests {

using namespace std::chrono_literals;

/// No run comes to the end of this; see run_options::time_passes.
inline constexpr auto for_ever = 24h;

enum class time_is : std::uint8_t { still, passing };

/// Runs the scenario with one seed after the other until it goes wrong, which
/// fails the test with the seed and the trace. COMMY_INTERLEAVING_SEEDS says
/// how many, COMMY_INTERLEAVING_SEED runs just that one and prints its trace.
void explore(time_is how, const std::function<void()>& scenario);

/// A door that is opened once.
class gate {
public:
  void open() {
    const std::lock_guard hold{mutex_};
    open_ = true;
    opened_.notify_all();
  }
  void wait() {
    std::unique_lock hold{mutex_};
    opened_.wait(hold, [&] { return open_; });
  }

private:
  commy::blocking::mutex mutex_;
  commy::blocking::condition_variable opened_;
  bool open_ = false;
};

/// The scenario's own threads.
class crew {
public:
  crew() = default;
  crew(const crew&) = delete;
  crew& operator=(const crew&) = delete;
  ~crew() { join(); }
  void add(std::string name, std::function<void()> work);
  void join();

private:
  std::vector<std::unique_ptr<commy::blocking::thread>> threads_;
};

/// What happened in one run. Plain numbers: one thread runs at a time.
struct tally {
  int accepted = 0;
  int handled = 0;
  int answered = 0;
  int refused = 0;
  gate done;

  /// Opens the gate when so many messages have been handled.
  int wanted = -1;
  void handle() {
    if (++handled == wanted) done.open();
  }
};

struct note {};
struct question {
  using reply = int;
};
/// The reply is its number.
struct echo {
  using reply = int;
  int number;
};
/// Its handler says so, and waits to be let go.
struct hold {
  using reply = int;
  gate* entered;
  gate* leave;
};

/// Counts what it handles.
class sink : public commy::actor {
public:
  explicit sink(tally& t) : tally_{&t} {}
  void on(note) { tally_->handle(); }
  int on(question) { return 1; }
  int on(echo m) { return m.number; }
  int on(const hold& m) {
    m.entered->open();
    m.leave->wait();
    return 1;
  }

private:
  tally* tally_;
};

/// Tells so many notes, as far as they are taken.
template <class To>
void tell_notes(const To& to, int count, tally& t) {
  for (int i = 0; i < count; ++i) {
    if (to.tell(note{})) ++t.accepted;
  }
}

}  // namespace interleaving_tests
