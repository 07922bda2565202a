// Actors in a game's own loop: the scene runs on the main thread, between
// frames, while others work on threads beside it.
#include <commy/actor/actor_system.hpp>

#include <chrono>
#include <cstdio>
#include <thread>

using namespace std::chrono_literals;

namespace {

struct path {
  using reply = int;
  int from;
};
struct drawn {
  using reply = int;
};
struct tick {};

/// Computes beside the frames.
class path_finder : public commy::actor {
public:
  int on(path m) const {
    int steps = 0;
    for (auto at = m.from; at != 1; at = at % 2 == 0 ? at / 2 : 3 * at + 1)
      ++steps;
    return steps;
  }
};

/// Lives on the main thread: it may draw.
class scene : public commy::actor {
public:
  scene(commy::ref<path_finder> paths, std::thread::id screen)
      : paths_{paths}, screen_{screen} {
    every(this, 5ms, tick{});
  }
  commy::task<> on(tick) {
    const auto steps = co_await ask(paths_, path{27 + frame_++}, 1s);
    // Behind the wait as before: on the thread that draws.
    if (steps && std::this_thread::get_id() == screen_) drawn_ += *steps;
  }
  int on(drawn) const { return drawn_; }

private:
  commy::ref<path_finder> paths_;
  std::thread::id screen_;
  int frame_ = 0;
  int drawn_ = 0;
};

}  // namespace

int main() {
  commy::actor_system game;
  const auto paths = game.spawn<path_finder>("paths");
  const auto view =
      game.spawn<scene>({.name = "scene", .where = commy::executor::host},
                        paths, std::this_thread::get_id());
  int frames = 0;
  int steps = 0;
  while (steps < 1000) {
    game.run_for(2ms);  // What the scene gets of each frame.
    ++frames;           // Here the frame is drawn.
    steps = game.ask(view, drawn{}, 1s).value();
  }
  std::printf("drew %s steps in %s\n", steps >= 1000 ? "a thousand" : "too few",
              frames > 1 ? "several frames" : "one frame");
}
