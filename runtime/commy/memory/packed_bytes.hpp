// commy/memory/packed_bytes.hpp: bytes that share words with their neighbours.
#pragma once

#include <commy/memory/image.hpp>
#include <commy/memory/transaction.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace commy::memory {

/// The words that [at, at + bytes) touches.
struct word_span {
  offset first;
  std::uint64_t words;

  [[nodiscard]] static constexpr word_span of(offset at,
                                              std::uint64_t bytes) noexcept {
    const auto first = at & ~offset{7};
    return {first, (at + bytes - first + 7) / 8};
  }
};

/// Copies bytes out by relaxed words; the caller validates afterwards, or holds
/// the lock. Requires: the whole words lie in committed data.
inline void load_bytes(const image& img, offset at, std::uint64_t bytes,
                       void* into) noexcept {
  auto* to = static_cast<std::byte*>(into);
  while (bytes > 0) {
    const auto skip = at % 8;
    const auto count = std::min<std::uint64_t>(8 - skip, bytes);
    // relaxed: see above.
    const auto word = img.word(at - skip).load(std::memory_order_relaxed);
    if (count == 8) {
      std::memcpy(to, &word, 8);
    } else {
      std::memcpy(to, reinterpret_cast<const std::byte*>(&word) + skip, count);
    }
    to += count;
    at += count;
    bytes -= count;
  }
}

/// Stores bytes by relaxed words, keeping what else lies in the first and the
/// last one. For who holds the lock, after the unit turned odd and what must be
/// undone was saved.
inline void store_bytes(const image& img, offset at, std::uint64_t bytes,
                        const void* from) noexcept {
  const auto* source = static_cast<const std::byte*>(from);
  while (bytes > 0) {
    const auto skip = at % 8;
    const auto count = std::min<std::uint64_t>(8 - skip, bytes);
    auto& shared = img.word(at - skip);
    std::uint64_t word = 0;
    if (count == 8) {
      std::memcpy(&word, source, 8);
    } else {
      word = shared.load(std::memory_order_relaxed);
      std::memcpy(reinterpret_cast<std::byte*>(&word) + skip, source, count);
    }
    shared.store(word, std::memory_order_relaxed);
    source += count;
    at += count;
    bytes -= count;
  }
}

/// The same for a value whose size is known; whole words go straight.
template <class Cell>
inline void store_cell(const image& img, offset at, const Cell& cell) noexcept {
  if constexpr (sizeof(Cell) % 8 == 0) {
    if (at % 8 == 0) {
      std::uint64_t words[sizeof(Cell) / 8];
      std::memcpy(words, &cell, sizeof cell);
      for (std::size_t i = 0; i < sizeof(Cell) / 8; ++i) {
        img.word(at + 8 * i).store(words[i], std::memory_order_relaxed);
      }
      return;
    }
  }
  store_bytes(img, at, sizeof cell, &cell);
}

/// Stores bytes whose old content comes back when the transaction is undone.
inline void change_bytes(transaction& txn, offset at, std::uint64_t bytes,
                         const void* from) {
  const auto span = word_span::of(at, bytes);
  txn.save(span.first, span.words);
  store_bytes(txn.img(), at, bytes, from);
}

/// Stores bytes over what no committed state uses.
inline void fill_bytes(transaction& txn, offset at, std::uint64_t bytes,
                       const void* from) {
  const auto span = word_span::of(at, bytes);
  txn.save_unused(span.first, span.words);
  store_bytes(txn.img(), at, bytes, from);
}

}  // namespace commy::memory
