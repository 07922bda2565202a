#include "recorded.hpp"
#include "running_pulse.hpp"
#include "witness_pipe.hpp"
#include <commy/platform/liveness.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <random>

using namespace pulse;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using commy::test::test_folder;

namespace {

void send_signal(std::uint32_t pid, int signal) {
  REQUIRE(pid != 0);
  REQUIRE(::kill(static_cast<pid_t>(pid), signal) == 0);
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines)
    text += line + "\n";
  return text;
}

}  // namespace

TEST_CASE("twenty kills of the sampler lose no acknowledged sample", "[slow]") {
  const auto seed = static_cast<std::uint32_t>(commy::platform::random_u64());
  CAPTURE(seed);
  std::mt19937 random{seed};
  const test_folder folder;
  const test_folder outside;  // The host's own must be empty at the end.
  witness_pipe witness{outside / "witness"};
  running_pulse pulse{folder.path(), {}, {{"PULSE_WITNESS", witness.path()}}};
  std::uint64_t last = witness.next(healthy_time).value();
  std::uint32_t sampler = 0;
  for (int round = 0; round < 20; ++round) {
    CAPTURE(round);
    sampler = pulse.pid_of("sampler", sampler);
    // One that has lived for a second is started again at once.
    for (int i = 0; i < 11; ++i)
      last = witness.next(healthy_time).value();
    const auto moment = std::chrono::steady_clock::now() +
                        std::chrono::microseconds{random() % 110'000};
    while (std::chrono::steady_clock::now() < moment) {
      if (const auto next = witness.next(0ms)) last = *next;
    }
    send_signal(sampler, SIGKILL);
    REQUIRE(comes_true([&] { return !is_running(sampler); }));
    if (const auto rest = witness.rest(); !rest.empty()) last = rest.back();

    auto segment = pulse.attach();
    const auto left = recorded::in(segment);

    CHECK(joined(left.contradictions()) == "");
    for (std::uint64_t number = 1; number <= last; ++number) {
      if (!left.has(number)) FAIL("sample " << number << " is lost");
    }
  }
  pulse.process().terminate();
  CHECK(pulse.wait_for_exit() == 0);
  CHECK(files_in(folder.path()).empty());
}

TEST_CASE("after a kill of everything the next start goes on with the data") {
  const test_folder folder;
  std::uint64_t last = 0;
  std::vector<std::uint32_t> pids;
  {
    running_pulse first{folder.path(), {}};
    REQUIRE(first.says(" s  CPU"));
    for (const auto* const name : {"host", "sampler", "analyst"}) {
      pids.push_back(first.pid_of(name));
    }
    auto segment = first.attach();
    last = recorded::in(segment).history.back().number;
    first.process().kill();
    for (const auto pid : pids)
      ::kill(static_cast<pid_t>(pid), SIGKILL);
  }
  for (const auto pid : pids) {
    REQUIRE(comes_true([&] { return !is_running(pid); }));
  }
  CHECK_FALSE(files_in(folder.path()).empty());

  running_pulse second{folder.path(), {}};
  REQUIRE(second.says(" s  CPU"));
  {
    auto segment = second.attach();
    const auto history =
        segment.open<history_deque>(history_name).value().copy().value();
    CHECK(history.front().number == 1);
    CHECK(history.back().number > last);
  }
  second.process().terminate();
  CHECK(second.wait_for_exit() == 0);
  CHECK(files_in(folder.path()).empty());
}

TEST_CASE("when pulse alone is killed, its host ends and cleans up") {
  const test_folder folder;
  running_pulse pulse{folder.path(), {}};
  REQUIRE(pulse.says(" s  CPU"));
  std::vector<std::uint32_t> pids;
  for (const auto* const name : {"host", "sampler", "analyst"}) {
    pids.push_back(pulse.pid_of(name));
  }

  pulse.process().kill();

  for (const auto pid : pids) {
    CHECK(comes_true([&] { return !is_running(pid); }));
  }
  CHECK(files_in(folder.path()).empty());
}

TEST_CASE("when the host is killed, its processes end and pulse says so") {
  const test_folder folder;
  running_pulse pulse{folder.path(), {}};
  REQUIRE(pulse.says(" s  CPU"));
  const auto sampler = pulse.pid_of("sampler");

  send_signal(pulse.pid_of("host"), SIGKILL);

  CHECK(pulse.wait_for_exit() == 6);
  CHECK_THAT(pulse.output(), ContainsSubstring("the host killed by signal 9"));
  CHECK(comes_true([&] { return !is_running(sampler); }));
}

TEST_CASE("a stopped process is called slow, never dead, and comes back") {
  const test_folder folder;
  running_pulse pulse{folder.path(), {}};
  REQUIRE(pulse.says(" s  CPU"));
  const auto analyst = pulse.pid_of("analyst");

  send_signal(analyst, SIGSTOP);
  const auto who = "analyst (pid " + std::to_string(analyst) + ") ";
  CHECK(pulse.says(who + "slow"));
  // Three seconds more: whoever confused the two would have said so by then.
  CHECK(pulse.says(" s  CPU", 5));
  CHECK(pulse.output().find(who + "dead") == std::string::npos);
  CHECK(pulse.pid_of("analyst") == analyst);

  send_signal(analyst, SIGCONT);
  auto segment = pulse.attach();
  const auto box = segment.open<analysis_box>(analysis_name).value();
  const auto seen = box.get().value().number;
  CHECK(comes_true([&] { return box.get().value().number > seen; }));
}
