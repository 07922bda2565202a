#include "modules/auth/refusal_log.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace std::chrono_literals;
using commy::auth::refusal_log;

TEST_CASE("a flood of refusals fills five lines, and the next says the rest") {
  refusal_log log;
  int lines = 0;
  for (int i = 0; i < 1000; ++i) {
    if (!log.note("127.0.0.1:1", "unknown", 1s + i * 1ms).empty()) ++lines;
  }
  CHECK(lines == 5);

  const auto next = log.note("127.0.0.1:1", "unknown", 12s);

  CHECK(next.find("995 refusals were not logged") != std::string::npos);
  CHECK(log.note("127.0.0.1:1", "unknown", 12s).find("not logged") ==
        std::string::npos);
}

TEST_CASE("an origin of any length makes a short line") {
  refusal_log log;
  CHECK(log.note(std::string(100'000, 'x'), "unknown", 1s).size() < 200);
}
