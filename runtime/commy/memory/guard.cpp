#include <commy/memory/guard.hpp>

#include <algorithm>
#include <utility>

namespace commy::memory {
namespace {

void lower(engine& owner, offset root, shared_u64& cell) noexcept {
  // release, pairs with the acquire load in find_guard(): our reads are done.
  cell.store(0, std::memory_order_release);
  fence::full();  // Dekker with transaction::wait_for_guards().
  const lock_word now{
      owner.img().root_at(root).lock.load(std::memory_order_relaxed)};
  if (!now.locked() || !now.guarded() || now.lane_plus_one() == 0) return;
  const auto holder = now.lane_plus_one() - 1;
  if (auto* const record = owner.img().lane(holder)) {
    owner.system().unpark(holder, record->park);
  }
}

}  // namespace

result<read_guard, read_error> read_guard::hold(
    const std::shared_ptr<engine>& owner, offset root, std::uint64_t generation,
    engine::clock::time_point deadline) {
  if (!owner->usable()) return unexpected{read_error::detached};
  auto& object = owner->img().root_at(root);
  const auto* const open = owner->open_transaction();
  shared_u64* cell = nullptr;
  if (open == nullptr || !open->holds(root)) {
    lane* mine = nullptr;
    try {
      mine = &owner->my_lane();
    } catch (const write_failed& failed) {
      return unexpected{read_error::busy, failed.why.message()};
    }
    const auto free =
        std::ranges::find_if(mine->record->guards, [](const shared_u64& c) {
          // relaxed: the own lane's cell.
          return c.load(std::memory_order_relaxed) == 0;
        });
    if (free == mine->record->guards.end()) {
      return unexpected{read_error::busy,
                        "this thread holds eight read guards already"};
    }
    cell = &*free;
    // relaxed: the own lane's cells. One that names this object keeps writers
    // off already, also one who waits for it; one that names a later object
    // may be waited for.
    const auto any_guard = [&](auto&& is) {
      return std::ranges::any_of(mine->record->guards, [&](const auto& c) {
        return is(c.load(std::memory_order_relaxed));
      });
    };
    const bool guarded = any_guard([&](offset at) { return at == root; });
    const bool only_tries =
        open != nullptr || any_guard([&](offset at) { return at > root; });
    if (guarded) cell->store(root, std::memory_order_relaxed);
    while (!guarded) {
      cell->store(root, std::memory_order_relaxed);
      fence::full();  // Dekker with transaction::wait_for_guards().
      // acquire, pairs with [unlock]: the last writer's bytes.
      lock_word now{object.lock.load(std::memory_order_acquire)};
      if (!now.locked()) {
        if (now.guarded() ||
            object.lock.compare_exchange_strong(
                now.raw, now.raw | lock_word::guarded_bit,
                std::memory_order_acq_rel, std::memory_order_relaxed)) {
          break;
        }
        continue;
      }
      lower(*owner, root, *cell);
      if (only_tries || engine::clock::now() >= deadline) {
        return unexpected{read_error::busy, owner->holder_text(now)};
      }
      if (const auto why = owner->await_writer(root, deadline)) {
        return unexpected{*why, owner->holder_text(now)};
      }
    }
  }
  read_guard made{owner, root, cell};
  // relaxed: it stands still under the guard.
  if (object.generation.load(std::memory_order_relaxed) != generation) {
    return unexpected{read_error::removed};
  }
  return made;
}

read_guard::read_guard(read_guard&& other) noexcept
    : owner_{std::move(other.owner_)},
      img_{other.img_},
      root_{other.root_},
      content_{other.content_},
      cell_{std::exchange(other.cell_, nullptr)} {}

read_guard::~read_guard() {
  if (cell_ != nullptr && owner_->usable()) lower(*owner_, root_, *cell_);
}

}  // namespace commy::memory
