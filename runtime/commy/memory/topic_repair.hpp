// commy/memory/topic_repair.hpp: what the dead leave in topics.
#pragma once

#include <commy/memory/slabs.hpp>
#include <commy/memory/sweep.hpp>
#include <commy/memory/topic_cells.hpp>

#include <cstdint>

namespace commy::memory {

/// The block that a cell names, if it is one of this segment; else nothing.
[[nodiscard]] block_place find_published(const image& img,
                                         loan_handle handle) noexcept;

/// Frees a block that nobody holds any more: once, whoever repeats it. With a
/// lane it is kept for that one's next use. False when it is free already.
bool free_published(const image& img, const block_place& place,
                    block_word lies_there, lane* mine = nullptr) noexcept;

/// Retires the block that a cell named, and frees it if nobody holds it: then
/// 1, else 0. Idempotent. Cost: a look at its word, a compare-and-swap on each
/// holder word and one on its word.
std::uint32_t evict(const image& img, std::uint32_t topic, loan_handle handle,
                    lane* mine = nullptr) noexcept;

/// Skips the claim of a dead publisher: evicts what its cell still names from
/// the lap before, or frees the block that it had put there already; then FREE.
/// False when the cell is no longer `seen`. The caller has the kernel's word
/// that the publisher is dead. Any number may do so side by side.
bool skip_topic_claim(const image& img, const topic_view& topic,
                      topic_cell& cell, cell_word seen,
                      sweep_report& report) noexcept;

/// Evicts every message, and leaves empty cells. For a topic whose life has
/// just moved on; what a publisher is about to fill it takes out itself.
std::uint32_t drain_topic(const image& img, const topic_view& topic) noexcept;

/// Ends one subscriber: its bit in `members` and `sleeping`, then its entry.
/// Nothing when the entry is no longer `seen`. Requires: it holds no block.
void free_entry(const topic_view& topic, std::uint32_t index,
                entry_word seen) noexcept;

/// Topics in the second phase of a sweep, before `sweep_loans`: claims of
/// `dead` are skipped; what its subscriptions hold is let go; then their
/// entries are freed. Pure and restartable, as the whole sweep. Cost: a look at
/// each cell and entry of all topics; when it had subscribed to any, also at
/// each block word of the loan slabs that have its bit.
void sweep_topics(const image& img, slot_index dead, sweep_report& report,
                  owner_search where = owner_search::noted) noexcept;

/// The position that the next publisher claims, as most cells see it; cells
/// that say otherwise were scribbled over, and are made empty ones of the lap
/// they should have. Always leaves a sound topic. Cost: a look at each cell,
/// and memory for their number. Throws std::bad_alloc.
std::uint64_t mend_topic(const image& img, const topic_view& topic,
                         std::uint64_t& mended);

}  // namespace commy::memory
