#include "pulse/sampler/recorder.hpp"

#include "support/test_folder.hpp"

#include <catch2/catch_test_macros.hpp>

#include <map>

using namespace pulse;
using commy::test::in_folder;
using commy::test::test_folder;

namespace {

struct world {
  test_folder folder;
  commy::segment segment =
      commy::segment::create("demo/pulse", in_folder(folder)).value();
};

/// A sample in which every value is its number.
measurement made_of(std::uint64_t number, std::vector<std::string> names) {
  measurement made;
  made.sample.point.number = number;
  made.sample.point.cpu_percent = static_cast<double>(number);
  made.sample.top_count = 1;
  made.sample.top[0].pid = static_cast<std::uint32_t>(number);
  made.values.emplace_back("sample.number", static_cast<double>(number));
  for (auto& name : names) {
    made.values.emplace_back(std::move(name), static_cast<double>(number));
  }
  return made;
}

std::map<std::string, double> values_in(commy::segment& segment) {
  const auto now = segment.open<now_map>(now_name).value();
  std::map<std::string, double> values;
  auto entries = now.read().value();
  for (const auto& [name, value] : entries)
    values[std::string{name}] = value;
  return values;
}

}  // namespace

TEST_CASE("a recorded sample is in all objects, under one version") {
  world w;
  auto out = recorder::open(w.segment, 10).value();

  out.record(made_of(1, {"cpu.total"})).value();

  CHECK(values_in(w.segment) ==
        std::map<std::string, double>{{"sample.number", 1}, {"cpu.total", 1}});
  const auto history = w.segment.open<history_deque>(history_name).value();
  CHECK(history.size().value() == 1);
  CHECK(history.back().value().number == 1);
  const auto top = w.segment.open<top_box>(top_name).value().get().value();
  CHECK(top.number == 1);
  CHECK(top.count == 1);
  CHECK(top.list[0].pid == 1);
}

TEST_CASE("names that a sample no longer has are erased from `now`") {
  world w;
  auto out = recorder::open(w.segment, 10).value();
  out.record(made_of(1, {"process.7.cpu_percent", "cpu.total"})).value();

  out.record(made_of(2, {"process.8.cpu_percent", "cpu.total"})).value();

  CHECK(values_in(w.segment) ==
        std::map<std::string, double>{{"sample.number", 2},
                                      {"cpu.total", 2},
                                      {"process.8.cpu_percent", 2}});
}

TEST_CASE("the history keeps as many samples as it was told") {
  world w;
  auto out = recorder::open(w.segment, 5).value();
  for (std::uint64_t n = 1; n <= 12; ++n)
    out.record(made_of(n, {})).value();

  const auto history = w.segment.open<history_deque>(history_name).value();
  CHECK(history.size().value() == 5);
  CHECK(history.front().value().number == 8);
  CHECK(history.back().value().number == 12);
}

TEST_CASE("a second recorder goes on where the first has ended") {
  world w;
  {
    auto first = recorder::open(w.segment, 100).value();
    CHECK(first.next_number() == 1);
    for (std::uint64_t n = 1; n <= 40; ++n) {
      first.record(made_of(n, {"process.1.cpu_percent"})).value();
    }
  }

  // Told to keep less, it drops the surplus in steps that fit a journal.
  auto second = recorder::open(w.segment, 4).value();
  REQUIRE(second.next_number() == 41);
  second.record(made_of(41, {"cpu.total"})).value();
  second.record(made_of(42, {"cpu.total"})).value();

  const auto history = w.segment.open<history_deque>(history_name).value();
  CHECK(history.size().value() == 4);
  CHECK(history.back().value().number == 42);
  CHECK(values_in(w.segment) == std::map<std::string, double>{
                                    {"sample.number", 42}, {"cpu.total", 42}});
}

TEST_CASE("the most values a sample can have fit one transaction") {
  world w;
  auto out = recorder::open(w.segment, 6000).value();
  const auto names = [](std::uint64_t from) {
    std::vector<std::string> made;
    for (std::uint64_t i = 0; i < PULSE_CPUS; ++i) {
      made.push_back("cpu." + std::to_string(i));
    }
    for (std::uint64_t i = 0; i < 4 * proc::max_devices; ++i) {
      made.push_back("net.a-long-name-" + std::to_string(i) + ".rx_per_s");
    }
    for (std::uint64_t i = 0; i < PULSE_TOP; ++i) {
      made.push_back("process." + std::to_string(from + i) + ".cpu_percent");
    }
    return made;
  };

  for (std::uint64_t n = 1; n <= 100; ++n) {
    out.record(made_of(n, names(1'000'000 + 8 * n))).value();
  }

  CHECK(values_in(w.segment).size() ==
        1 + PULSE_CPUS + 4 * proc::max_devices + PULSE_TOP);
}

TEST_CASE("objects of another type are refused by name") {
  world w;
  w.segment.create<commy::shared_box<double>>(history_name).value();

  const auto out = recorder::open(w.segment, 10);

  REQUIRE_FALSE(out);
  CHECK(out.error() == commy::open_error::type_mismatch);
}
