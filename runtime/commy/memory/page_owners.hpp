// commy/memory/page_owners.hpp: which participants may own something in a page.
#pragma once

#include <commy/memory/image.hpp>

#include <cstdint>

namespace commy::memory {

/// Behind a chunk's page words lies one owners word for each page: bit b says
/// that participants whose slot is b modulo 64 may own loans or bare blocks of
/// that slab, or that bare run. So the sweep of a dead one looks at 8 bytes a
/// page (128 KiB for 1 GiB), and at the block words of its own slabs alone.
///
/// Invariant: while a word of a page names a participant (OWNED, IN_RING,
/// CACHED, RETURNED), its bit is set there. For each way into such a word:
///
///     a lane's magazine   `note_owner` when blocks come into it: scan_slab(),
///                         a new slab, put_back(). What a lane prefers may be
///                         what its last lease left, and what is freed a
///                         topic's message or an object's content.
///     a bare run          `note_owner` before the page word is stored
///     IN_RING(reader)     `note_owner` for the reader, before the block's step
///     all other steps     between words that name the same participant
///
/// Bits are cleared by who ends the participant: its sweep or its own detach,
/// after the last block of the page was freed. That must not meet another
/// participant of the same bit, which trusts a bit it has seen once for as
/// long as it lives. Two stores and two looks in opposite order (Dekker):
///
///     who ends slot t                  who claims slot s, s = t modulo 64
///     1. t.sweeper = me                1. s.word = LIVE
///     full fence                       full fence
///     2. all s FREE? else clear none   2. t taken and t.sweeper set?
///     3. clear bits                       then give s up, take another slot
///     4. t.word = FREE, t.sweeper = 0  3. look at bits, set them, own blocks
///
/// One sees the other. Who ends and dies leaves its mark, so the claimers keep
/// away until somebody has swept t again; who claims and dies in between owns
/// nothing. Two who end t and s at once both see the other taken and clear
/// nothing: then, as beside a living one, a bit stays that says too much,
/// which costs a sweep of that bit a look at one slab.
///
/// A sender may set the bit of a reader that is gone, too late for its sweep:
/// then its look at the reader's tag, or the sweep of the sender, takes the
/// block out of the ring, see [hand-over] in loan_words.hpp.
[[nodiscard]] constexpr std::uint64_t owner_bit(slot_index slot) noexcept {
  return std::uint64_t{1} << (slot % 64);
}

/// Says that `slot` may own something in the page from now on. Cost: one load
/// of a line that is hardly ever written.
inline void note_owner(const image& img, std::uint64_t page,
                       slot_index slot) noexcept {
  auto& owners = img.owners(page);
  const auto bit = owner_bit(slot);
  // relaxed: nobody clears the bit of a living participant, and who knows that
  // it lives has seen what was cleared before it came.
  if ((owners.load(std::memory_order_relaxed) & bit) != 0) [[likely]]
    return;
  // seq_cst: before the block's step that follows, for everybody.
  owners.fetch_or(bit, std::memory_order_seq_cst);
}

/// True when no other slot with this one's bit is taken. Requires: the caller
/// has marked `slot` as being ended, unless nobody else uses the image.
[[nodiscard]] bool is_alone_in_bit(const image& img, slot_index slot) noexcept;

/// True when a slot with the same bit is being ended, or was until its ender
/// died: the caller, who has just claimed `slot`, must give it up.
[[nodiscard]] bool is_bit_being_cleared(const image& img,
                                        slot_index slot) noexcept;

/// Where to look for what a participant owns.
enum class owner_search : std::uint8_t {
  noted,  // In pages that have its bit.
  all,    // Everywhere: for images whose bytes may lie.
};

/// What is given back: everything, or bare blocks alone (a detach: loans have
/// handles that keep the engine, and what lies in a ring its sender frees).
enum class owned_kinds : std::uint8_t { all, bare };

/// Frees what `of` owns, and clears its bits where it owns nothing any more.
/// Pure: works on the bytes alone and may be interrupted anywhere and run again
/// from the start. Requires: `of` is dead or detaching, and marked as being
/// ended. Returns how many blocks and runs. Cost: a look at each page's owners
/// word, and at each block word of the slabs that have its bit.
std::uint32_t free_owned(const image& img, slot_index of, owned_kinds kinds,
                         owner_search where) noexcept;

}  // namespace commy::memory
