// tests/benchmark/ipc/trips.hpp: what each transport between processes is
// measured by.
#pragma once

#include "../sampling.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

namespace commy::benchmark {

/// A payload of so many bytes goes to another process and comes back, so often.
struct trip {
  std::size_t bytes = 64;
  std::uint64_t rounds = 100'000;
};
/// Round trips in ns, measured by one process on each of two cores, which write
/// all of the payload before each way and read all of it after. Nothing when
/// the transport does not work here.
using round_trip = std::optional<percentiles> (*)(trip);

/// 32-byte messages per microsecond from so many processes to one.
using one_way = std::optional<double> (*)(unsigned producers);
inline constexpr std::size_t small_words = 4;
inline constexpr std::uint64_t warm_up_messages = 100'000;
inline constexpr std::uint64_t counted_messages = 1'000'000;

/// A way to another process. Without a function that work is not compared.
struct transport {
  const char* name;
  round_trip trips = nullptr;
  one_way rate = nullptr;
};
/// The limits: a flag that both sides spin on, and one that both sleep on.
[[nodiscard]] transport bare_flag();
[[nodiscard]] transport bare_futex();
[[nodiscard]] transport pipes();
[[nodiscard]] transport unix_sockets();
[[nodiscard]] transport interprocess_queue();
// Peers that not every system has; CMakeLists.txt looks for them.
[[nodiscard]] transport iceoryx();
[[nodiscard]] transport zeromq();

inline void write_words(std::span<std::uint64_t> words,
                        std::uint64_t number) noexcept {
  for (auto& word : words)
    word = number;
}
[[nodiscard]] inline std::uint64_t sum_of(
    std::span<const std::uint64_t> words) noexcept {
  return std::accumulate(words.begin(), words.end(), std::uint64_t{0});
}

/// Times `there_and_back(i)` so many times; the first tenth is warm-up.
template <class Trip>
percentiles time_trips(std::uint64_t rounds, Trip&& there_and_back) {
  using clock = std::chrono::steady_clock;
  std::vector<double> times;
  times.reserve(rounds);
  for (std::uint64_t i = 0; i < rounds; ++i) {
    const auto begin = clock::now();
    there_and_back(i);
    const std::chrono::duration<double, std::nano> took = clock::now() - begin;
    if (i >= rounds / 10) times.push_back(took.count());
  }
  return of(times);
}

/// Calls `take()`, which waits for one or more messages and says how many they
/// were, and returns messages per microsecond.
template <class Take>
double time_taking(Take&& take) {
  using clock = std::chrono::steady_clock;
  std::uint64_t count = 0;
  while (count < warm_up_messages)
    count += take();
  count = 0;
  const auto begin = clock::now();
  while (count < counted_messages)
    count += take();
  const std::chrono::duration<double, std::micro> took = clock::now() - begin;
  return static_cast<double>(count) / took.count();
}

}  // namespace commy::benchmark
