#include "read_manifest.hpp"
#include <commy/host/children.hpp>
#include <commy/host/health_board.hpp>
#include <commy/host/module_set.hpp>

#include <catch2/catch_test_macros.hpp>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using commy::health_state;
using commy::module_error;

namespace {

// What the modules of a test did, and a gate for those that hang.
struct script {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> steps;
  bool open = false;
  int ended = 0;

  void note(const std::string& step) {
    const std::lock_guard hold{mutex};
    steps.push_back(step);
  }
  void hang() {
    std::unique_lock hold{mutex};
    changed.wait(hold, [this] { return open; });
  }
  void let_go() {
    const std::lock_guard hold{mutex};
    open = true;
    changed.notify_all();
  }
};
std::shared_ptr<script> current;  // Of the test that runs.

enum class trouble { none, configure, start, hang_start, hang_stop, sick };

template <char Name, trouble Trouble>
class scripted : public commy::host_module {
public:
  ~scripted() override {
    const std::lock_guard hold{script_->mutex};
    ++script_->ended;
    script_->changed.notify_all();
  }

  commy::result<void, module_error> configure(
      const commy::option_values& options,
      commy::module_context& context) override {
    note("configures");
    context_ = &context;
    if (Trouble == trouble::configure || options.text("word") == "bad") {
      return commy::unexpected{module_error::bad_options, "word and deed"};
    }
    return {};
  }
  commy::result<void, module_error> start() override {
    note("starts");
    if (Trouble == trouble::start) throw std::runtime_error{"no luck"};
    if (Trouble == trouble::hang_start) script_->hang();
    if (Trouble == trouble::sick) {
      context_->report(health_state::failed, "a cold");
    }
    return {};
  }
  commy::result<void, module_error> stop(
      std::chrono::steady_clock::time_point) override {
    note("stops");
    if (Trouble == trouble::hang_stop) script_->hang();
    return {};
  }

  static std::unique_ptr<host_module> make() {
    return std::make_unique<scripted>();
  }

private:
  void note(const std::string& what) { script_->note(Name + (" " + what)); }

  std::shared_ptr<script> script_ = current;
  commy::module_context* context_ = nullptr;
};

constexpr std::array word{commy::option{.name = "word", .standard = "good"}};

template <char Name, trouble Trouble>
commy::module_description describe(const char* name) {
  return {.name = name,
          .options = word,
          .make = &scripted<Name, Trouble>::make,
          .start_within = 100ms,
          .stop_within = 100ms};
}

struct fixture {
  fixture() { current = play; }

  std::shared_ptr<script> play = std::make_shared<script>();
  commy::manifest plan = *read_manifest(R"({"name": "test"})").value;
  commy::host_events events;
  commy::host::health_board board{[] { return 1ns; }};
  commy::module_context::services services{.plan = &plan,
                                           .actors = nullptr,
                                           .events = &events,
                                           .health = &board,
                                           .segment_folder = {},
                                           .now = {},
                                           .processes = {},
                                           .plugin_health = {},
                                           .serve = {}};
  commy::host::module_set set{services, {}};

  commy::result<void, module_error> start(const commy::module_description& what,
                                          const char* options = "{}") {
    commy::manifest_problems problems;
    return set.start(what, commy::read_options(word, options, problems));
  }
};

}  // namespace

TEST_CASE("modules are configured, started, and stopped the other way round") {
  fixture f;
  const auto a = describe<'a', trouble::none>("a");
  const auto b = describe<'b', trouble::none>("b");
  REQUIRE(f.start(a));
  REQUIRE(f.start(b));
  CHECK(f.board.well());
  CHECK(f.set.stop().empty());
  CHECK(f.play->steps == std::vector<std::string>{"a configures", "a starts",
                                                  "b configures", "b starts",
                                                  "b stops", "a stops"});
  CHECK(f.play->ended == 2);
}

TEST_CASE("a module that refuses its options is neither started nor stopped") {
  fixture f;
  const auto a = describe<'a', trouble::none>("a");
  const auto refused = f.start(a, R"({"word": "bad"})");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message() ==
        "module a, configure: word and deed: its options contradict each "
        "other");
  CHECK(f.set.stop().empty());
  CHECK(f.play->steps == std::vector<std::string>{"a configures"});
  CHECK(f.board.all()[0].state == health_state::failed);
}

TEST_CASE("a module that throws has failed with its words, and is stopped") {
  fixture f;
  const auto a = describe<'a', trouble::start>("a");
  const auto refused = f.start(a);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message() == "module a, start: no luck: it failed");
  CHECK(f.set.stop().empty());
  CHECK(f.play->steps.back() == "a stops");
}

TEST_CASE("a module that does not start in time is named and left alone") {
  fixture f;
  const auto a = describe<'a', trouble::hang_start>("a");
  const auto late = f.start(a);
  REQUIRE_FALSE(late);
  CHECK(late.error().message() ==
        "module a, start, within 100 ms: it was not done in time");
  CHECK(f.set.stop().empty());
  CHECK(f.play->ended == 0);
  f.play->let_go();
  std::unique_lock hold{f.play->mutex};
  CHECK(
      f.play->changed.wait_for(hold, 20s, [&] { return f.play->ended == 1; }));
}

TEST_CASE("a module that does not stop in time keeps no other from stopping") {
  fixture f;
  const auto a = describe<'a', trouble::none>("a");
  const auto b = describe<'b', trouble::hang_stop>("b");
  REQUIRE(f.start(a));
  REQUIRE(f.start(b));
  CHECK(f.set.stop() ==
        std::vector<std::string>{
            "module b, stop, within 100 ms: it was not done in time"});
  CHECK(f.play->steps.back() == "a stops");
  f.play->let_go();
  std::unique_lock hold{f.play->mutex};
  CHECK(
      f.play->changed.wait_for(hold, 20s, [&] { return f.play->ended == 2; }));
}

TEST_CASE("a module that starts but says it is not well is believed") {
  fixture f;
  const auto a = describe<'a', trouble::sick>("a");
  std::vector<std::string> published;
  const auto held = f.events.health.subscribe(
      [&](const auto& report) { published.push_back(report.reason); });
  REQUIRE(f.start(a));
  CHECK(f.board.all()[0].state == health_state::failed);
  CHECK(published == std::vector<std::string>{"a cold"});
  CHECK(f.set.stop().empty());
}
