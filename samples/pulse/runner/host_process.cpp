#include "pulse/runner/host_process.hpp"

#include <array>
#include <thread>

namespace pulse {

using commy::platform::child_process;
using commy::platform::exit_status;

struct host_process::state {
  ~state() {
    // Its end, and that of its processes, closes the pipe.
    child = {};
    if (reader.joinable()) reader.join();
  }

  void read_lines() {
    std::string text;
    std::array<std::byte, 4096> part;
    for (;;) {
      const auto got = lines.read_some(part, std::chrono::hours{24});
      if (!got && got.error() == commy::platform::pipe_error::timeout) continue;
      if (!got || *got == 0) break;
      text.append(reinterpret_cast<const char*>(part.data()), *got);
      for (auto end = text.find('\n'); end != text.npos;
           end = text.find('\n')) {
        on_line(std::string_view{text}.substr(0, end));
        text.erase(0, end + 1);
      }
      // A line without end is shown in pieces, not collected for ever.
      if (text.size() > max_line) {
        on_line(text);
        text.clear();
      }
    }
    if (!text.empty()) on_line(text);
  }

  static constexpr std::size_t max_line = 16384;
  child_process child;
  commy::platform::pipe_reader lines;
  std::function<void(std::string_view)> on_line;
  std::thread reader;
};

host_process::host_process(std::unique_ptr<state> s) noexcept
    : state_{std::move(s)} {}
host_process::host_process(host_process&&) noexcept = default;
host_process::~host_process() = default;

commy::result<host_process, commy::platform::spawn_error> host_process::start(
    host_options options) {
  using commy::platform::spawn_error;
  auto pipe = commy::platform::make_pipe();
  if (!pipe) {
    return commy::unexpected{spawn_error::limit, pipe.error().message()};
  }
  commy::platform::spawn_options how;
  how.program = std::move(options.program);
  how.arguments = std::move(options.arguments);
  how.environment = std::move(options.environment);
  how.output = &pipe->writer;
  how.error_output = &pipe->writer;
  auto child = child_process::spawn(how);
  if (!child) return commy::unexpected{child.error()};
  auto made = std::make_unique<state>();
  made->child = std::move(*child);
  made->lines = std::move(pipe->reader);
  made->on_line = std::move(options.on_line);
  made->reader = std::thread{[s = made.get()] { s->read_lines(); }};
  return host_process{std::move(made)};
}

std::uint32_t host_process::pid() const noexcept { return state_->child.pid(); }

std::optional<exit_status> host_process::wait_for(
    std::chrono::milliseconds at_most) {
  return state_->child.wait_for(at_most);
}

exit_status host_process::stop(std::chrono::milliseconds at_most) {
  auto& child = state_->child;
  child.terminate();
  if (const auto end = child.wait_for(at_most)) return *end;
  child.kill();
  // A killed process ends at once, unless the kernel itself is stuck.
  return child.wait_for(std::chrono::seconds{10}).value_or(exit_status{});
}

}  // namespace pulse
