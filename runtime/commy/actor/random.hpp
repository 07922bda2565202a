// commy/actor/random.hpp: numbers that scatter, from a seed.
#pragma once

#include <cstdint>

namespace commy::actors {

/// The next number of a sequence. Source: Steele, Lea, Flood, "Fast splittable
/// pseudorandom number generators", OOPSLA 2014 (splitmix64).
constexpr std::uint64_t next_random(std::uint64_t& state) noexcept {
  state += 0x9e3779b97f4a7c15U;
  auto z = state;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

}  // namespace commy::actors
