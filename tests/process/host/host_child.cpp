// host_child: behaves as its first argument says, for tests of who keeps it.
#include "../../unit/host/collector.hpp"
#include <commy/host/alarm_inbox.hpp>
#include <commy/host/children.hpp>
#include <commy/message/remote_address.hpp>
#include <commy/platform/lifeline.hpp>
#include <commy/platform/process.hpp>
#include <commy/platform/termination.hpp>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace {

using namespace std::chrono_literals;
constexpr auto for_ever = std::chrono::hours{1};

// Ends with code 0 when asked to and with code 3 when its parent is gone.
int wait_for_the_end() {
  auto lifeline = commy::platform::parent_lifeline::from_environment();
  if (!lifeline) return 4;
  int code = 0;
  commy::platform::termination_watch wish;
  lifeline->watch([&] {
    code = 3;
    wish.request();
  });
  static_cast<void>(wish.wait_for(for_ever));
  return code;
}

// Ends only when its parent is gone, or killed.
int stay(const std::string& ready_file) {
  auto lifeline = commy::platform::parent_lifeline::from_environment();
  if (!lifeline) return 4;
  const commy::platform::termination_watch wish;
  std::ofstream{ready_file} << "ready";
  static_cast<void>(lifeline->wait_for_loss(for_ever));
  return 3;
}

// Keeps a `wait` child and says its pid; for being killed itself.
int keep_another() {
  commy::event_channel<commy::process_event> events;
  commy::host::children children{events};
  commy::process_entry entry;
  entry.name = "grandchild";
  entry.arguments = {"wait"};
  entry.within = 10s;
  entry.stop_within = 10s;
  if (!children.start_one(entry, commy::platform::executable_path(), {})) {
    return 5;
  }
  std::cout << children.states().at(0).pid << std::endl;
  const commy::platform::termination_watch wish;
  static_cast<void>(wish.wait_for(for_ever));
  return 0;
}

// Hands numbers to the host's actor "echo", each in a loan, and then raises an
// alarm; ends with code 0 when the host has taken everything.
int send_numbers() {
  commy::segment_options where;
  where.folder = std::getenv("COMMY_DIRECTORY");
  const auto shared = commy::segment::open(
      std::getenv("COMMY_TENANT") + std::string{"/numbers"}, where);
  if (!shared) return 6;
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  auto echo =
      commy::remote_address<test_loan>::wait_for(*shared, "echo", deadline);
  if (!echo) return 7;
  for (std::int64_t number = 1; number <= 100;) {
    auto loan = commy::try_loan<std::int64_t>(*shared);
    if (!loan) return 8;
    **loan = number;
    if (echo->send(test_loan{}, std::move(*loan))) {
      ++number;
    } else if (std::chrono::steady_clock::now() > deadline) {
      return 9;
    } else {
      std::this_thread::yield();  // The ring is full for the moment.
    }
  }
  commy_alarm alarm{};
  alarm.value = 99;
  alarm.limit = 90;
  alarm.raised = 1;
  std::strcpy(alarm.what, "numbers");
  return commy::send(*shared, COMMY_ALARM_ACTOR, alarm) ? 0 : 10;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string_view mode = count > 1 ? arguments[1] : "";
  const std::string argument = count > 2 ? arguments[2] : "";
  if (mode == "exit") return std::stoi(argument);
  if (mode == "wait") return wait_for_the_end();
  if (mode == "stay") return stay(argument);
  if (mode == "keep") return keep_another();
  if (mode == "send") return send_numbers();
  if (mode == "belong") {
    std::ofstream file{argument};
    for (const auto* name : {"COMMY_HOST", "COMMY_TENANT", "COMMY_PROCESS"}) {
      file << std::getenv(name) << ' ';
    }
    file << std::getenv("COMMY_DIRECTORY");
    return 0;
  }
  if (mode == "say") {
    const char* const value = std::getenv("COMMY_TEST_WORD");
    std::ofstream{argument} << (value != nullptr ? value : "nothing");
    return 0;
  }
  return 2;
}
