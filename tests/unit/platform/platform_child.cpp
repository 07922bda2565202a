// The other process of the platform tests: does what its first argument says.
#include "child.hpp"
#include "ping_pong.hpp"
#include <commy/platform/lifeline.hpp>
#include <commy/platform/liveness.hpp>
#include <commy/platform/mapping.hpp>
#include <commy/platform/process.hpp>
#include <commy/platform/termination.hpp>

#include <cstdlib>
#include <iostream>
#include <string_view>

namespace {

using namespace commy::platform;

std::string_view word(int count, char** values, int index) {
  return index < count ? values[index] : "";
}

void say(pipe_writer& to, std::string_view text) {
  to.write_all(std::as_bytes(std::span{text}), patience).value();
}

void wait_until_parent_is_gone() {
  auto line = parent_lifeline::from_environment().value();
  while (!line.wait_for_loss(patience)) {
  }
}

/// Claims the slot named and keeps it until the parent is gone or kills us.
int hold_slot(pipe_writer& report, const std::string& path, int slot) {
  auto live = liveness::open(path).value();
  const bool claimed = live.try_claim(static_cast<std::uint32_t>(slot));
  const auto me = this_process();
  say(report, claimed ? "+" : "-");
  say(report, std::to_string(me.pid) + " " + std::to_string(me.started) + "\n");
  wait_until_parent_is_gone();
  return 0;
}

int hold_growth(pipe_writer& report, const std::string& path) {
  auto live = liveness::open(path).value();
  say(report, live.lock_growth(0) ? "+" : "-");
  wait_until_parent_is_gone();
  return 0;
}

int hold_byte(pipe_writer& report, const std::string& path, lock_mode mode) {
  auto lock = file_lock::open(path, access::read_write).value();
  say(report, lock.try_lock(7, mode) ? "+" : "-");
  wait_until_parent_is_gone();
  return 0;
}

int write_where_only_reading_is_allowed(const std::string& path) {
  const auto source = file::open(path, access::read_only).value();
  const auto map = mapping::map(source, 4096, access::read_only).value();
  *reinterpret_cast<volatile std::byte*>(map.data()) = std::byte{1};
  return 0;
}

/// A parent that starts a child of its own and never ends by itself.
int middle(pipe_writer& report, const std::string& role) {
  spawn_options options;
  options.program = executable_path();
  options.arguments = {role};
  options.inherit = {{"REPORT", report.native()}};
  const auto child = child_process::spawn(options).value();
  report.close();
  wait_until_parent_is_gone();
  return 0;
}

int report_loss(pipe_writer& report) {
  auto line = parent_lifeline::from_environment().value();
  say(report, "+");
  while (!line.wait_for_loss(patience)) {
  }
  say(report, "lost");
  return 0;
}

/// The same with a thread that waits.
int report_loss_by_thread(pipe_writer& report) {
  termination_watch ending;
  auto line = parent_lifeline::from_environment().value();
  line.watch([&] { ending.request(); });
  say(report, "+");
  if (!ending.wait_for(patience)) return 1;
  say(report, "lost");
  return 0;
}

int stop_watching(pipe_writer& report) {
  auto line = parent_lifeline::from_environment();
  line->watch([] { std::abort(); });
  say(report, "+");
  line.reset();
  return 0;
}

int wait_for_termination(pipe_writer& report) {
  const termination_watch ending;
  say(report, "+");
  return ending.wait_for(patience) ? 42 : 1;
}

/// Says who it is, and exits with 3 when it is asked to end.
int identify(pipe_writer& report) {
  const termination_watch ending;
  const auto me = this_process();
  say(report, std::to_string(me.pid) + " " + std::to_string(me.started) + "\n");
  return ending.wait_for(patience) ? 3 : 1;
}

int call_back_on_termination(pipe_writer& report) {
  auto told = make_pipe().value();
  const termination_watch ending{[&] { say(told.writer, "!"); }};
  say(report, "+");
  return read_text(told.reader, 1) == "!" ? 44 : 1;
}

int pong(pipe_writer& report, const std::string& path) {
  const auto source = file::open(path, access::read_write).value();
  const auto map = mapping::map(source, 4096, access::read_write).value();
  say(report, "+");
  return play_ping_pong(table_in(map), side::pong) == 0 ? 0 : 1;
}

int show(int count, char** values) {
  for (int i = 2; i < count; ++i)
    std::cout << '[' << values[i] << ']';
  for (const char* name : {"COMMY_TEST_A", "COMMY_TEST_B", "COMMY_LIFELINE"}) {
    const char* const value = std::getenv(name);
    std::cout << ' ' << name << '='
              << (value == nullptr                           ? "(unset)"
                  : std::string_view{name}.ends_with("LINE") ? "(set)"
                                                             : value);
  }
  std::cout << std::flush;
  return 0;
}

/// Starts the same without a lifeline, while our own is still unclaimed.
int show_through() {
  spawn_options options;
  options.program = executable_path();
  options.arguments = {"show"};
  options.lifeline = false;
  auto child = child_process::spawn(options).value();
  return child.wait_for(patience) == exit_status{} ? 0 : 1;
}

int play_role(int count, char** values) {
  const auto role = word(count, values, 1);
  const std::string path{word(count, values, 2)};
  if (role == "exit") return std::atoi(values[2]);
  if (role == "show") return show(count, values);
  if (role == "show_through") return show_through();
  if (role == "write_read_only") {
    return write_where_only_reading_is_allowed(path);
  }
  auto report = pipe_writer::from_environment("REPORT").value();
  if (role == "hold_slot") return hold_slot(report, path, std::atoi(values[3]));
  if (role == "hold_growth") return hold_growth(report, path);
  if (role == "hold_shared") return hold_byte(report, path, lock_mode::shared);
  if (role == "hold_byte") return hold_byte(report, path, lock_mode::exclusive);
  if (role == "middle") return middle(report, path);
  if (role == "report_loss") return report_loss(report);
  if (role == "report_loss_by_thread") return report_loss_by_thread(report);
  if (role == "stop_watching") return stop_watching(report);
  if (role == "identify") return identify(report);
  if (role == "terminable") return wait_for_termination(report);
  if (role == "terminable_callback") return call_back_on_termination(report);
  if (role == "pong") return pong(report, path);
  std::cerr << "platform_child: no role " << role << '\n';
  return 2;
}

}  // namespace

int main(int count, char** values) {
  try {
    return play_role(count, values);
  } catch (const std::exception& error) {
    std::cerr << "platform_child: " << error.what() << '\n';
    return 3;
  }
}
