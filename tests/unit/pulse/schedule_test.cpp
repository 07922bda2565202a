#include "pulse/sampler/schedule.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace pulse;
using namespace std::chrono_literals;
using moment = std::chrono::steady_clock::time_point;

TEST_CASE("samples that are a little late do not shift those that follow") {
  auto due = moment{1000ms};
  for (int i = 1; i <= 100; ++i) {
    // Each is taken 30 ms after its moment.
    due = next_moment(due, due + 30ms, 100ms);
    CHECK(due == moment{1000ms + i * 100ms});
  }
}

TEST_CASE("moments that have passed are left out, the beat stays") {
  CHECK(next_moment(moment{0ms}, moment{199ms}, 100ms) == moment{100ms});
  CHECK(next_moment(moment{0ms}, moment{200ms}, 100ms) == moment{200ms});
  CHECK(next_moment(moment{0ms}, moment{5030ms}, 100ms) == moment{5000ms});
}

TEST_CASE("a sampler that slept for long has one sample to make up for") {
  const auto due = next_moment(moment{0ms}, moment{5030ms}, 100ms);
  CHECK(next_moment(due, moment{5031ms}, 100ms) == moment{5100ms});
}
