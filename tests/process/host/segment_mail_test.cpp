#include "../../unit/host/collector.hpp"
#include "../../unit/host/read_manifest.hpp"
#include "../../unit/host/scratch_folder.hpp"
#include "event_log.hpp"
#include <commy/host/module_context.hpp>
#include <commy/host/runtime.hpp>
#include <commy/memory/segment.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

using namespace std::chrono_literals;

namespace {

number_queue numbers;  // What the plugin has made of the loans.

// Owns the segment "demo/numbers" and lets the host serve it.
class holder : public commy::host_module {
public:
  commy::result<void, commy::module_error> configure(
      const commy::option_values&, commy::module_context& context) override {
    context_ = &context;
    return {};
  }
  commy::result<void, commy::module_error> start() override {
    context_->actors().spawn<collector>("collector", numbers);
    shared_ = commy::segment::create("demo/numbers", where()).value();
    context_->serve(*shared_).value();
    return {};
  }
  commy::result<void, commy::module_error> stop(
      std::chrono::steady_clock::time_point) override {
    left_bytes = shared_->statistics().live_bytes;
    shared_.reset();
    commy::segment::remove("demo/numbers", where()).value();
    std::filesystem::remove(context_->segment_folder() + "/demo");
    return {};
  }
  static std::unique_ptr<host_module> make() {
    return std::make_unique<holder>();
  }
  static inline std::uint64_t left_bytes = 0;

private:
  commy::segment_options where() const {
    commy::segment_options options;
    options.folder = context_->segment_folder();
    options.capacity = 64ULL << 20U;
    return options;
  }
  commy::module_context* context_ = nullptr;
  std::optional<commy::segment> shared_;
};

constexpr std::array modules{
    commy::module_description{.name = "holder", .make = &holder::make}};

}  // namespace

TEST_CASE("a process hands loans to a plugin's actor, and alarms to the host") {
  const scratch_folder scratch;
  const auto reading = read_manifest(
      R"({"name": "test", "tenant": "demo", "modules": {"holder": {}},
          "plugins": [{"id": "test_good", "path": "good.so",
                       "actors": {"echo": "test.echo"}}],
          "processes": {"sender": {"program": "host_child",
                                   "arguments": ["send"]}}})",
      modules);
  INFO(reading.text());
  REQUIRE(reading.value);
  number_queue alarms;
  auto host = commy::runtime::start(
      *reading.value, modules,
      {.segment_folder = scratch / "segments",
       .program_folders =
           {std::filesystem::path{COMMY_TEST_CHILD}.parent_path().string()},
       .plugin_folders = {COMMY_TEST_PLUGINS}});
  INFO((host ? "" : host.error().message()));
  REQUIRE(host);
  const auto held =
      host->events().alarms.subscribe([&](const commy::alarm_event& event) {
        if (event.what == "numbers") {
          alarms.push(static_cast<std::int64_t>(event.value));
        }
      });
  for (std::int64_t number = 1; number <= 100; ++number) {
    REQUIRE(numbers.next() == number);
  }
  CHECK(alarms.next() == 99);
  CHECK(host->stop().late.empty());
  // Of the loans, none is left; the table of names is.
  CHECK(holder::left_bytes < 64 * 1024);
  CHECK_FALSE(std::filesystem::exists(scratch / "segments"));
}
