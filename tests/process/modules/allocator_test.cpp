#include "child.hpp"
#include "module_host.hpp"
#include <commy/containers/shared_hash_map.hpp>
#include <commy/host/answerer.hpp>
#include <commy/host/messages/segments.hpp>

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <fstream>

namespace {

namespace fs = std::filesystem;
using namespace commy::tests;
using commy::segment;
using commy::test::test_folder;
using number_map = commy::shared_hash_map<int, int>;

const std::string one_segment =
    R"({"allocator": {"segments": {"shop": "64MiB"}}})";

commy::segment_options in(const test_folder& folder) {
  return {.folder = folder / "segments", .participant = "test"};
}

/// Lets a host die with a segment that holds one number.
void leave_a_segment(const test_folder& folder) {
  std::ofstream{folder / "commy.json"} << manifest_text(one_segment);
  auto host = start_child("host", folder / "segments", folder / "commy.json");
  {
    auto shop = segment::open("demo/shop", in(folder)).value();
    auto numbers = shop.open_or_create<number_map>("numbers").value();
    numbers.insert_or_assign(1, 42).value();
  }
  host.kill();
  REQUIRE(host.wait_for(10s));
}

std::optional<int> number_in_segment(const test_folder& folder) {
  auto shop = segment::open("demo/shop", in(folder)).value();
  const auto numbers = shop.open_or_create<number_map>("numbers").value();
  const auto found = numbers.get(1);
  return found ? std::optional{*found} : std::nullopt;
}

}  // namespace

TEST_CASE("the allocator makes the segments its options name") {
  const test_folder folder;
  auto host = start_host(
      folder,
      R"({"allocator": {"segments": {"shop": "64MiB", "bank": "128MiB"}}})");
  REQUIRE(host);

  const auto listed =
      commy::ask_module(host->actors(), commy::list_segments{}, 5s).value();

  REQUIRE(listed.size() == 2);
  for (const auto& entry : listed) {
    CHECK(entry.tenant == "demo");
    CHECK(entry.name == "demo/" + entry.service);
    const auto opened = segment::open(
        entry.name, {.folder = entry.folder, .participant = "test"});
    REQUIRE(opened);
    CHECK(opened->statistics().capacity_bytes == entry.capacity_bytes);
  }
}

TEST_CASE("a host that stops in order removes its segments and folders") {
  const test_folder folder;
  {
    auto host = start_host(folder, one_segment);
    REQUIRE(host);
    CHECK(fs::exists(folder / "segments/demo/shop/data"));
    CHECK(host->stop().late.empty());
  }
  CHECK_FALSE(fs::exists(folder / "segments"));
}

TEST_CASE("segments that are to be kept stay, and are adopted") {
  const test_folder folder;
  const std::string keeping =
      R"({"allocator": {"segments": {"shop": "64MiB"}, "keep": true}})";
  {
    auto host = start_host(folder, keeping);
    REQUIRE(host);
    auto shop = segment::open("demo/shop", in(folder)).value();
    shop.open_or_create<number_map>("numbers")
        .value()
        .insert_or_assign(1, 42)
        .value();
  }
  REQUIRE(fs::exists(folder / "segments/demo/shop/data"));

  auto next = start_host(folder, keeping);
  REQUIRE(next);

  CHECK(number_in_segment(folder) == 42);
}

TEST_CASE("what a killed host left is adopted, and its dead are swept") {
  const test_folder folder;
  leave_a_segment(folder);

  auto host = start_host(folder, one_segment);
  REQUIRE(host);

  CHECK(number_in_segment(folder) == 42);
  auto shop = segment::open("demo/shop", in(folder)).value();
  for (const auto& p : shop.participants())
    CHECK(p.alive);
}

TEST_CASE("what a killed host left is removed when the manifest says so") {
  const test_folder folder;
  leave_a_segment(folder);

  auto host =
      start_host(folder, R"({"allocator": {"segments": {"shop": "64MiB"},)"
                         R"( "leftovers": "remove"}})");
  REQUIRE(host);

  CHECK(number_in_segment(folder) == std::nullopt);
}

TEST_CASE("a leftover that somebody still has open is not removed") {
  const test_folder folder;
  leave_a_segment(folder);
  const auto user = segment::open("demo/shop", in(folder)).value();

  const auto why =
      refusal(folder, R"({"allocator": {"segments": {"shop": "64MiB"},)"
                      R"( "leftovers": "remove"}})");

  INFO(why);
  CHECK(why.find("demo/shop") != std::string::npos);
  CHECK(why.find("still open") != std::string::npos);
  CHECK(why.find("adopt") != std::string::npos);
}

TEST_CASE("a segment of another layout is refused, and nothing is lost") {
  const test_folder folder;
  leave_a_segment(folder);
  const auto data = folder / "segments/demo/shop/data";
  {
    // The layout version follows the magic.
    std::fstream file{data, std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(8);
    file.write("\x7f\x7f", 2);
  }
  const auto size = fs::file_size(data);

  const auto why = refusal(folder, one_segment);

  INFO(why);
  CHECK(why.find("demo/shop") != std::string::npos);
  CHECK(why.find("another version") != std::string::npos);
  CHECK(why.find("allocator.leftovers") != std::string::npos);
  CHECK(fs::file_size(data) == size);
}

TEST_CASE("something else in a segment's place is refused") {
  const test_folder folder;
  fs::create_directories(folder / "segments/demo/shop");
  std::ofstream{folder / "segments/demo/shop/data"} << "not a segment";
  std::ofstream{folder / "segments/demo/shop/control"} << "nor this";

  const auto why = refusal(folder, one_segment);

  INFO(why);
  CHECK(why.find("demo/shop") != std::string::npos);
  CHECK(why.find("not a segment") != std::string::npos);
  CHECK(fs::exists(folder / "segments/demo/shop/data"));
}

TEST_CASE("a file system that is too small is known before anything is made") {
  const test_folder folder;

  const auto why =
      refusal(folder, R"({"allocator": {"segments": {"shop": "64MiB"},)"
                      R"( "minimum_free": "1000TiB"}})");

  INFO(why);
  CHECK(why.find("MiB free") != std::string::npos);
  CHECK(why.find("demo/shop needs 1000TiB") != std::string::npos);
  CHECK_FALSE(fs::exists(folder / "segments/demo/shop"));
}

TEST_CASE("a size that cannot be is refused by its name") {
  const test_folder folder;
  for (const auto* const size : {"1MiB", "0B", "100MiB", "2TiB", "many"}) {
    const auto why =
        refusal(folder, R"({"allocator": {"segments": {"shop": ")" +
                            std::string{size} + "\"}}}");
    INFO(why);
    CHECK(why.find("segments.shop") != std::string::npos);
    CHECK(why.find(size) != std::string::npos);
  }
}

TEST_CASE("a second host for the same segments is told who has them") {
  const test_folder folder;
  std::ofstream{folder / "commy.json"} << manifest_text(one_segment);
  auto first = start_child("host", folder / "segments", folder / "commy.json");

  const auto why = refusal(folder, one_segment);

  INFO(why);
  CHECK(why.find(std::to_string(first.pid())) != std::string::npos);
  first.terminate();
  const auto ended = first.wait_for(10s);
  REQUIRE(ended);
  CHECK(ended->code == 0);
}
