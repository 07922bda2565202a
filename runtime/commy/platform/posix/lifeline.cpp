#include <commy/platform/detail/child_environment.hpp>
#include <commy/platform/lifeline.hpp>
#include <commy/platform/pipe.hpp>

#include <gsl/gsl>

#include <poll.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <thread>
#include <utility>

namespace commy::platform {

struct parent_lifeline::state {
  pipe_reader line;
  // The thread waits for the end of either pipe; we end it by closing ours.
  pipe_ends stop;
  std::thread thread;
  bool is_lost = false;
};

namespace {

/// Until `line` has reached its end, true, or `stop` has, false.
bool wait_for_either(const pipe_reader& line, const pipe_reader& stop) {
  for (;;) {
    // No event asked for: POLLHUP is always told.
    std::array both{pollfd{static_cast<int>(line.native()), 0, 0},
                    pollfd{static_cast<int>(stop.native()), 0, 0}};
    if (::poll(both.data(), both.size(), -1) < 0 && errno == EINTR) continue;
    return both[1].revents == 0 && both[0].revents != 0;
  }
}

}  // namespace

std::optional<parent_lifeline> parent_lifeline::from_environment() {
  auto line = pipe_reader::from_environment(detail::lifeline_variable);
  ::unsetenv(detail::lifeline_variable);
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
  state_->stop.writer.close();
  state_->thread.join();
}

bool parent_lifeline::wait_for_loss(std::chrono::milliseconds at_most) {
  // A parent never writes; a byte that comes anyway only shortens this wait.
  std::array<std::byte, 64> ignored;
  if (!state_->is_lost) {
    const auto got = state_->line.read_some(ignored, at_most);
    state_->is_lost = got && *got == 0;
  }
  return state_->is_lost;
}

void parent_lifeline::watch(std::function<void()> on_loss) {
  Expects(!state_->thread.joinable());
  state_->stop = make_pipe().value();
  state_->thread = std::thread{[s = state_.get(), act = std::move(on_loss)] {
    if (wait_for_either(s->line, s->stop.reader)) act();
  }};
}

}  // namespace commy::platform
