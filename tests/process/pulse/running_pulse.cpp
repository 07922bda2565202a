#include "running_pulse.hpp"

#include <filesystem>
#include <pulse/proc/file_text.hpp>
#include <system_error>

using namespace std::chrono_literals;

namespace {

int count_of(std::string_view text, std::string_view in) {
  int count = 0;
  for (auto at = in.find(text); at != in.npos; at = in.find(text, at + 1)) {
    ++count;
  }
  return count;
}

}  // namespace

running_pulse::running_pulse(
    const std::string& folder, std::vector<std::string> arguments,
    std::vector<std::pair<std::string, std::string>> environment)
    : folder_{folder} {
  auto pipe = commy::platform::make_pipe().value();
  commy::platform::spawn_options how;
  how.program = PULSE;
  if (arguments.empty() || !arguments.front().starts_with("--port")) {
    arguments.insert(arguments.begin(), {"--port", "0"});
  }
  how.arguments = std::move(arguments);
  how.environment = std::move(environment);
  how.environment.emplace_back("COMMY_DIRECTORY", folder);
  how.output = &pipe.writer;
  how.error_output = &pipe.writer;
  process_ = commy::platform::child_process::spawn(how).value();
  pipe_ = std::move(pipe.reader);
}

bool running_pulse::read_more(std::chrono::milliseconds at_most) {
  std::array<std::byte, 4096> part;
  const auto got = pipe_.read_some(part, at_most);
  if (!got || *got == 0) return false;
  output_.append(reinterpret_cast<const char*>(part.data()), *got);
  return true;
}

bool running_pulse::says(std::string_view text, int times) {
  const auto deadline = std::chrono::steady_clock::now() + healthy_time;
  while (count_of(text, output_) < times) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0 || !read_more(left)) return false;
  }
  return true;
}

int running_pulse::wait_for_exit() {
  // The pipe ends with the last process that could write to it.
  while (read_more(60s)) {
  }
  const auto status = process_.wait_for(healthy_time);
  if (!status || status->how != commy::platform::exit_status::kind::exited) {
    return 999;
  }
  return static_cast<int>(status->code);
}

commy::segment running_pulse::attach() const {
  return commy::segment::open("demo/pulse",
                              {.folder = folder_, .participant = "test"})
      .value();
}

std::uint32_t running_pulse::pid_of(std::string_view name,
                                    std::uint32_t other_than) {
  const auto segment = attach();
  std::uint32_t pid = 0;
  const bool found = comes_true([&] {
    for (const auto& p : segment.participants()) {
      if (p.alive && p.name == name && p.pid != other_than) pid = p.pid;
    }
    return pid != 0;
  });
  return found ? pid : 0;
}

bool is_running(std::uint32_t pid) {
  std::string stat;
  if (pulse::proc::read_file("/proc/" + std::to_string(pid) + "/stat", stat)) {
    return false;
  }
  const auto name_end = stat.rfind(") ");
  return name_end != stat.npos && stat[name_end + 2] != 'Z';
}

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code ignored;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator{folder, ignored}) {
    paths.push_back(entry.path().string());
  }
  return paths;
}
