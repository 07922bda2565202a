#include "scratch_folder.hpp"
#include <commy/host/host_lock.hpp>
#include <commy/platform/liveness.hpp>

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <fstream>

using commy::host::host_lock;
using commy::host::host_lock_error;

TEST_CASE("a tenant has one host, and the second learns which") {
  const scratch_folder scratch;
  const auto folder = scratch / "segments";
  {
    auto first = host_lock::take(folder, "demo");
    REQUIRE(first);
    const auto second = host_lock::take(folder, "demo");
    REQUIRE_FALSE(second);
    CHECK(second.error() == host_lock_error::held);
    const auto pid = std::to_string(commy::platform::this_process().pid);
    CHECK(second.error().message().find("the host with pid " + pid) !=
          std::string::npos);
    CHECK(host_lock::take(folder, "other"));
  }
  CHECK(host_lock::take(folder, "demo"));
}

TEST_CASE("a host that ends in order leaves nothing behind") {
  const scratch_folder scratch;
  const auto folder = scratch / "segments";
  {
    const auto taken = host_lock::take(folder, "demo").value();
  }
  CHECK_FALSE(std::filesystem::exists(folder));
}

TEST_CASE("what a killed host leaves behind stops nobody") {
  const scratch_folder scratch;
  const auto folder = scratch / "segments";
  std::filesystem::create_directories(folder + "/.hosts");
  std::ofstream{folder + "/.hosts/demo"} << "something longer than a pid";
  CHECK(host_lock::take(folder, "demo"));
}

TEST_CASE("a folder that cannot be used is named") {
  const scratch_folder scratch;
  std::ofstream{scratch / "file"} << "x";
  const auto refused = host_lock::take(scratch / "file", "demo");
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == host_lock_error::refused);
  CHECK(refused.error().message().find("file") != std::string::npos);
}
