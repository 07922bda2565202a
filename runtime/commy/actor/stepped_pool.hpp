// commy/actor/stepped_pool.hpp: actors that run when a test says so.
#pragma once

#include <commy/actor/actor_pool.hpp>
#include <commy/base/blocking.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace commy::actors {

/// Runs one message of one actor at a time on the thread that calls `step`.
/// Which of those that are ready is next is drawn by a seed: the same seed and
/// the same messages give the same order, another seed another one that may
/// happen just as well. Threads: `schedule` any, `step` one at a time.
class stepped_pool final : public actor_pool {
public:
  /// `seed` 0: first come, first served.
  stepped_pool(system_core& system, std::uint64_t seed) noexcept;

  void schedule(cell& c) noexcept override;
  void stop() noexcept override {}

  /// False when no actor is ready.
  bool step() noexcept;
  /// A silent actor gets no turn until it may speak again.
  void silence(cell& c, bool silent);
  void wake_all() noexcept;

private:
  [[nodiscard]] cell* next() noexcept;

  blocking::mutex mutex_;
  std::vector<cell*> ready_;
  std::vector<const cell*> silent_;
  std::vector<cell*> held_;  // Silent ones that would be ready.
  std::uint64_t random_;
};

}  // namespace commy::actors
