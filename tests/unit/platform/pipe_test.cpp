#include "child.hpp"
#include <commy/platform/pipe.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string_view>
#include <thread>

using namespace commy::platform;
using namespace std::chrono_literals;

namespace {

std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span{text});
}

}  // namespace

TEST_CASE("what goes into a pipe comes out of it") {
  auto pipe = make_pipe().value();

  REQUIRE(pipe.writer.write_all(bytes("hello"), patience));

  CHECK(read_text(pipe.reader, 5) == "hello");
}

TEST_CASE("a pipe whose writer is gone ends after its last byte") {
  auto pipe = make_pipe().value();
  pipe.writer.write_all(bytes("bye"), patience).value();

  pipe.writer.close();

  CHECK(read_text(pipe.reader) == "bye");
}

TEST_CASE("a read from an empty pipe ends at its deadline") {
  auto pipe = make_pipe().value();
  std::array<std::byte, 8> into;

  CHECK(pipe.reader.read_some(into, 10ms).error() == pipe_error::timeout);
  CHECK(pipe.reader.read_some(into, 0ms).error() == pipe_error::timeout);
  pipe.writer.write_all(bytes("x"), patience).value();
  CHECK(pipe.reader.read_some(into, 0ms).value() == 1);
}

TEST_CASE("a write into a full pipe ends at its deadline") {
  auto pipe = make_pipe().value();
  const std::string much(1U << 20U, 'm');

  CHECK(pipe.writer.write_all(bytes(much), 20ms).error() ==
        pipe_error::timeout);
}

TEST_CASE("more than a pipe holds goes through while somebody reads") {
  auto pipe = make_pipe().value();
  const std::string much(1U << 20U, 'm');
  std::string got;
  {
    std::jthread reading{[&] { got = read_text(pipe.reader, much.size()); }};
    REQUIRE(pipe.writer.write_all(bytes(much), patience));
  }
  CHECK(got == much);
}

TEST_CASE("a write to a pipe nobody reads is an error and no death") {
  auto pipe = make_pipe().value();

  pipe.reader.close();

  CHECK(pipe.writer.write_all(bytes("x"), patience).error() ==
        pipe_error::closed);
}

TEST_CASE("an inherited pipe that is not there is refused") {
  CHECK(pipe_reader::from_environment("COMMY_TEST_NONE").error() ==
        pipe_error::io);
}
