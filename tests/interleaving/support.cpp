#include "support.hpp"

#include <commy/base/log.hpp>
#include <commy/platform/thread_hint.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <optional>

namespace interleaving_tests {
namespace {

// All scenarios together take six seconds of a core with this many, and some
// ten with AddressSanitizer; 100'000 are for changes of the protocols.
#if defined(__SANITIZE_ADDRESS__)
constexpr std::uint64_t usual_seeds = 500;
#else
constexpr std::uint64_t usual_seeds = 1'000;
#endif

std::optional<std::uint64_t> number_from(const char* variable) {
  const auto* const said = std::getenv(variable);
  if (said == nullptr) return std::nullopt;
  return std::strtoull(said, nullptr, 10);
}

void require_well(const run_result& result) {
  INFO(result.problem);
  REQUIRE(result.problem.empty());
}

}  // namespace

void explore(time_is how, const std::function<void()>& scenario) {
  // Dead letters are counted by the scenarios.
  commy::set_log_level(commy::log_level::off);
  const bool passes = how == time_is::passing;
  if (const auto seed = number_from("COMMY_INTERLEAVING_SEED")) {
    const auto result = run({.seed = *seed, .time_passes = passes}, scenario);
    std::cerr << result.steps << " steps, hash " << result.hash << result.trace
              << '\n';
    return require_well(result);
  }
  const auto count =
      number_from("COMMY_INTERLEAVING_SEEDS").value_or(usual_seeds);
  for (std::uint64_t seed = 1; seed <= count; ++seed)
    require_well(run({.seed = seed, .time_passes = passes}, scenario));
}

void crew::add(std::string name, std::function<void()> work) {
  threads_.push_back(std::make_unique<commy::blocking::thread>(
      [name = std::move(name), work = std::move(work)] {
        commy::platform::name_this_thread(name);
        work();
      }));
}

void crew::join() {
  for (auto& t : threads_)
    t->join();
  threads_.clear();
}

}  // namespace interleaving_tests
