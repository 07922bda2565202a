#include "../../unit/host/collector.hpp"
#include "../../unit/host/read_manifest.hpp"
#include "../../unit/host/scratch_folder.hpp"
#include "event_log.hpp"
#include <commy/host/module_context.hpp>
#include <commy/host/runtime.hpp>

#include <catch2/catch_test_macros.hpp>

#include <signal.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>

using namespace std::chrono_literals;
using kind = commy::process_event::kind;

namespace {

// A module that answers by an actor of its own and may be slow to stop.
class doubler : public commy::actor {
public:
  struct twice {
    using reply = int;
    int number;
  };
  int on(twice m) { return 2 * m.number; }
};

std::vector<std::string> stopped;  // Names, in order.

template <char Name>
class sample_module : public commy::host_module {
public:
  commy::result<void, commy::module_error> configure(
      const commy::option_values& options,
      commy::module_context& context) override {
    context_ = &context;
    fail_ = options.boolean("fail");
    return {};
  }
  commy::result<void, commy::module_error> start() override {
    if (fail_) {
      return commy::unexpected{commy::module_error::unavailable, "port 80"};
    }
    actor_ = context_->actors().spawn<doubler>(std::string{"doubler-"} + Name);
    return {};
  }
  commy::result<void, commy::module_error> stop(
      std::chrono::steady_clock::time_point) override {
    context_->actors().stop(actor_);
    stopped.push_back(std::string{Name});
    return {};
  }
  static std::unique_ptr<host_module> make() {
    return std::make_unique<sample_module>();
  }

private:
  commy::module_context* context_ = nullptr;
  commy::ref<doubler> actor_;
  bool fail_ = false;
};

constexpr std::array options{commy::option{
    .name = "fail", .kind = commy::option_kind::boolean, .standard = "false"}};
constexpr std::array<std::string_view, 1> needs_a{"a"};
constexpr std::array modules{
    commy::module_description{.name = "b",
                              .needs = needs_a,
                              .options = options,
                              .make = &sample_module<'b'>::make},
    commy::module_description{
        .name = "a", .options = options, .make = &sample_module<'a'>::make}};

struct fixture {
  scratch_folder scratch;
  std::string segments = scratch / "segments";

  fixture() { stopped.clear(); }

  commy::manifest plan(const std::string& rest) const {
    auto reading = read_manifest(
        R"({"name": "test", "tenant": "demo")" + rest + "}", modules);
    INFO(reading.text());
    REQUIRE(reading.value);
    return *reading.value;
  }
  auto start(const std::string& rest) const {
    return commy::runtime::start(
        plan(rest), modules,
        {.segment_folder = segments,
         .program_folders =
             {std::filesystem::path{COMMY_TEST_CHILD}.parent_path().string()},
         .plugin_folders = {COMMY_TEST_PLUGINS}});
  }
};

const std::string everything = R"(,
  "modules": {"b": {}, "a": {}},
  "plugins": [{"id": "test_good", "path": "good.so",
               "actors": {"echo": "test.echo"}}],
  "processes": {"waiting": {"program": "host_child", "arguments": ["wait"]}})";

}  // namespace

TEST_CASE("a host runs modules, plugins and processes and leaves nothing") {
  const fixture f;
  pid_t child = 0;
  {
    auto host = f.start(everything);
    INFO((host ? "" : host.error().message()));
    REQUIRE(host);
    const auto a = host->actors().find<doubler>("doubler-a");
    REQUIRE(a);
    CHECK(host->ask(*a, doubler::twice{21}, 20s).value() == 42);

    number_queue numbers;
    host->spawn<collector>("collector", numbers);
    const test_number message{1, TEST_ADD_ONE, 0};
    REQUIRE(host->actors().deliver("echo", commy::wire_id<test_number>(),
                                   std::as_bytes(std::span{&message, 1})));
    CHECK(numbers.next() == 2);

    REQUIRE(host->processes().size() == 1);
    child = static_cast<pid_t>(host->processes()[0].pid);
    CHECK(child != 0);
    CHECK(host->stop().late.empty());
    CHECK(host->stop().late.empty());
  }
  CHECK(stopped == std::vector<std::string>{"b", "a"});
  CHECK(::kill(child, 0) == -1);
  CHECK_FALSE(std::filesystem::exists(f.segments));
}

TEST_CASE("a host can be started again after it was stopped") {
  const fixture f;
  for (int i = 0; i < 3; ++i) {
    auto host = f.start(everything);
    REQUIRE(host);
    CHECK(host->stop().late.empty());
  }
}

TEST_CASE("a second host for a tenant is refused and harms nothing") {
  const fixture f;
  auto first = f.start(everything);
  REQUIRE(first);
  const auto second = f.start("");
  REQUIRE_FALSE(second);
  CHECK(second.error() == commy::start_error::host);
  CHECK(second.error().message().find("the host with pid") !=
        std::string::npos);
  CHECK(first->processes()[0].pid != 0);
}

TEST_CASE("a part that does not start stops what was started before") {
  struct failing {
    const char* rest;
    commy::start_error code;
    const char* text;
  };
  const failing cases[] = {
      {R"(, "modules": {"a": {}, "b": {"fail": true}})",
       commy::start_error::module, "module b, start: port 80"},
      {R"(, "modules": {"a": {}},
           "plugins": [{"id": "none", "path": "none.so"}])",
       commy::start_error::plugin, "none: none.so in "},
      {R"(, "modules": {"a": {}},
           "plugins": [{"id": "other", "path": "good.so"}])",
       commy::start_error::plugin, "wanted \"other\", found \"test_good\""},
      {R"(, "modules": {"a": {}}, "processes": {"p": {"program": "none"}})",
       commy::start_error::process, "p: there is no program none"},
  };
  for (const auto& [rest, code, text] : cases) {
    CAPTURE(rest);
    const fixture f;
    const auto host = f.start(rest);
    REQUIRE_FALSE(host);
    CHECK(host.error() == code);
    CHECK(host.error().message().find(text) != std::string::npos);
    CHECK(stopped.back() == "a");
    CHECK_FALSE(std::filesystem::exists(f.segments));
  }
}

TEST_CASE("a manifest that was not checked against modules is so at start") {
  const auto plan =
      *read_manifest(R"({"name": "x", "modules": {"a": {"fial": true}}})")
           .value;
  const auto host = commy::runtime::start(plan, modules);
  REQUIRE_FALSE(host);
  CHECK(host.error() == commy::start_error::manifest);
  CHECK(host.error().message().find("did you mean \"fail\"?") !=
        std::string::npos);
}

TEST_CASE("the health of a process follows what becomes of it") {
  const fixture f;
  auto host = f.start(R"(, "processes": {"p": {
      "program": "host_child", "arguments": ["wait"], "max_restarts": 1}})");
  REQUIRE(host);
  event_log events{host->events().processes};
  const auto state = [&] { return host->health()[0].state; };
  CHECK(host->health()[0].name == "process p");
  // The first start may have been before the log's subscription.
  const auto pid = host->processes()[0].pid;
  REQUIRE(::kill(static_cast<pid_t>(pid), SIGKILL) == 0);
  REQUIRE(events.wait_for(kind::restarting));
  const auto again = [&] {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < deadline) {
      const auto now = host->processes()[0];
      if (now.restarts == 1 && now.pid != 0) return now.pid;
      std::this_thread::yield();
    }
    return std::uint32_t{0};
  }();
  REQUIRE(again != 0);
  REQUIRE(::kill(static_cast<pid_t>(again), SIGKILL) == 0);
  REQUIRE(events.wait_for(kind::gave_up));
  CHECK(state() == commy::health_state::failed);
  CHECK(host->stop().late.empty());
}

TEST_CASE("a process learns from the host where it belongs") {
  const fixture f;
  const auto said = f.scratch / "said";
  auto host = f.start(R"(, "processes": {"p": {
      "program": "host_child", "arguments": ["belong", ")" +
                      said + "\"]}}");
  REQUIRE(host);
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (host->processes()[0].pid != 0 &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  std::ifstream file{said};
  std::string line;
  std::getline(file, line);
  CHECK(line == "test demo p " + f.segments);
}

TEST_CASE("a request to stop ends the wait for it, also when it came before") {
  const fixture f;
  auto early = f.start("");
  REQUIRE(early);
  early->request_stop();
  CHECK(early->wait_until_stopped().late.empty());

  auto host = f.start("");
  REQUIRE(host);
  auto waiting = std::async(std::launch::async,
                            [&] { return host->wait_until_stopped(); });
  host->request_stop();
  CHECK(waiting.get().late.empty());
}

TEST_CASE("a process that is late to stop is in the report") {
  const fixture f;
  const auto ready = f.scratch / "ready";
  auto host = f.start(R"(, "processes": {"p": {"program": "host_child",
      "arguments": ["stay", ")" +
                      ready + R"("], "stop_within": "50ms"}})");
  REQUIRE(host);
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (!std::filesystem::exists(ready) &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  CHECK(host->stop().late ==
        std::vector<std::string>{"process p had to be killed"});
}
