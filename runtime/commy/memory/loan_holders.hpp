// commy/memory/loan_holders.hpp: who reads a block that lies in a topic.
#pragma once

#include <commy/memory/loan_words.hpp>

#include <cstdint>

namespace commy::memory {

/// Subscribers that one topic may have: the bits of both holder words.
inline constexpr std::uint32_t holders_max = 64;

/// One of the two holder words that end a loan block, for 32 subscribers each:
/// {low 31 bits of the block's generation, retired 1, holders 32}.
///
/// While a block is IN_TOPIC(t, g), subscriber s takes it by setting its bit,
/// and drops it by clearing that; the topic retires it, after which no bit is
/// set any more. Whoever then finds both words retired and empty frees it. All
/// of these are compare-and-swaps that check the generation, so nobody who
/// comes late touches a block that has another life by now. (31 bits return
/// after 2^31 lives of one block while somebody stands between two
/// instructions; and the block's own word, which a taker looks at next,
/// has 48.)
///
/// *Somebody frees it, and nobody too early.* "Retired and empty" is for ever
/// true of a word, within a generation, once it is. Whoever makes the second of
/// the two words so, by retiring it or by clearing its last bit, looks at both
/// afterwards, and finds both so: hence somebody frees. Who frees has seen both
/// so: hence nobody holds it. Two may see it at once; the block's own word,
/// with its generation, lets one of them free it. A taker may set a bit in the
/// second word while only the first is retired: it holds the block then, and
/// frees it as it drops it. tests/litmus/loan_holders.pml searches all orders.
struct holder_word {
  std::uint64_t raw = 0;

  static constexpr std::uint64_t retired_bit = std::uint64_t{1} << 32U;

  [[nodiscard]] static constexpr holder_word opened(
      std::uint64_t generation) noexcept {
    return {generation << 33U};
  }
  [[nodiscard]] constexpr bool is_of(std::uint64_t generation) const noexcept {
    return raw >> 33U == (generation & 0x7fff'ffffU);
  }
  [[nodiscard]] constexpr bool retired() const noexcept {
    return (raw & retired_bit) != 0;
  }
  [[nodiscard]] constexpr std::uint32_t bits() const noexcept {
    return static_cast<std::uint32_t>(raw);
  }
  [[nodiscard]] constexpr bool is_over(
      std::uint64_t generation) const noexcept {
    return is_of(generation) && retired() && bits() == 0;
  }
};

/// Which word subscriber `s` has its bit in, and the bit.
[[nodiscard]] constexpr unsigned holder_part(std::uint32_t s) noexcept {
  return s / 32;
}
[[nodiscard]] constexpr std::uint64_t holder_bit(std::uint32_t s) noexcept {
  return std::uint64_t{1} << (s % 32);
}

/// Each round that fails is another's success, and 64 subscribers take and drop
/// a block once each; so this many have met somebody who scribbles.
inline constexpr int holder_rounds = 1024;

/// Before the block goes IN_TOPIC(t, `generation`). relaxed: that step carries
/// it along.
inline void open_holders(const image& img, const block_place& place,
                         std::uint64_t generation) noexcept {
  for (auto& word : tail_of(img, place).holders) {
    word.store(holder_word::opened(generation).raw, std::memory_order_relaxed);
  }
}

/// Sets subscriber `s`'s bit. False when the block is retired, or another by
/// now. Cost: one compare-and-swap.
[[nodiscard]] inline bool hold(const image& img, const block_place& place,
                               std::uint64_t generation,
                               std::uint32_t s) noexcept {
  auto& word = tail_of(img, place).holders[holder_part(s)];
  // relaxed: the CAS decides.
  holder_word now{word.load(std::memory_order_relaxed)};
  for (int i = 0; i < holder_rounds; ++i) {
    if (!now.is_of(generation) || now.retired() ||
        (now.raw & holder_bit(s)) != 0) {
      return false;
    }
    // seq_cst, as all steps of these words: see the proof above.
    if (word.compare_exchange_weak(now.raw, now.raw | holder_bit(s),
                                   std::memory_order_seq_cst,
                                   std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

/// True for a block IN_TOPIC, `lies_there`, that is retired and held by nobody.
[[nodiscard]] inline bool is_unheld(const image& img, const block_place& place,
                                    block_word lies_there) noexcept {
  const auto& holders = tail_of(img, place).holders;
  const auto is_over = [&](const shared_u64& word) {
    return holder_word{word.load(std::memory_order_seq_cst)}.is_over(
        lies_there.generation());
  };
  return is_over(holders[0]) && is_over(holders[1]);
}

/// Clears the bits `mask` (bit s: subscriber s). True when nobody holds the
/// retired block any more: then the caller frees it, once, by
/// `step_loan(img, place, lies_there, lies_there.freed())`. Idempotent.
[[nodiscard]] inline bool let_go(const image& img, const block_place& place,
                                 block_word lies_there,
                                 std::uint64_t mask) noexcept {
  auto& holders = tail_of(img, place).holders;
  for (unsigned part = 0; part < 2; ++part) {
    const auto bits = mask >> (32 * part) & 0xffff'ffffU;
    holder_word now{holders[part].load(std::memory_order_relaxed)};
    for (int i = 0; i < holder_rounds && now.is_of(lies_there.generation()) &&
                    (now.raw & bits) != 0;
         ++i) {
      // seq_cst; release with it: we are done with the block's bytes.
      if (holders[part].compare_exchange_weak(now.raw, now.raw & ~bits,
                                              std::memory_order_seq_cst,
                                              std::memory_order_relaxed)) {
        break;
      }
    }
  }
  return is_unheld(img, place, lies_there);
}

/// Lets nobody take the block any more. True as for `let_go`. Idempotent.
[[nodiscard]] inline bool retire(const image& img, const block_place& place,
                                 block_word lies_there) noexcept {
  for (auto& word : tail_of(img, place).holders) {
    holder_word now{word.load(std::memory_order_relaxed)};
    for (int i = 0; i < holder_rounds && now.is_of(lies_there.generation()) &&
                    !now.retired();
         ++i) {
      if (word.compare_exchange_weak(
              now.raw, now.raw | holder_word::retired_bit,
              std::memory_order_seq_cst, std::memory_order_relaxed)) {
        break;
      }
    }
  }
  return is_unheld(img, place, lies_there);
}

}  // namespace commy::memory
