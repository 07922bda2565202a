#include <commy/actor/host_loop.hpp>
#include <commy/actor/system_core.hpp>
#include <commy/actor/turn.hpp>

namespace commy::actors {
namespace {

// As in a pool of threads: a host that gives its loop a moment wants short
// turns no less than a worker does.
constexpr std::uint32_t messages_per_turn = 64;

}  // namespace

host_loop::host_loop(system_core& system)
    : actor_pool{system, kind::host, messages_per_turn, system.is_observed()},
      flag_{std::make_shared<platform::event_flag>()} {}

host_loop::turn_right::turn_right(host_loop& loop,
                                  std::chrono::nanoseconds at_most)
    : loop_{nullptr} {
  std::unique_lock hold{loop.right_mutex_};
  const auto free = [&] { return !loop.busy_; };
  if (at_most == std::chrono::nanoseconds::max()) {
    loop.right_free_.wait(hold, free);
  } else if (!loop.right_free_.wait_for(hold, at_most, free)) {
    return;
  }
  loop.busy_ = true;
  loop_ = &loop;
}

host_loop::turn_right::~turn_right() {
  if (loop_ == nullptr) return;
  const std::lock_guard hold{loop_->right_mutex_};
  loop_->busy_ = false;
  loop_->right_free_.notify_one();
}

void host_loop::schedule(cell& c) noexcept {
  const std::lock_guard hold{mutex_};
  // Without memory for it the program ends: a message has been accepted.
  // NOLINTNEXTLINE(bugprone-exception-escape)
  ready_.push_back(&c);
  if (ready_.size() != 1) return;
  flag_->set();
}

std::size_t host_loop::run_ready() noexcept {
  {
    const std::lock_guard hold{mutex_};
    running_.swap(ready_);
    // Set again by whoever is ready next.
    flag_->clear();
  }
  COMMY_POINT("host.taken");
  const auto count = running_.size();
  for (auto* const c : running_) {
    if (run_turn(*c)) schedule(*c);
  }
  running_.clear();
  turns_ += count;
  return count;
}

bool host_loop::run_until(const std::function<bool()>& met,
                          std::chrono::nanoseconds at_most) {
  const auto begun = blocking::clock::now();
  for (;;) {
    // Clears the flag: what was met before is seen behind it, what is met later
    // sets it again.
    const auto ran = run_ready();
    if (met()) return true;
    const auto left = at_most - (blocking::clock::now() - begun);
    if (left.count() <= 0) return false;
    if (ran == 0) static_cast<void>(blocking::wait_for(*flag_, left));
  }
}

}  // namespace commy::actors
