// commy/platform/pipe.hpp: bytes from one process to another, one way.
#pragma once

#include <commy/base/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace commy::platform {

enum class pipe_error {
  closed,   // Nobody holds the other end any more.
  timeout,  // The deadline passed; what was done before stays done.
  limit,    // This process or system has no descriptor left.
  io,       // Anything else; the detail quotes the system.
};
std::string_view describe(pipe_error error) noexcept;

struct pipe_ends;

/// The end that reads. Closed in child programs unless `spawn` hands it on; a
/// forked child keeps its copy. Threads: one at a time.
class pipe_reader {
public:
  pipe_reader() noexcept = default;
  pipe_reader(pipe_reader&& other) noexcept;
  pipe_reader& operator=(pipe_reader&& other) noexcept;
  ~pipe_reader();

  /// Takes over the end a parent has named in its child's environment (see
  /// `spawn_options::inherit`). Fails with `io` when `variable` is missing or
  /// does not name a pipe. Call it once for each name.
  static result<pipe_reader, pipe_error> from_environment(const char* variable);

  /// Waits for bytes and takes at most `into.size()` of them; the answer is
  /// how many. Zero says that all writers are gone.
  result<std::size_t, pipe_error> read_some(std::span<std::byte> into,
                                            std::chrono::milliseconds at_most);

  void close() noexcept;
  [[nodiscard]] bool is_open() const noexcept { return native_ != -1; }
  [[nodiscard]] std::intptr_t native() const noexcept { return native_; }

private:
  friend result<pipe_ends, pipe_error> make_pipe();
  explicit pipe_reader(std::intptr_t native) noexcept : native_{native} {}
  std::intptr_t native_ = -1;
};

/// The end that writes; else as `pipe_reader`.
class pipe_writer {
public:
  pipe_writer() noexcept = default;
  pipe_writer(pipe_writer&& other) noexcept;
  pipe_writer& operator=(pipe_writer&& other) noexcept;
  ~pipe_writer();

  static result<pipe_writer, pipe_error> from_environment(const char* variable);

  /// Writes all bytes, waiting while the pipe is full. At most 4,096 bytes
  /// arrive in one piece beside other writers. A closed reader is an error,
  /// never a signal.
  result<void, pipe_error> write_all(std::span<const std::byte> from,
                                     std::chrono::milliseconds at_most);

  void close() noexcept;
  [[nodiscard]] bool is_open() const noexcept { return native_ != -1; }
  [[nodiscard]] std::intptr_t native() const noexcept { return native_; }

private:
  friend result<pipe_ends, pipe_error> make_pipe();
  explicit pipe_writer(std::intptr_t native) noexcept : native_{native} {}
  std::intptr_t native_ = -1;
};

struct pipe_ends {
  pipe_reader reader;
  pipe_writer writer;
};

/// A new pipe. Its buffer holds what the system gives (64 KiB on Linux).
result<pipe_ends, pipe_error> make_pipe();

}  // namespace commy::platform
