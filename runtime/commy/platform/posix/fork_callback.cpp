#include <commy/platform/fork_callback.hpp>

#include <gsl/gsl>

#include <pthread.h>

#include <atomic>
#include <mutex>
#include <vector>

namespace commy::platform {
namespace {

struct entry {
  int id;
  void (*callback)(void*);
  void* context;
};

struct registry {
  // Held across fork, so that the child finds the entries in one piece.
  std::mutex mutex;
  std::vector<entry> entries;
  int last_id = 0;
};

std::atomic<std::uint32_t> forks{0};

registry& the_registry() {
  // Never destroyed: a fork may come while static objects are torn down.
  static auto& only = *new registry;
  return only;
}

void before_fork() { the_registry().mutex.lock(); }
void in_parent() { the_registry().mutex.unlock(); }

void in_child() {
  // relaxed: the child has one thread, this one.
  forks.fetch_add(1, std::memory_order_relaxed);
  auto& all = the_registry();
  for (const auto& each : all.entries)
    each.callback(each.context);
  all.mutex.unlock();
}

/// Asks for the three hooks, once; they stay for the life of the process.
void hook_fork() {
  static const int error = ::pthread_atfork(before_fork, in_parent, in_child);
  // Only out of memory: a process that cannot learn of forks could keep a dead
  // parent's locks, so it must not go on.
  Ensures(error == 0);
}

}  // namespace

int on_fork_in_child(void (*callback)(void*), void* context) {
  Expects(callback != nullptr);
  hook_fork();
  auto& all = the_registry();
  const std::scoped_lock lock{all.mutex};
  all.entries.push_back({++all.last_id, callback, context});
  return all.last_id;
}

void forget_fork_callback(int id) noexcept {
  auto& all = the_registry();
  const std::scoped_lock lock{all.mutex};
  std::erase_if(all.entries, [id](const entry& e) { return e.id == id; });
}

std::uint32_t detail::fork_generation() noexcept {
  hook_fork();
  // relaxed: changes only in a child that has a single thread.
  return forks.load(std::memory_order_relaxed);
}

}  // namespace commy::platform
