#include "child.hpp"
#include "module_host.hpp"

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <fstream>
#include <string>

namespace {

namespace fs = std::filesystem;
using namespace commy::tests;
using commy::test::test_folder;

std::string all_on_port(const std::string& port, const std::string& address) {
  return R"({"allocator": {"segments": {"shop": "64MiB"}}, "heartbeat": {},)"
         R"( "auth": {"first_key": "key"}, "gateway": {"port": )" +
         port + R"(, "address": ")" + address +
         R"(", "address_file": "address"}})";
}

std::string port_in(const std::string& path) {
  std::string line;
  std::ifstream file{path};
  std::getline(file, line);
  const auto colon = line.rfind(':') + 1;
  return line.substr(colon, line.size() - colon - 1);
}

}  // namespace

TEST_CASE("a port that is taken is named, and what to do about it") {
  const test_folder folder;
  auto first = start_host(folder, all_on_port("0", "127.0.0.1"));
  REQUIRE(first);
  const auto port = port_in(folder / "address");
  const test_folder elsewhere;

  const auto why = refusal(elsewhere, all_on_port(port, "127.0.0.1"));

  INFO(why);
  CHECK(why.find("127.0.0.1:" + port) != std::string::npos);
  CHECK(why.find("gateway.port") != std::string::npos);
  // Nothing of the host that could not start is left.
  CHECK_FALSE(fs::exists(elsewhere / "segments"));
  CHECK_FALSE(fs::exists(elsewhere / "key"));
}

TEST_CASE("the port is free again as soon as a host has stopped") {
  const test_folder folder;
  std::string port;
  {
    auto first = start_host(folder, all_on_port("0", "127.0.0.1"));
    REQUIRE(first);
    port = port_in(folder / "address");
  }
  CHECK_FALSE(fs::exists(folder / "address"));

  CHECK(start_host(folder, all_on_port(port, "127.0.0.1")));
}

TEST_CASE("an address that is none of this machine's is refused") {
  const test_folder folder;
  const auto nonsense = refusal(folder, all_on_port("0", "home"));
  INFO(nonsense);
  CHECK(nonsense.find("gateway.address") != std::string::npos);

  CHECK_FALSE(refusal(folder, all_on_port("0", "192.0.2.1")).empty());
}

TEST_CASE("an IPv6 address is served and announced in brackets") {
  const test_folder folder;
  auto host = start_host(folder, all_on_port("0", "::1"));
  if (!host) SKIP("this machine has no IPv6: " + host.error().message());
  std::string line;
  std::ifstream file{folder / "address"};
  std::getline(file, line);

  CHECK(line.starts_with("http://[::1]:"));
}

TEST_CASE("after all was killed at once the next start has everything again") {
  const test_folder folder;
  std::ofstream{folder / "commy.json"}
      << manifest_text(all_on_port("0", "127.0.0.1"));
  for (int i = 0; i < 3; ++i) {
    auto host = start_child("host", folder / "segments", folder / "commy.json");
    auto user = start_child("participant", folder / "segments", "demo/shop");
    host.kill();
    user.kill();
    REQUIRE(host.wait_for(10s));
    REQUIRE(user.wait_for(10s));
  }

  auto host = start_host(folder, all_on_port("0", "127.0.0.1"));
  REQUIRE(host);
  CHECK(host->stop().late.empty());

  CHECK_FALSE(fs::exists(folder / "segments"));
  CHECK_FALSE(fs::exists(folder / "key"));
  CHECK_FALSE(fs::exists(folder / "address"));
}
