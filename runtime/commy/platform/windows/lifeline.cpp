#include <commy/platform/detail/child_environment.hpp>
#include <commy/platform/lifeline.hpp>
#include <commy/platform/pipe.hpp>
#include <commy/platform/windows/handle.hpp>

#include <gsl/gsl>

#include <windows.h>

#include <array>
#include <thread>
#include <utility>

namespace commy::platform {

struct parent_lifeline::state {
  pipe_reader line;
  detail::unique_handle stop;
  std::thread thread;
  bool is_lost = false;
};

namespace {

/// Until `line` has reached its end, true, or `stop` is set, false.
bool wait_for_either(HANDLE line, HANDLE stop) {
  const detail::unique_handle read_done{
      ::CreateEventW(nullptr, TRUE, FALSE, nullptr)};
  const std::array both{stop, read_done.get()};
  for (;;) {
    std::array<std::byte, 64> ignored;
    OVERLAPPED reading{};
    reading.hEvent = read_done.get();
    if (!::ReadFile(line, ignored.data(), ignored.size(), nullptr, &reading) &&
        ::GetLastError() != ERROR_IO_PENDING) {
      return true;
    }
    const bool stopped = ::WaitForMultipleObjects(2, both.data(), FALSE,
                                                  INFINITE) == WAIT_OBJECT_0;
    if (stopped) ::CancelIoEx(line, &reading);
    DWORD got = 0;
    const bool read = ::GetOverlappedResult(line, &reading, &got, TRUE) != 0;
    if (stopped) return false;
    // A parent never writes; what comes anyway means nothing.
    if (!read || got == 0) return true;
  }
}

}  // namespace

std::optional<parent_lifeline> parent_lifeline::from_environment() {
  auto line = pipe_reader::from_environment(detail::lifeline_variable);
  ::SetEnvironmentVariableA(detail::lifeline_variable, nullptr);
  if (!line) return std::nullopt;
  auto made = std::make_unique<state>();
  made->line = std::move(*line);
  return parent_lifeline{std::move(made)};
}

parent_lifeline::parent_lifeline(std::unique_ptr<state> s) noexcept
    : state_{std::move(s)} {}
parent_lifeline::parent_lifeline(parent_lifeline&&) noexcept = default;
parent_lifeline& parent_lifeline::operator=(parent_lifeline&& other) noexcept {
  const parent_lifeline old{std::exchange(state_, std::move(other.state_))};
  return *this;
}

parent_lifeline::~parent_lifeline() {
  if (state_ == nullptr || !state_->thread.joinable()) return;
  ::SetEvent(state_->stop.get());
  state_->thread.join();
}

bool parent_lifeline::wait_for_loss(std::chrono::milliseconds at_most) {
  std::array<std::byte, 64> ignored;
  if (!state_->is_lost) {
    const auto got = state_->line.read_some(ignored, at_most);
    state_->is_lost = got && *got == 0;
  }
  return state_->is_lost;
}

void parent_lifeline::watch(std::function<void()> on_loss) {
  Expects(!state_->thread.joinable());
  state_->stop =
      detail::unique_handle{::CreateEventW(nullptr, TRUE, FALSE, nullptr)};
  Ensures(bool{state_->stop});
  state_->thread = std::thread{[s = state_.get(), act = std::move(on_loss)] {
    if (wait_for_either(detail::to_handle(s->line.native()), s->stop.get())) {
      act();
    }
  }};
}

}  // namespace commy::platform
