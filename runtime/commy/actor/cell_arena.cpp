#include <commy/actor/actor_pool.hpp>
#include <commy/actor/cell_arena.hpp>
#include <commy/actor/shelf.hpp>
#include <commy/base/blocking.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace commy::actors {
namespace {

// Cells that go between a shard and the depot at a time; as many are new at a
// time, 48 KiB of them.
constexpr std::size_t batch_cells = 256;
using batch = std::array<cell, batch_cells>;
// More threads than these share. As many as a machine's cores mostly are; what
// lies idle in all of them is 16 * 512 cells, 1.5 MiB.
#ifndef COMMY_INTERLEAVING
constexpr std::size_t shard_count = 16;
#else
// Which thread has which depends on the threads before, and a run must not.
constexpr std::size_t shard_count = 1;
#endif

/// Free cells near a thread, so that workers which spawn and stop side by side
/// do not wait for each other. Who looks at all cells holds all locks.
struct alignas(64) shard {
  blocking::mutex mutex;
  std::vector<cell*> free;  // At most two batches.
};

struct arena {
  std::array<shard, shard_count> shards;
  // Of what follows; taken by who holds a shard's.
  blocking::mutex mutex;
  std::vector<std::unique_ptr<batch>> batches;
  std::vector<cell*> free;
};

/// New cells. Requires: the lock of both. Throws `std::bad_alloc`.
void grow(arena& a, shard& s) {
  // Room for all cells, so that release_cell() never allocates.
  const auto all = (a.batches.size() + 1) * batch_cells;
  if (a.free.capacity() < all) a.free.reserve(2 * all);
  a.batches.push_back(std::make_unique<batch>());
  for (auto& c : *a.batches.back())
    s.free.push_back(&c);
}

arena& the_arena() {
  // Never destroyed: references may be used while static objects are.
  static auto* const made = [] {
    auto* const a = new arena;
    for (auto& s : a->shards)
      s.free.reserve(2 * batch_cells);
    // So that no run of the interleaving tests differs from the next by it.
    grow(*a, a->shards.front());
    return a;
  }();
  return *made;
}

shard& my_shard() {
  static constinit std::atomic<std::size_t> next{0};
  // relaxed: numbers in turn, no more.
  thread_local const std::size_t index =
      next.fetch_add(1, std::memory_order_relaxed) % shard_count;
  return the_arena().shards[index];
}

void move_batch(std::vector<cell*>& from, std::vector<cell*>& to) noexcept {
  const auto count = std::min(from.size(), batch_cells);
  // Both have the room, so nothing is allocated.
  to.insert(to.end(), from.end() - static_cast<std::ptrdiff_t>(count),
            from.end());
  from.resize(from.size() - count);
}

/// Requires: the lock of `s`, which is empty. Throws `std::bad_alloc`.
void refill(shard& s) {
  auto& a = the_arena();
  const std::lock_guard hold{a.mutex};
  if (a.free.empty()) {
    grow(a, s);
  } else {
    move_batch(a.free, s.free);
  }
}

}  // namespace

cell& acquire_cell(actor_pool& pool, const actor_type& type,
                   std::unique_ptr<cell_extra> extra,
                   std::uint64_t spawn_number) {
  auto& near = my_shard();
  const std::lock_guard hold{near.mutex};
  if (near.free.empty()) refill(near);
  auto& c = *near.free.back();
  near.free.pop_back();
  c.pool = &pool;
  c.type = &type;
  c.extra = extra.release();
  c.spawn_number = spawn_number;
  c.handled.store(0, std::memory_order_relaxed);
  c.alarm_index.store(cell::unarmed, std::memory_order_relaxed);
  c.closing.store(false, std::memory_order_relaxed);
  c.phase.store(actor_phase::starting, std::memory_order_relaxed);
  return c;
}

std::unique_ptr<cell_extra> take_extra(cell& c) noexcept {
  if (c.extra == nullptr) return nullptr;
  // Others look at it in for_each_cell().
  const std::lock_guard hold{my_shard().mutex};
  return std::unique_ptr<cell_extra>{std::exchange(c.extra, nullptr)};
}

void release_cell(cell& c) noexcept {
  auto& near = my_shard();
  const std::lock_guard hold{near.mutex};
  c.pool = nullptr;
  c.type = nullptr;
  if (auto* const side = c.side.exchange(nullptr, std::memory_order_relaxed)) {
    release_shelf(*side);
  }
  c.when_full.store(overflow::reject, std::memory_order_relaxed);
  c.phase.store(actor_phase::stopped, std::memory_order_relaxed);
  c.outlet.retire(c.inlet);
  if (near.free.size() == 2 * batch_cells) {
    auto& a = the_arena();
    const std::lock_guard hold_depot{a.mutex};
    move_batch(near.free, a.free);
  }
  near.free.push_back(&c);
}

cell_extra& extra_of(cell& c) {
  if (c.extra == nullptr) {
    auto made = std::make_unique<cell_extra>();
    // Others look at it in for_each_cell().
    const std::lock_guard hold{my_shard().mutex};
    c.extra = made.release();
  }
  return *c.extra;
}

void for_each_cell(const system_core& system,
                   const std::function<void(const cell&)>& look) {
  auto& a = the_arena();
  // Each in its order. Who holds all keeps others from the depot as well.
  std::array<std::unique_lock<blocking::mutex>, shard_count> all;
  std::ranges::transform(a.shards, all.begin(),
                         [](shard& s) { return std::unique_lock{s.mutex}; });
  for (const auto& one : a.batches) {
    for (const auto& c : *one) {
      if (c.pool != nullptr && &c.pool->system() == &system) look(c);
    }
  }
}

}  // namespace commy::actors
