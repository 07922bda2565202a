#include "pulse/proc/process_times.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>
#include <string>

using namespace pulse::proc;

namespace {

std::string stat_of(std::string_view name, std::string_view pid = "25732") {
  return std::string{pid} + " (" + std::string{name} +
         ") R 25719 25719 10985 0 -1 4194304 97 0 0 0 12 30 0 0 20 0 4 0 "
         "365510 3133440 382 18446744073709551615 94755864850432 0 0 0 0 0 0 "
         "0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
}

std::string name_of(std::string_view text) {
  const auto times = parse_process_times(text);
  return times ? std::string{times->name.data()} : "(nothing)";
}

}  // namespace

TEST_CASE("a recorded /proc/<pid>/stat gives the process's times") {
  const auto times = parse_process_times(stat_of("cat"));

  REQUIRE(times);
  CHECK(times->pid == 25732);
  CHECK(times->ticks == 42);
  CHECK(times->thread_count == 4);
  CHECK(times->started_ticks == 365510);
  CHECK(std::string_view{times->name.data()} == "cat");
}

TEST_CASE("a process's name may hold blanks, brackets and line ends") {
  CHECK(name_of(stat_of("Web Content")) == "Web Content");
  CHECK(name_of(stat_of("(sd-pam)")) == "(sd-pam)");
  CHECK(name_of(stat_of("a) R 1 (b")) == "a) R 1 (b");
  CHECK(name_of(stat_of(") S 1 1 1")) == ") S 1 1 1");
  CHECK(name_of(stat_of("")) == "");
  CHECK(name_of(stat_of("two\nlines")) == "two?lines");
  CHECK(parse_process_times(stat_of("a) R 1 (b"))->ticks == 42);
}

TEST_CASE("a name of other bytes than printable ASCII is made printable") {
  CHECK(name_of(stat_of("caf\xc3\xa9\x1b[2J")) == "caf???[2J");
}

TEST_CASE("a long name of a kernel thread is cut and stays terminated") {
  CHECK(name_of(stat_of("kworker/u16:3-events_unbound_and_more")) ==
        "kworker/u16:3-events_un");
}

TEST_CASE("what is cut or is no such text is no process") {
  CHECK_FALSE(parse_process_times(""));
  CHECK_FALSE(parse_process_times("17 (cat"));
  CHECK_FALSE(parse_process_times(")("));
  CHECK_FALSE(parse_process_times("17 (cat) R 1 2 3"));
  CHECK_FALSE(parse_process_times(stat_of("cat", "-1")));
  CHECK_FALSE(parse_process_times(stat_of("cat", "0")));
  CHECK_FALSE(parse_process_times(stat_of("cat", "4294967296")));
}

TEST_CASE("times at their limit do not wrap") {
  const auto times = parse_process_times(
      "1 (x) R 0 0 0 0 0 0 0 0 0 0 18446744073709551615 99 0 0 20 0 "
      "99999999999 0 5 0 0\n");

  REQUIRE(times);
  CHECK(times->ticks == std::numeric_limits<std::uint64_t>::max());
  CHECK(times->thread_count == std::numeric_limits<std::uint32_t>::max());
}
