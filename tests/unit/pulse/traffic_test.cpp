#include "pulse/proc/traffic.hpp"

#include "pulse/proc/disks.hpp"
#include "pulse/proc/network.hpp"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace pulse::proc;
using Catch::Approx;

namespace {

std::vector<std::string> names_of(const traffic& devices) {
  std::vector<std::string> names;
  for (const auto& device : devices)
    names.push_back(device.name);
  return names;
}
using names = std::vector<std::string>;

constexpr std::string_view net_header =
    "Inter-|   Receive                                                |  "
    "Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes  "
    "  packets errs drop fifo colls carrier compressed\n";

std::string net(std::string_view lines) {
  return std::string{net_header} + std::string{lines};
}

}  // namespace

TEST_CASE("a recorded /proc/net/dev gives the bytes of real interfaces") {
  const auto found = parse_network(net(
      "    lo:    3747      37    0    0    0     0          0         0     "
      "3747      37    0    0    0     0       0          0\n"
      "  ifb0:       0       0    0    0    0     0          0         0       "
      " 0       0    0    0    0     0       0          0\n"
      "  eth0: 1422495033   29991    0    0    0     0          0         0  "
      "1477061   18350    0    0    0     0       0          0\n"));

  REQUIRE(names_of(found) == names{"eth0"});
  CHECK(found[0].in == 1422495033);
  CHECK(found[0].out == 1477061);
}

TEST_CASE("a name may touch its numbers, as on older kernels") {
  const auto found = parse_network("eth0:99 1 0 0 0 0 0 0 77 1 0 0 0 0 0 0\n");

  REQUIRE(found.size() == 1);
  CHECK(found[0].in == 99);
  CHECK(found[0].out == 77);
}

TEST_CASE("interfaces whose bytes pass another one are left out") {
  const auto found =
      parse_network(net("docker0: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"
                        "veth12ab: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"
                        "br-5f2c: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"
                        "eth0.100: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"
                        "wg0: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"
                        "wlp3s0: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"
                        "enp0s31f6: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"));

  CHECK(names_of(found) == names{"wlp3s0", "enp0s31f6"});
}

TEST_CASE("lines that are cut or hold no numbers are no interface") {
  CHECK(parse_network("eth0: 1 2 3\n").empty());
  CHECK(parse_network("eth0: a b c d e f g h i j\n").empty());
  CHECK(parse_network(": 1 1 0 0 0 0 0 0 1 1\n").empty());
  CHECK(parse_network(":\n::\n\n").empty());
}

TEST_CASE("of very many interfaces only the first are looked at") {
  std::string lines;
  for (int i = 0; i < 1000; ++i) {
    lines += "eth" + std::to_string(i) + ": 1 1 0 0 0 0 0 0 1 1 0\n";
  }
  CHECK(parse_network(lines).size() == max_devices);
}

TEST_CASE("a recorded /proc/diskstats gives the bytes of whole disks") {
  const auto found = parse_disks(
      "   7       0 loop0 40 0 80 1 0 0 0 0 0 1 1 0 0 0 0 0 0\n"
      " 254       0 vda 138632 19707 12728482 300738 721084 62353 27442504 "
      "111386 0 64640 423724 31565 45 2261960 3666 167580 7933\n"
      " 254       1 vda1 138000 19707 12728000 300738 721084 62353 27442504 "
      "111386 0 64640 423724 31565 45 2261960 3666 167580 7933\n"
      " 253       0 zram0 10 0 80 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");

  REQUIRE(names_of(found) == names{"vda"});
  CHECK(found[0].in == 12728482ULL * 512);
  CHECK(found[0].out == 27442504ULL * 512);
}

TEST_CASE("partitions are told from disks whose names end in a digit") {
  const auto found = parse_disks(
      "259 0 nvme0n1 1 0 8 0 1 0 8 0 0 0 0\n"
      "259 1 nvme0n1p1 1 0 8 0 1 0 8 0 0 0 0\n"
      "259 2 nvme0n10 1 0 8 0 1 0 8 0 0 0 0\n"
      "179 0 mmcblk0 1 0 8 0 1 0 8 0 0 0 0\n"
      "179 8 mmcblk0boot0 1 0 8 0 1 0 8 0 0 0 0\n"
      "  8 0 sda 1 0 8 0 1 0 8 0 0 0 0\n"
      "  8 1 sda1 1 0 8 0 1 0 8 0 0 0 0\n"
      " 65 0 sdaa 1 0 8 0 1 0 8 0 0 0 0\n"
      " 65 1 sdaa15 1 0 8 0 1 0 8 0 0 0 0\n"
      "253 0 dm-0 1 0 8 0 1 0 8 0 0 0 0\n");

  CHECK(names_of(found) ==
        names{"nvme0n1", "nvme0n10", "mmcblk0", "mmcblk0boot0", "sda", "sdaa"});
}

TEST_CASE("disks that were never used and cut lines are left out") {
  CHECK(parse_disks("8 0 sda 0 0 0 0 0 0 0 0 0 0 0\n").empty());
  CHECK(parse_disks("8 1 sda1 1 2 3 4\n").empty());  // Linux 2.6
  CHECK(parse_disks("8 0\n\nx y z\n").empty());
}

TEST_CASE("sectors above what 64 bits hold in bytes do not wrap") {
  const auto found =
      parse_disks("8 0 sda 1 0 18446744073709551615 0 1 0 8 0 0 0 0\n");

  REQUIRE(found.size() == 1);
  CHECK(found[0].in > std::uint64_t{1} << 63U);
}

TEST_CASE("two readings of a device give bytes per second") {
  const auto rates =
      rates_between({{"eth0", 1000, 500}}, {{"eth0", 3000, 501}}, 0.5);

  CHECK(rates.in == Approx(4000));
  CHECK(rates.out == Approx(2));
  REQUIRE(rates.each.size() == 1);
  CHECK(rates.each[0].in == Approx(4000));
}

TEST_CASE("a device that appears or vanishes moves nothing in that time") {
  const auto rates =
      rates_between({{"usb0", 1'000'000, 0}, {"eth0", 10, 10}},
                    {{"eth0", 20, 20}, {"wlan0", 999'999, 0}}, 1);

  CHECK(rates.in == Approx(10));
  CHECK(rates.each.size() == 1);
}

TEST_CASE("a counter that begins anew or wraps is no burst of bytes") {
  const auto rates = rates_between({{"eth0", 4'294'967'000, ~std::uint64_t{0}}},
                                   {{"eth0", 500, 3}}, 1);

  CHECK(rates.in == 0);
  CHECK(rates.out == 0);
}
