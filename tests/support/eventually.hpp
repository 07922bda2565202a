// tests/support/eventually.hpp: waiting for what others do.
#pragma once

#include <chrono>
#include <thread>

namespace commy::test {

/// Repeats `condition()` until it is true; false after a minute.
template <class Condition>
[[nodiscard]] bool eventually(const Condition& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes{1};
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace commy::test
