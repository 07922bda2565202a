#include <commy/base/units.hpp>

#include <catch2/catch_test_macros.hpp>

using namespace commy::literals;

TEST_CASE("sizes are written with their unit") {
  CHECK(1_KiB == 1024);
  CHECK(3_MiB == 3'145'728);
  CHECK(1_GiB == 1024_MiB);
  CHECK(1_TiB == 1024_GiB);
}

TEST_CASE("align_up goes to the next multiple, and stays on one") {
  CHECK(commy::align_up(0, 64) == 0);
  CHECK(commy::align_up(1, 64) == 64);
  CHECK(commy::align_up(64, 64) == 64);
  CHECK(commy::align_up(65, 64) == 128);
}
