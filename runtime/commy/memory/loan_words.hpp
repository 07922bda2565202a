// commy/memory/loan_words.hpp: the steps of a loan block's word.
#pragma once

#include <commy/memory/slabs.hpp>

#include <array>
#include <cstdint>

namespace commy::memory {

/// The life of a loan block; `a` and `b` are participants:
///
///     FREE(g) -> OWNED(a, g+1) -> FREE(g+2)
///                OWNED(a, g) -> IN_RING(b, g+1) -> OWNED(b, g+1)
///                               IN_RING(b, g+1) -> FREE(g+2)
///                               IN_RING(b, g+1) -> OWNED(a, g+2)  sent back
///                OWNED(a, g) -> IN_TOPIC(t, g+1) -> FREE(g+2)
///                OWNED(a, g) -> RESERVED(lane, g+1) -> LIVE(g+1) -> FREE(g+2)
///                               RESERVED(lane, g+1) -> OWNED(a, g+2)  undone
///                OWNED(a, g) -> CACHED(a, g+1) -> OWNED(a, g+1)
///                               CACHED(a, g+1) -> FREE(g+2)
///
/// `t` is a topic's number; who reads the block then says loan_holders.hpp.
/// Each hand-over has a generation of its own, so a handle that somebody kept
/// from an earlier one never names the block again. A step from OWNED or CACHED
/// is the owner's own, a plain store: nobody else moves such a word but the
/// sweep of a dead owner. CACHED is a lane's, see recent_loans.hpp. Every other
/// step is one compare-and-swap from a whole word, hence done once, whoever
/// repeats it.
[[nodiscard]] constexpr block_word owned_by(slot_index who,
                                            std::uint64_t generation) noexcept {
  return block_word::make(block_state::owned, who + 1, generation);
}
[[nodiscard]] constexpr block_word in_ring_of(
    slot_index who, std::uint64_t generation) noexcept {
  return block_word::make(block_state::in_ring, who + 1, generation);
}

[[nodiscard]] constexpr block_word cached_by(
    slot_index who, std::uint64_t generation) noexcept {
  return block_word::make(block_state::cached, who + 1, generation);
}

/// Requires: `topic` is not 0.
[[nodiscard]] constexpr block_word in_topic_of(
    std::uint32_t topic, std::uint64_t generation) noexcept {
  return block_word::make(block_state::in_topic, topic, generation);
}

/// Steps a loan's word from `from` to `to`; false when it was not `from`.
/// seq_cst: [hand-over]. The step into a ring, a full fence and the sender's
/// look at the reader's tag pair with a sweep's store of that tag and its look
/// at this word; release and acquire, which this includes, carry the block's
/// bytes along.
inline bool step_loan(const image& img, const block_place& place,
                      block_word from, block_word to) noexcept {
  return img.word(place.word)
      .compare_exchange_strong(from.raw, to.raw, std::memory_order_seq_cst,
                               std::memory_order_relaxed);
}

/// Frees a loan whose word is `from`; false when it is not any more.
inline bool free_loan(const image& img, const block_place& place,
                      block_word from) noexcept {
  if (!step_loan(img, place, from, from.freed())) return false;
  note_free(img, place);
  return true;
}

/// A step of the owner's own, from OWNED or CACHED; false when somebody has
/// scribbled over the word: then the block is lost.
inline bool step_own_loan(const image& img, const block_place& place,
                          block_word from, block_word to) noexcept {
  auto& word = img.word(place.word);
  // relaxed: nobody else moves it.
  if (word.load(std::memory_order_relaxed) != from.raw) return false;
  // release: with the block's bytes, for whoever gets it; [hand-over].
  word.store(to.raw, std::memory_order_release);
  return true;
}

/// What ends each loan block.
struct loan_tail {
  // Which subscribers of a topic hold it: holder_word of loan_holders.hpp.
  std::array<shared_u64, 2> holders;
  shared_u64 note;  // {type 32, bytes 32} of what it was lent for.
};
static_assert(sizeof(loan_tail) == 24);

/// A loan block has room for its tail and something more; a smaller one is what
/// somebody has scribbled into a page word.
[[nodiscard]] constexpr bool has_tail(const block_place& place) noexcept {
  return place.bytes > sizeof(loan_tail);
}
/// Requires: `has_tail(place)`.
[[nodiscard]] inline loan_tail& tail_of(const image& img,
                                        const block_place& place) noexcept {
  return *reinterpret_cast<loan_tail*>(
      img.bytes(place.block + place.bytes - sizeof(loan_tail)));
}
/// The last word of the tail.
[[nodiscard]] inline shared_u64& loan_note(const image& img,
                                           const block_place& place) noexcept {
  return tail_of(img, place).note;
}

}  // namespace commy::memory
