#include "modules/gateway/process_table.hpp"

#include "modules/gateway/json_text.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using commy::participant_report;
using commy::process_event;
using commy::gateway::process_table;
using commy::host::child_state;
using state = participant_report::state_kind;

participant_report attached(std::string name, std::uint32_t pid,
                            state how = state::alive,
                            std::chrono::nanoseconds age = 40ms) {
  return {.segment = "demo/pulse",
          .name = std::move(name),
          .slot = 1,
          .pid = pid,
          .generation = 1,
          .state = how,
          .beats = true,
          .age = age,
          .since = 1s};
}

std::string text_of(const commy::dynamic_value& rows) {
  std::string text;
  commy::gateway::append_json(text, rows);
  return text;
}

bool has(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a child process and its participant are one row") {
  process_table table;
  const std::vector children{
      child_state{.name = "sampler", .pid = 7, .restarts = 2}};
  const std::vector participants{attached("sampler-program", 7)};

  const auto text = text_of(table.rows(children, participants, 5s));

  CHECK(has(text, R"({"sampler":{"name":"sampler","pid":7,"state":"alive",)"
                  R"("restarts":2,"ended":null,"ended_ms":null,)"
                  R"("heartbeat_ms":40,"segments":["demo/pulse"]}})"));
}

TEST_CASE("a killed child process says how it ended and when") {
  process_table table;
  table.note({.name = "sampler",
              .what = process_event::kind::exited,
              .pid = 7,
              .text = "killed by signal 9 (Killed)"},
             5s);
  const std::vector participants{attached("sampler", 7, state::dead)};

  SECTION("until it is back it is dead") {
    const std::vector children{child_state{.name = "sampler"}};
    const auto text = text_of(table.rows(children, participants, 6s));
    CHECK(has(text, R"("pid":0,"state":"dead")"));
    CHECK(has(text,
              R"x("ended":"killed by signal 9 (Killed)","ended_ms":1000)x"));
    // What heartbeat still shows of its last life is no row of its own.
    CHECK_FALSE(has(text, "#7"));
  }
  SECTION("back, it is alive and has been restarted") {
    const std::vector children{
        child_state{.name = "sampler", .pid = 8, .restarts = 1}};
    const auto text = text_of(table.rows(children, participants, 6s));
    CHECK(has(text, R"("pid":8,"state":"alive","restarts":1)"));
    CHECK(has(text, R"x("ended":"killed by signal 9 (Killed)")x"));
  }
  SECTION("given up, it says so") {
    const std::vector children{
        child_state{.name = "sampler", .restarts = 5, .gave_up = true}};
    CHECK(has(text_of(table.rows(children, participants, 6s)),
              R"("state":"gave_up")"));
  }
}

TEST_CASE("a process whose heart is late is slow") {
  process_table table;
  const std::vector children{child_state{.name = "sampler", .pid = 7}};
  const std::vector participants{attached("sampler", 7, state::slow, 3s)};

  CHECK(has(text_of(table.rows(children, participants, 5s)),
            R"("state":"slow","restarts":0,"ended":null,"ended_ms":null,)"
            R"("heartbeat_ms":3000)"));
}

TEST_CASE("several attachments of one process make one row") {
  process_table table;
  auto silent = attached("host", 3);
  silent.beats = false;
  const std::vector participants{silent, attached("host", 3), silent};

  const auto text = text_of(table.rows({}, participants, 5s));

  CHECK(has(text, R"({"host#3":{"name":"host","pid":3,"state":"alive")"));
  CHECK(has(text, R"("heartbeat_ms":40,"segments":["demo/pulse","demo/pulse",)"
                  R"("demo/pulse"])"));
}

TEST_CASE("a process that left in order is no row any more") {
  process_table table;
  const std::vector participants{attached("tool", 9, state::left)};

  CHECK(text_of(table.rows({}, participants, 5s)) == "{}");
}
