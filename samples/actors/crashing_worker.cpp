// A worker that crashes on bad input is restarted, and its boss learns when
// that is no use any more.
#include <commy/actor/actor_system.hpp>

#include <cstdio>
#include <stdexcept>
#include <string>

using namespace std::chrono_literals;

namespace {

struct parse {
  using reply = int;
  std::string text;
};
class parser : public commy::actor {
public:
  int on(const parse& m) const { return std::stoi(m.text); }  // May throw.
};

/// Waits for the parser's end, writes the story down, and goes home.
class boss : public commy::actor {
public:
  boss(commy::ref<parser> who, std::string& story) : story_{&story} {
    watch(this, who);
  }
  void on(const commy::stopped& m) {
    *story_ = "the " + m.name + " is gone";
    for (const auto& why : m.reasons)
      *story_ += "\n  because " + why;
    stop();
  }

private:
  std::string* story_;
};

}  // namespace

int main() {
  std::string story;
  commy::actor_system office;
  const auto desk = office.supervise(
      {.name = "desk", .max_restarts = 2, .within = 10s, .first_delay = 1ms});
  const auto worker = desk.spawn<parser>("parser");
  const auto chief = office.spawn<boss>("boss", worker, story);

  for (const auto* const text : {"1", "two", "3", "four", "5", "six"}) {
    if (const auto number = office.ask(worker, parse{text}, 1s)) {
      std::printf("%s is %d\n", text, *number);
    } else {
      std::printf("%s: %s\n", text, number.error().message().c_str());
    }
  }
  if (!office.wait_stopped(chief, 5s)) return 1;
  std::printf("%s\n", story.c_str());
}
