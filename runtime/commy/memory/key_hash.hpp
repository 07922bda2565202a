// commy/memory/key_hash.hpp: the hash that is part of the layout version.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace commy::memory {

/// Mixes 64 bits so that each input bit reaches each output bit: the finalizer
/// of SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number
/// generators", OOPSLA 2014). The same in every compiler and process.
[[nodiscard]] constexpr std::uint64_t mix_bits(std::uint64_t x) noexcept {
  x ^= x >> 30U;
  x *= 0xbf58'476d'1ce4'e5b9U;
  x ^= x >> 27U;
  x *= 0x94d0'49bb'1331'11ebU;
  x ^= x >> 31U;
  return x;
}

/// Of an integer, enum or bool, zero-extended to 64 bits.
[[nodiscard]] constexpr std::uint64_t hash_bits(std::uint64_t seed,
                                                std::uint64_t bits) noexcept {
  return mix_bits(bits ^ seed);
}

/// Of a text: 8 bytes a step, its length last. The seed is random for each
/// object, so that nobody can prepare keys that collide. Source of the scheme:
/// a Merkle-Damgard chain over `mix_bits`.
[[nodiscard]] inline std::uint64_t hash_text(std::uint64_t seed,
                                             std::string_view text) noexcept {
  auto state = seed;
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i, 8);
    state = mix_bits(state ^ word) + 0x9e37'79b9'7f4a'7c15U;
  }
  std::uint64_t tail = 0;
  if (i < text.size()) std::memcpy(&tail, text.data() + i, text.size() - i);
  return mix_bits(mix_bits(state ^ tail) ^ text.size());
}

}  // namespace commy::memory
