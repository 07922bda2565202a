#include <commy/platform/pipe.hpp>

#include <utility>

namespace commy::platform {

std::string_view describe(pipe_error error) noexcept {
  switch (error) {
    case pipe_error::closed:
      return "nobody holds the other end of the pipe any more";
    case pipe_error::timeout:
      return "the other end of the pipe did nothing within the deadline";
    case pipe_error::limit:
      return "no descriptor is left; raise the limit of open files";
    case pipe_error::io:
      return "the pipe cannot be used";
  }
  return "unknown error";
}

pipe_reader::pipe_reader(pipe_reader&& other) noexcept
    : native_{std::exchange(other.native_, -1)} {}
pipe_reader& pipe_reader::operator=(pipe_reader&& other) noexcept {
  const pipe_reader old{
      std::exchange(native_, std::exchange(other.native_, -1))};
  return *this;
}
pipe_reader::~pipe_reader() { close(); }

pipe_writer::pipe_writer(pipe_writer&& other) noexcept
    : native_{std::exchange(other.native_, -1)} {}
pipe_writer& pipe_writer::operator=(pipe_writer&& other) noexcept {
  const pipe_writer old{
      std::exchange(native_, std::exchange(other.native_, -1))};
  return *this;
}
pipe_writer::~pipe_writer() { close(); }

}  // namespace commy::platform
