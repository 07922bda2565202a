#include <commy/platform/detail/deadline.hpp>
#include <commy/platform/detail/system_failure.hpp>
#include <commy/platform/process.hpp>
#include <commy/platform/windows/spawn.hpp>
#include <commy/platform/windows/wide.hpp>

#include <windows.h>

#include <array>
#include <charconv>
#include <utility>

namespace commy::platform {
namespace {

using detail::to_handle;
using detail::to_native;
using kind = exit_status::kind;

// What `kill` leaves as exit code: severity "error", set by an application.
// Programs return small numbers; what looks like an NTSTATUS error is a death.
constexpr UINT killed_code = 0xE000'0009;

bool is_death(DWORD code) noexcept { return code >= 0xC000'0000; }

void close(std::intptr_t& native) noexcept {
  if (native != -1) ::CloseHandle(to_handle(std::exchange(native, -1)));
}

}  // namespace

std::string exit_status::text() const {
  if (how == kind::exited) return "exited with code " + std::to_string(code);
  if (how == kind::unknown) return "ended, and the system does not say how";
  if (code == killed_code) return "killed by its parent";
  std::array<char, 8> digits;
  const auto [end, error] =
      std::to_chars(digits.data(), digits.data() + digits.size(), code, 16);
  return "killed by status 0x" + std::string(digits.data(), end);
}

result<child_process, spawn_error> child_process::spawn(
    const spawn_options& options) {
  child_process child;
  pipe_reader lifeline_end;
  if (options.lifeline) {
    auto pipe = make_pipe();
    if (!pipe) return unexpected{spawn_error::limit, pipe.error().message()};
    lifeline_end = std::move(pipe->reader);
    child.lifeline_ = std::move(pipe->writer);
  }
  detail::unique_handle stop{::CreateEventW(nullptr, TRUE, FALSE, nullptr)};
  auto made = detail::spawn(
      options,
      lifeline_end.is_open() ? to_handle(lifeline_end.native()) : nullptr,
      stop.get());
  if (!made) return unexpected{made.error()};
  child.pid_ = made->pid;
  child.native_ = to_native(made->process.release());
  child.stop_event_ = stop ? to_native(stop.release()) : -1;
  return child;
}

child_process::child_process(child_process&& other) noexcept
    : pid_{std::exchange(other.pid_, 0)},
      native_{std::exchange(other.native_, -1)},
      stop_event_{std::exchange(other.stop_event_, -1)},
      status_{std::exchange(other.status_, std::nullopt)},
      lifeline_{std::move(other.lifeline_)} {}

child_process& child_process::operator=(child_process&& other) noexcept {
  child_process old{std::move(other)};
  std::swap(pid_, old.pid_);
  std::swap(native_, old.native_);
  std::swap(stop_event_, old.stop_event_);
  std::swap(status_, old.status_);
  std::swap(lifeline_, old.lifeline_);
  return *this;
}

child_process::~child_process() {
  if (is_running()) {
    kill();
    static_cast<void>(wait_for(std::chrono::milliseconds::max()));
  }
  close(native_);
  close(stop_event_);
}

std::optional<exit_status> child_process::try_wait() noexcept {
  return wait_for(std::chrono::milliseconds{0});
}

std::optional<exit_status> child_process::wait_for(
    std::chrono::milliseconds at_most) noexcept {
  if (!is_running()) return status_;
  const detail::deadline until{at_most};
  if (::WaitForSingleObject(to_handle(native_),
                            static_cast<DWORD>(until.left_ms())) !=
      WAIT_OBJECT_0) {
    return std::nullopt;
  }
  DWORD code = 0;
  const bool known = ::GetExitCodeProcess(to_handle(native_), &code) != 0;
  status_ = exit_status{!known           ? kind::unknown
                        : is_death(code) ? kind::killed
                                         : kind::exited,
                        code};
  return status_;
}

void child_process::await_end() const noexcept {
  ::WaitForSingleObject(to_handle(native_), INFINITE);
}

void child_process::terminate() noexcept {
  if (!is_running()) return;
  // The event reaches Commy's own programs, also without a console; the break
  // reaches others. Who gets both has one wish.
  if (stop_event_ != -1) ::SetEvent(to_handle(stop_event_));
  ::GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, pid_);
}

void child_process::kill() noexcept {
  if (is_running()) ::TerminateProcess(to_handle(native_), killed_code);
}

std::string executable_path() {
  std::array<wchar_t, 32'768> path;
  const DWORD size = ::GetModuleFileNameW(nullptr, path.data(),
                                          static_cast<DWORD>(path.size()));
  return detail::narrow({path.data(), size});
}

}  // namespace commy::platform
