#include <commy/actor/actor_pool.hpp>
#include <commy/actor/cell_arena.hpp>
#include <commy/actor/shelf.hpp>
#include <commy/base/blocking.hpp>

#include <array>
#include <utility>
#include <vector>

namespace commy::actors {
namespace {

constexpr std::size_t chunk_cells = 256;  // 48 KiB

struct arena {
  blocking::mutex mutex;
  std::vector<std::unique_ptr<std::array<cell, chunk_cells>>> chunks;
  std::vector<cell*> free;
};

arena& the_arena() {
  // Never destroyed: references may be used while static objects are.
  static auto* const made = new arena;
  return *made;
}

void grow(arena& a) {
  // Room for all cells, so that release_cell() never allocates.
  a.free.reserve((a.chunks.size() + 1) * chunk_cells);
  a.chunks.push_back(std::make_unique<std::array<cell, chunk_cells>>());
  for (auto& c : *a.chunks.back())
    a.free.push_back(&c);
}

}  // namespace

cell& acquire_cell(actor_pool& pool, const actor_type& type,
                   std::unique_ptr<cell_extra> extra,
                   std::uint64_t spawn_number) {
  auto& a = the_arena();
  const std::lock_guard hold{a.mutex};
  if (a.free.empty()) grow(a);
  auto& c = *a.free.back();
  a.free.pop_back();
  c.pool = &pool;
  c.type = &type;
  c.extra = extra.release();
  c.spawn_number = spawn_number;
  c.handled.store(0, std::memory_order_relaxed);
  c.closing.store(false, std::memory_order_relaxed);
  c.phase.store(actor_phase::starting, std::memory_order_relaxed);
  return c;
}

std::unique_ptr<cell_extra> take_extra(cell& c) noexcept {
  if (c.extra == nullptr) return nullptr;
  // Others look at it in for_each_cell().
  const std::lock_guard hold{the_arena().mutex};
  return std::unique_ptr<cell_extra>{std::exchange(c.extra, nullptr)};
}

void release_cell(cell& c) noexcept {
  auto& a = the_arena();
  const std::lock_guard hold{a.mutex};
  c.pool = nullptr;
  c.type = nullptr;
  if (auto* const side = c.side.exchange(nullptr, std::memory_order_relaxed)) {
    release_shelf(*side);
  }
  c.when_full.store(overflow::reject, std::memory_order_relaxed);
  c.phase.store(actor_phase::stopped, std::memory_order_relaxed);
  c.outlet.retire(c.inlet);
  a.free.push_back(&c);
}

cell_extra& extra_of(cell& c) {
  if (c.extra == nullptr) {
    auto made = std::make_unique<cell_extra>();
    // Others look at it in for_each_cell().
    const std::lock_guard hold{the_arena().mutex};
    c.extra = made.release();
  }
  return *c.extra;
}

void for_each_cell(const system_core& system,
                   const std::function<void(const cell&)>& look) {
  auto& a = the_arena();
  const std::lock_guard hold{a.mutex};
  for (const auto& chunk : a.chunks) {
    for (const auto& c : *chunk) {
      if (c.pool != nullptr && &c.pool->system() == &system) look(c);
    }
  }
}

}  // namespace commy::actors
