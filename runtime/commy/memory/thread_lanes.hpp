// commy/memory/thread_lanes.hpp: which lane a thread leases in which segment.
#pragma once

#include <commy/memory/lane.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace commy {
class transaction;
}

namespace commy::memory {

class engine;
struct transaction_body;

/// One thread's leases, one for each engine that it has written through. Ends
/// with the thread and then hands the lanes back to the engines still alive.
class thread_lanes {
public:
  struct lease {
    std::uint64_t engine_id = 0;
    lane* leased = nullptr;
    transaction* open = nullptr;
    transaction_body* body = nullptr;  // Of the open transaction.
  };

  /// The calling thread's lease for an engine; an empty one is made when there
  /// is none. Cost: one thread-local load when it is the one used last.
  [[nodiscard]] static lease& mine(std::uint64_t engine_id) noexcept {
    auto* const last = recent;
    if (last != nullptr && last->engine_id == engine_id) return *last;
    return find(engine_id);
  }

  thread_lanes() = default;
  thread_lanes(const thread_lanes&) = delete;
  thread_lanes& operator=(const thread_lanes&) = delete;
  ~thread_lanes();

  /// Engines are known from attach to detach.
  static void enroll(std::uint64_t engine_id, engine* e);
  static void strike(std::uint64_t engine_id) noexcept;

private:
  static lease& find(std::uint64_t engine_id) noexcept;

  // Constant-initialised, so that reading it needs no guard.
  static constinit thread_local lease* recent;
  // A thread writes through one or two segments; a scan beats a map.
  std::vector<std::unique_ptr<lease>> leases_;
};

}  // namespace commy::memory
