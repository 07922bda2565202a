#include "child.hpp"
#include "module_host.hpp"
#include <commy/host/answerer.hpp>
#include <commy/host/messages/participants.hpp>

#include <catch2/catch_test_macros.hpp>

#include <csignal>
#include <mutex>
#include <string>
#include <vector>

namespace {

using namespace commy::tests;
using commy::participant_event;
using commy::participant_report;
using commy::test::test_folder;
using kind = participant_event::kind;
using clock = std::chrono::steady_clock;

/// A host that watches closely, and what it has published of the child.
class watching_host {
public:
  watching_host()
      : runtime_{start_host(folder_,
                            R"({"allocator": {"segments": {"shop": "64MiB"}},)"
                            R"( "heartbeat": {"period": "20ms",)"
                            R"( "slow_after": "300ms"}})")
                     .value()},
        events_{runtime_.events().participants.subscribe(
            [this](const participant_event& e) {
              const std::lock_guard hold{mutex_};
              if (e.name == "child") seen_.push_back(e);
            })} {}

  commy::platform::child_process child(const std::string& how) {
    return start_child(how, folder_ / "segments", "demo/shop");
  }
  [[nodiscard]] std::vector<kind> seen() {
    const std::lock_guard hold{mutex_};
    std::vector<kind> kinds;
    for (const auto& e : seen_)
      kinds.push_back(e.what);
    return kinds;
  }
  bool comes_to(const std::vector<kind>& wanted) {
    return becomes_true([&] { return seen() == wanted; });
  }
  [[nodiscard]] std::vector<participant_report> reports() {
    return commy::ask_module(runtime_.actors(), commy::list_participants{}, 5s)
        .value();
  }

private:
  test_folder folder_;
  commy::runtime runtime_;
  std::mutex mutex_;
  std::vector<participant_event> seen_;
  commy::event_subscription events_;
};

}  // namespace

TEST_CASE("a process that is killed is known to be dead within a second") {
  watching_host host;
  auto child = host.child("participant");
  REQUIRE(host.comes_to({kind::attached}));

  const auto begin = clock::now();
  child.kill();

  REQUIRE(host.comes_to({kind::attached, kind::dead}));
  CHECK(clock::now() - begin < 1s);
  bool shown = false;
  for (const auto& r : host.reports()) {
    if (r.name != "child") continue;
    shown = true;
    CHECK(r.state == participant_report::state_kind::dead);
    CHECK(r.pid == child.pid());
  }
  CHECK(shown);
}

TEST_CASE("a stopped process is slow, not dead, and comes back") {
  watching_host host;
  auto child = host.child("participant");
  REQUIRE(host.comes_to({kind::attached}));

  const auto pid = static_cast<pid_t>(child.pid());
  REQUIRE(::kill(pid, SIGSTOP) == 0);
  REQUIRE(host.comes_to({kind::attached, kind::slow}));
  // Far longer than slow: still not dead.
  const auto begin = clock::now();
  REQUIRE(becomes_true([&] {
    for (const auto& r : host.reports()) {
      if (r.name != "child") continue;
      REQUIRE(r.state == participant_report::state_kind::slow);
      if (r.age > 1500ms) return true;
    }
    return false;
  }));
  CHECK(clock::now() - begin < 10s);
  REQUIRE(::kill(pid, SIGCONT) == 0);

  CHECK(host.comes_to({kind::attached, kind::slow, kind::back}));
}

TEST_CASE("a process that ends in order has left") {
  watching_host host;
  auto child = host.child("participant");
  REQUIRE(host.comes_to({kind::attached}));

  child.terminate();
  REQUIRE(child.wait_for(10s));

  CHECK(host.comes_to({kind::attached, kind::detached}));
}

TEST_CASE("a process that never beats is attached, and only its death counts") {
  watching_host host;
  auto child = host.child("silent");
  REQUIRE(host.comes_to({kind::attached}));
  REQUIRE(becomes_true([&] {
    for (const auto& r : host.reports()) {
      if (r.name == "child" && r.since > 500ms) return true;
    }
    return false;
  }));

  child.kill();

  CHECK(host.comes_to({kind::attached, kind::dead}));
}

TEST_CASE("the host itself beats") {
  watching_host host;

  CHECK(becomes_true([&] {
    for (const auto& r : host.reports()) {
      if (r.name == "host" && r.beats && r.age < 1s) return true;
    }
    return false;
  }));
}
