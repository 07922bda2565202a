// commy/memory/topic_object.hpp: how a topic comes into a segment, and goes.
#pragma once

#include <commy/memory/directory.hpp>
#include <commy/memory/topic_cells.hpp>

#include <cstdint>

namespace commy::memory {

/// Bytes for a new topic, inside the transaction that makes its root: those of
/// a removed topic of that depth, else fresh ones. Requires: the directory's
/// lock; a depth that is a power of two from 2 to `topic_depth_max`. Throws as
/// `transaction::take`.
void initialise_topic(transaction& txn, root& object, std::uint32_t depth,
                      topic_mode mode);

/// Puts a topic into the list by which sweeps find it, unless it is there; for
/// everybody who opens one, before the first use. A transaction of its own,
/// since what may still be undone must not be in a list that others walk; it
/// waits for the directory's lock also when there is nothing to do.
/// Fails with too_many_objects above `topics_max`, removed, damaged, and as any
/// write.
result<void, write_error> link_topic(engine& owner, const object_place& place);

/// Takes the bytes away from a removed topic's root: its life moves on, its
/// messages are evicted, and the bytes wait for the next topic. Those that were
/// never linked are given back. Requires: the directory's lock. Throws
/// `write_failed`.
void give_up_topic(transaction& txn, root& object);

/// The position that the next publisher claims, when nobody has scribbled.
/// Cost: a look at each cell.
[[nodiscard]] std::uint64_t next_position(const topic_view& topic) noexcept;

/// The same, found from the `tail` hint, which lags behind when a publisher was
/// killed, or is stopped, between its claim and its hint. Cost: a look at a
/// cell, and at one more for each such claim; for a useless hint, at each.
[[nodiscard]] std::uint64_t claimed_end(const topic_view& topic) noexcept;

}  // namespace commy::memory
