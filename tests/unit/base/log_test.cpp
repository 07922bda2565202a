#include <commy/base/log.hpp>

#include <catch2/catch_test_macros.hpp>

#include <unistd.h>

#include <cstdio>
#include <string>

namespace {

/// What `write` logs, caught where the log really goes: at file descriptor 2.
template <class Write>
std::string logged(Write&& write) {
  std::FILE* const file = std::tmpfile();
  REQUIRE(file != nullptr);
  const int old = ::dup(2);
  REQUIRE(old >= 0);
  ::dup2(::fileno(file), 2);
  write();
  ::dup2(old, 2);
  ::close(old);
  REQUIRE(std::fseek(file, 0, SEEK_SET) == 0);
  std::string text(4096, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  return text;
}

}  // namespace

TEST_CASE("a log line names time, level, area and text") {
  const auto line = logged(
      [] { commy::log(commy::log_level::warning, "memory", "disk full"); });

  CHECK(line.find("warning memory: disk full\n") != std::string::npos);
  CHECK(line.find("20") == 0);  // The year.
}

TEST_CASE("lines below the level are not written") {
  const auto line = logged(
      [] { commy::log(commy::log_level::debug, "memory", "too small"); });

  CHECK(line.empty());
}

TEST_CASE("control characters in a log line are escaped") {
  const auto line = logged([] {
    commy::log(commy::log_level::error, "gateway",
               "name 'a\nfake line\x1b[2J'");
  });

  CHECK(line.find("name 'a\\x0afake line\\x1b[2J'\n") != std::string::npos);
}
