#include <commy/platform/detail/child_environment.hpp>
#include <commy/platform/detail/deadline.hpp>
#include <commy/platform/termination.hpp>
#include <commy/platform/windows/handle.hpp>
#include <commy/platform/windows/wide.hpp>

#include <gsl/gsl>

#include <windows.h>

#include <array>
#include <atomic>
#include <charconv>
#include <thread>
#include <utility>

namespace commy::platform {
namespace {

// Set once the wish has come; made with the first watch and never closed,
// since the console calls in a thread of its own.
HANDLE wish_event() {
  static const HANDLE event = ::CreateEventW(nullptr, TRUE, FALSE, nullptr);
  Ensures(event != nullptr);
  return event;
}

/// The event that our parent sets (`child_process::terminate`), or null.
HANDLE parents_event() {
  static const HANDLE event = [] {
    const auto text = detail::narrow(
        detail::variable(detail::wide(detail::stop_variable).c_str()));
    std::intptr_t native = 0;
    std::from_chars(text.data(), text.data() + text.size(), native);
    const HANDLE handle = detail::to_handle(native);
    // A number that is no handle of ours must not end every wait at once.
    return native != 0 && ::WaitForSingleObject(handle, 0) != WAIT_FAILED
               ? handle
               : nullptr;
  }();
  return event;
}

/// 0 or 1 for one of the two events, else timeout.
bool wait_for_wish(DWORD milliseconds) {
  const std::array both{wish_event(), parents_event()};
  const DWORD count = both[1] == nullptr ? 1 : 2;
  const DWORD got =
      ::WaitForMultipleObjects(count, both.data(), FALSE, milliseconds);
  return got < WAIT_OBJECT_0 + count;
}

BOOL WINAPI on_console(DWORD what) {
  ::SetEvent(wish_event());
  // After these Windows ends the process as soon as we return, or in some five
  // seconds: leave the time to those who wait.
  if (what != CTRL_C_EVENT && what != CTRL_BREAK_EVENT) ::Sleep(INFINITE);
  return TRUE;
}

std::atomic<bool> is_watched{false};

}  // namespace

struct termination_watch::state {
  detail::unique_handle stop;
  std::thread thread;
};

termination_watch::termination_watch(std::function<void()> on_request)
    : state_{std::make_unique<state>()} {
  // acq_rel, pairs with the release in the destructor: two lives in a row do
  // not overlap.
  Expects(!is_watched.exchange(true, std::memory_order_acq_rel));
  ::ResetEvent(wish_event());
  static_cast<void>(parents_event());
  ::SetConsoleCtrlHandler(on_console, TRUE);
  if (!on_request) return;
  state_->stop =
      detail::unique_handle{::CreateEventW(nullptr, TRUE, FALSE, nullptr)};
  Ensures(bool{state_->stop});
  state_->thread = std::thread{[s = state_.get(), act = std::move(on_request)] {
    const std::array all{s->stop.get(), wish_event(), parents_event()};
    const DWORD count = all[2] == nullptr ? 2 : 3;
    if (::WaitForMultipleObjects(count, all.data(), FALSE, INFINITE) !=
        WAIT_OBJECT_0) {
      act();
    }
  }};
}

termination_watch::~termination_watch() {
  ::SetConsoleCtrlHandler(on_console, FALSE);
  if (state_->thread.joinable()) {
    ::SetEvent(state_->stop.get());
    state_->thread.join();
  }
  // release, pairs with the constructor's exchange.
  is_watched.store(false, std::memory_order_release);
}

bool termination_watch::requested() const noexcept { return wait_for_wish(0); }

bool termination_watch::wait_for(std::chrono::milliseconds at_most) const {
  const detail::deadline until{at_most};
  return wait_for_wish(static_cast<DWORD>(until.left_ms()));
}

void termination_watch::request() noexcept { ::SetEvent(wish_event()); }

void ignore_broken_pipes() noexcept {}

}  // namespace commy::platform
