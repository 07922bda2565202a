#include "pulse_child.hpp"
#include "recorded.hpp"
#include "support/test_folder.hpp"
#include "witness_pipe.hpp"
#include <commy/platform/liveness.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <random>

using namespace pulse;
using namespace std::chrono_literals;
using commy::platform::child_process;
using commy::test::test_folder;

namespace {

struct world {
  test_folder folder;
  commy::segment segment =
      commy::segment::create("demo/pulse", {.capacity = 64U << 20U,
                                            .folder = folder.path(),
                                            .participant = "test"})
          .value();
  witness_pipe witness{folder / "witness"};

  /// At the shortest period, so that a kill often hits a sample.
  child_process start_sampler(std::vector<std::string> more = {}) {
    more.insert(more.begin(),
                {"--folder", folder.path(), "--witness", witness.path()});
    if (std::ranges::find(more, "--period") == more.end()) {
      more.insert(more.end(), {"--period", "20ms"});
    }
    return start_program(PULSE_SAMPLER, std::move(more));
  }
};

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines)
    text += line + "\n";
  return text;
}

}  // namespace

TEST_CASE("every acknowledged sample outlives twenty kills of the sampler") {
  const auto seed = static_cast<std::uint32_t>(commy::platform::random_u64());
  CAPTURE(seed);
  std::mt19937 random{seed};
  world w;
  std::uint64_t last = 0;
  for (int round = 0; round < 20; ++round) {
    CAPTURE(round);
    auto sampler = w.start_sampler();
    const auto first = w.witness.next(healthy_time);
    REQUIRE(first);
    // Numbers go on where the one before has ended; one that was committed but
    // not yet acknowledged when it was killed is skipped here.
    CHECK(*first > last);
    CHECK(*first <= last + 2);
    last = *first;
    // Some samples more, and then any moment of the next one.
    for (auto more = random() % 6; more > 0; --more) {
      last = w.witness.next(healthy_time).value();
    }
    // Every other time about when the next one is taken and written.
    const auto moment =
        std::chrono::steady_clock::now() +
        std::chrono::microseconds{round % 2 == 0 ? random() % 20'000
                                                 : 18'000 + random() % 3'000};
    while (std::chrono::steady_clock::now() < moment) {
    }
    sampler.kill();
    REQUIRE(sampler.wait_for(healthy_time) == killed);
    const auto rest = w.witness.rest();
    if (!rest.empty()) last = rest.back();

    w.segment.sweep();
    const auto left = recorded::in(w.segment);

    CHECK(joined(left.contradictions()) == "");
    for (std::uint64_t number = 1; number <= last; ++number) {
      if (!left.has(number)) FAIL("sample " << number << " is lost");
    }
  }
}

TEST_CASE("the sampler ends with code 0 when it is asked to") {
  world w;
  auto sampler = w.start_sampler();
  REQUIRE(w.witness.next(healthy_time));

  sampler.terminate();

  CHECK(sampler.wait_for(healthy_time) == exited(0));
  CHECK(w.segment.sweep() == 0);  // It has detached: nobody to be found dead.
}

TEST_CASE("without a segment the sampler says so and exits with code 4") {
  const test_folder folder;
  auto sampler = start_program(PULSE_SAMPLER, {"--folder", folder.path()});

  CHECK(sampler.wait_for(healthy_time) == exited(4));
}

TEST_CASE("wrong arguments of the sampler are exit code 2") {
  world w;
  for (const auto& wrong : {"--period=5ms", "--keep=0", "--nothing"}) {
    CAPTURE(wrong);
    auto sampler = w.start_sampler({wrong, "--period", "20ms"});
    CHECK(sampler.wait_for(healthy_time) == exited(2));
  }
}
