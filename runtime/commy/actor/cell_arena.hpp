// commy/actor/cell_arena.hpp: where cells come from, and go back to.
#pragma once

#include <commy/actor/cell.hpp>
#include <commy/actor/cell_extra.hpp>

#include <functional>
#include <memory>

namespace commy::actors {

/// Takes a cell for a new actor: closed, with the fields that others may look
/// at already set. The caller opens its mailbox. Threads: any. Cost: one lock
/// that hardly anybody else wants; every 256th time the depot's, and at times
/// an allocation. Throws `std::bad_alloc`.
///
/// The arena serves the whole process and never gives memory back to the
/// system: a reference must stay safe to use after its actor and even its
/// actor system are gone. It holds as many cells as there ever were actors at
/// one moment, 192 bytes each, and up to 512 more for each thread that spawns
/// or ends actors, of 16 at most.
cell& acquire_cell(actor_pool& pool, const actor_type& type,
                   std::unique_ptr<cell_extra> extra,
                   std::uint64_t spawn_number);

/// Ends the cell's generation, so that handles to it are stale, and takes it
/// back. Requires: mailbox closed and drained, extra taken. Owner only.
void release_cell(cell& c) noexcept;
/// What belonged to an actor that ends, to be freed by the caller; null if
/// nothing did. Owner only.
std::unique_ptr<cell_extra> take_extra(cell& c) noexcept;
/// The extra of a living actor, made if it has none. Owner only. Throws
/// `std::bad_alloc`.
cell_extra& extra_of(cell& c);

/// Calls `look` for each actor of `system`, none of which is released
/// meanwhile. `look` must not spawn or stop actors. Cost: a walk over all cells
/// under all locks of the arena.
void for_each_cell(const system_core& system,
                   const std::function<void(const cell&)>& look);

}  // namespace commy::actors
