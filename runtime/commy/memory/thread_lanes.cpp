#include <commy/memory/engine.hpp>
#include <commy/memory/thread_lanes.hpp>
#include <commy/platform/thread_end.hpp>

#include <algorithm>
#include <mutex>
#include <unordered_map>

namespace commy::memory {
namespace {

struct roll {
  std::mutex mutex;
  std::unordered_map<std::uint64_t, engine*> engines;
};

roll& attached() {
  // Never destroyed: threads may end while static objects are torn down.
  static auto* const made = new roll;
  return *made;
}

}  // namespace

constinit thread_local thread_lanes::lease* thread_lanes::recent = nullptr;

thread_lanes::~thread_lanes() {
  recent = nullptr;
  // Under the mutex, so that no engine goes away while it takes a lane back.
  const std::scoped_lock lock{attached().mutex};
  for (const auto& mine : leases_) {
    const auto found = attached().engines.find(mine->engine_id);
    if (found != attached().engines.end() && mine->leased != nullptr) {
      found->second->take_back(*mine->leased);
    }
  }
}

thread_lanes::lease& thread_lanes::find(std::uint64_t engine_id) noexcept {
  // Not a thread_local object: see platform/thread_end.hpp.
  // Without memory for its first write a thread ends the program.
  // NOLINTBEGIN(bugprone-unhandled-exception-at-new)
  static auto* const end = new platform::thread_end{
      [](void* mine) { delete static_cast<thread_lanes*>(mine); }};
  auto* all = static_cast<thread_lanes*>(end->get());
  if (all == nullptr) {
    all = new thread_lanes;
    // NOLINTEND(bugprone-unhandled-exception-at-new)
    // Without a slot the lanes of this thread come back when the engine ends.
    static_cast<void>(end->set(all));
  }
  auto& leases = all->leases_;
  for (auto& known : leases) {
    if (known->engine_id == engine_id) return *(recent = known.get());
  }
  // Leases of engines that are gone would pile up in a long-lived thread.
  if (leases.size() >= 16) {
    const std::scoped_lock lock{attached().mutex};
    std::erase_if(leases, [](const std::unique_ptr<lease>& old) {
      return !attached().engines.contains(old->engine_id);
    });
  }
  leases.push_back(
      std::make_unique<lease>(lease{engine_id, nullptr, nullptr, nullptr}));
  return *(recent = leases.back().get());
}

void thread_lanes::enroll(std::uint64_t engine_id, engine* e) {
  const std::scoped_lock lock{attached().mutex};
  attached().engines.emplace(engine_id, e);
}

void thread_lanes::strike(std::uint64_t engine_id) noexcept {
  const std::scoped_lock lock{attached().mutex};
  attached().engines.erase(engine_id);
}

}  // namespace commy::memory
