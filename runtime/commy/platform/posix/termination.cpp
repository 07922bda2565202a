#include <commy/platform/detail/deadline.hpp>
#include <commy/platform/termination.hpp>
#include <commy/platform/wake.hpp>

#include <gsl/gsl>

#include <signal.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <thread>
#include <utility>

namespace commy::platform {
namespace {

constexpr std::array caught{SIGINT, SIGTERM};

// The wish: not zero once it has come. A signal handler reaches only what is
// static, hence one watch for the process.
std::atomic<std::uint32_t> wish{0};
std::atomic<bool> is_watched{false};

void wake_all() noexcept {
  // One addition and one system call, both allowed in a signal handler.
  parking_lot{}.unpark(0, wish);
}

void on_signal(int) {
  const int kept = errno;
  wake_all();
  errno = kept;
}

// acquire, pairs with the release in unpark(): who sees the wish sees what its
// sender did before.
bool is_wished() noexcept { return wish.load(std::memory_order_acquire) != 0; }

}  // namespace

struct termination_watch::state {
  std::array<struct sigaction, caught.size()> before{};
  std::atomic<bool> stopping{false};
  std::thread thread;
};

termination_watch::termination_watch(std::function<void()> on_request)
    : state_{std::make_unique<state>()} {
  // acq_rel, pairs with the release in the destructor: two lives in a row do
  // not overlap.
  Expects(!is_watched.exchange(true, std::memory_order_acq_rel));
  // relaxed: no handler is set and no thread runs yet.
  wish.store(0, std::memory_order_relaxed);
  struct sigaction ours{};
  ours.sa_handler = on_signal;
  ours.sa_flags = SA_RESTART;  // The program's own calls are not disturbed.
  sigemptyset(&ours.sa_mask);
  for (std::size_t i = 0; i < caught.size(); ++i) {
    ::sigaction(caught[i], &ours, &state_->before[i]);
  }
  if (!on_request) return;
  state_->thread = std::thread{[this, act = std::move(on_request)] {
    while (!wait_for(std::chrono::milliseconds::max())) {
    }
    // relaxed: stored before the unpark() that is_wished() has acquired from,
    // or never stored.
    if (!state_->stopping.load(std::memory_order_relaxed)) act();
  }};
}

termination_watch::~termination_watch() {
  for (std::size_t i = 0; i < caught.size(); ++i) {
    ::sigaction(caught[i], &state_->before[i], nullptr);
  }
  if (state_->thread.joinable()) {
    // relaxed: ordered by the unpark() that follows.
    state_->stopping.store(true, std::memory_order_relaxed);
    wake_all();
    state_->thread.join();
  }
  // release, pairs with the constructor's exchange.
  is_watched.store(false, std::memory_order_release);
}

bool termination_watch::requested() const noexcept { return is_wished(); }

bool termination_watch::wait_for(std::chrono::milliseconds at_most) const {
  const detail::deadline until{at_most};
  while (!is_wished()) {
    const int left = until.left_ms();
    if (left == 0) return false;
    parking_lot{}.park(0, wish, 0, std::chrono::milliseconds{left});
  }
  return true;
}

void termination_watch::request() noexcept { wake_all(); }

void ignore_broken_pipes() noexcept { ::signal(SIGPIPE, SIG_IGN); }

}  // namespace commy::platform
