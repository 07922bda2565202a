#include <commy/platform/detail/deadline.hpp>
#include <commy/platform/detail/system_failure.hpp>
#include <commy/platform/pipe.hpp>
#include <commy/platform/windows/handle.hpp>
#include <commy/platform/windows/wide.hpp>

#include <windows.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <string>
#include <utility>

namespace commy::platform {
namespace {

using detail::last_error;
using detail::to_handle;
using detail::to_native;

constexpr DWORD buffer_bytes = 65'536;
constexpr std::size_t piece_bytes = 4'096;

bool is_end(int error) noexcept {
  return error == ERROR_BROKEN_PIPE || error == ERROR_NO_DATA ||
         error == ERROR_PIPE_NOT_CONNECTED;
}

unexpected<pipe_error> pipe_failure(std::string_view what, int error) {
  const auto code =
      is_end(error) ? pipe_error::closed
      : error == ERROR_NO_SYSTEM_RESOURCES || error == ERROR_TOO_MANY_OPEN_FILES
          ? pipe_error::limit
          : pipe_error::io;
  return {code, detail::place(what, detail::error_text(error))};
}

/// One read or write that the deadline can take back.
class transfer {
public:
  explicit transfer(std::intptr_t pipe) noexcept : pipe_{to_handle(pipe)} {
    overlapped_.hEvent = event_.get();
  }

  /// `started` is what ReadFile or WriteFile answered. Returns zero, or an
  /// error; WAIT_TIMEOUT when the deadline has passed and nothing was moved.
  int finish(BOOL started, const detail::deadline& until,
             DWORD& moved) noexcept {
    if (!started && ::GetLastError() != ERROR_IO_PENDING) return last_error();
    const bool late =
        ::WaitForSingleObject(
            event_.get(), static_cast<DWORD>(until.left_ms())) == WAIT_TIMEOUT;
    // It may end by itself in this moment; the system tells which it was. The
    // buffer is ours again only after its answer.
    if (late) ::CancelIoEx(pipe_, &overlapped_);
    if (::GetOverlappedResult(pipe_, &overlapped_, &moved, TRUE)) return 0;
    const int error = last_error();
    return error == ERROR_OPERATION_ABORTED ? int{WAIT_TIMEOUT} : error;
  }

  [[nodiscard]] OVERLAPPED* get() noexcept { return &overlapped_; }
  [[nodiscard]] HANDLE pipe() const noexcept { return pipe_; }

private:
  HANDLE pipe_;
  detail::unique_handle event_{::CreateEventW(nullptr, TRUE, FALSE, nullptr)};
  OVERLAPPED overlapped_{};
};

/// The handle named by an environment variable, if it is that end of a pipe:
/// the reader is the one that serves.
result<std::intptr_t, pipe_error> inherited(const char* variable,
                                            DWORD wanted_end) {
  const auto value =
      detail::narrow(detail::variable(detail::wide(variable).c_str()));
  if (value.empty()) {
    return unexpected{pipe_error::io, detail::place(variable, "is not set")};
  }
  std::intptr_t native = -1;
  const char* const end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, native);
  DWORD flags = 0;
  const bool is_pipe = error == std::errc{} && stop == end &&
                       ::GetFileType(to_handle(native)) == FILE_TYPE_PIPE &&
                       ::GetNamedPipeInfo(to_handle(native), &flags, nullptr,
                                          nullptr, nullptr) &&
                       (flags & PIPE_SERVER_END) == wanted_end;
  if (!is_pipe) {
    return unexpected{pipe_error::io,
                      detail::place(variable, "names no pipe of this kind")};
  }
  // Ours now; our own children do not get it.
  ::SetHandleInformation(to_handle(native), HANDLE_FLAG_INHERIT, 0);
  return native;
}

/// A name that nobody else has: this process, a count, and the time.
std::wstring fresh_name() {
  static std::atomic<unsigned> count{0};
  // relaxed: only the number matters.
  const auto number = count.fetch_add(1, std::memory_order_relaxed);
  LARGE_INTEGER ticks{};
  ::QueryPerformanceCounter(&ticks);
  return L"\\\\.\\pipe\\commy-" + std::to_wstring(::GetCurrentProcessId()) +
         L"-" + std::to_wstring(number) + L"-" +
         std::to_wstring(ticks.QuadPart);
}

}  // namespace

result<pipe_ends, pipe_error> make_pipe() {
  // CreatePipe's ends know no deadline. FIRST_PIPE_INSTANCE and one instance:
  // nobody else can have made it before or connect to it after us.
  const auto name = fresh_name();
  const HANDLE reading =
      ::CreateNamedPipeW(name.c_str(),
                         PIPE_ACCESS_INBOUND | FILE_FLAG_OVERLAPPED |
                             FILE_FLAG_FIRST_PIPE_INSTANCE,
                         PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT |
                             PIPE_REJECT_REMOTE_CLIENTS,
                         1, buffer_bytes, buffer_bytes, 0, nullptr);
  if (reading == INVALID_HANDLE_VALUE) {
    return pipe_failure("make a pipe", last_error());
  }
  pipe_reader reader{to_native(reading)};
  const HANDLE writing =
      ::CreateFileW(name.c_str(), GENERIC_WRITE | FILE_READ_ATTRIBUTES, 0,
                    nullptr, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, nullptr);
  if (writing == INVALID_HANDLE_VALUE) {
    return pipe_failure("make a pipe", last_error());
  }
  return pipe_ends{std::move(reader), pipe_writer{to_native(writing)}};
}

result<pipe_reader, pipe_error> pipe_reader::from_environment(
    const char* variable) {
  const auto native = inherited(variable, PIPE_SERVER_END);
  if (!native) return unexpected{native.error()};
  return pipe_reader{*native};
}

result<std::size_t, pipe_error> pipe_reader::read_some(
    std::span<std::byte> into, std::chrono::milliseconds at_most) {
  const detail::deadline until{at_most};
  transfer one{native_};
  DWORD got = 0;
  const auto size =
      static_cast<DWORD>(std::min<std::size_t>(into.size(), buffer_bytes));
  const int error =
      one.finish(::ReadFile(one.pipe(), into.data(), size, nullptr, one.get()),
                 until, got);
  if (error == 0) return std::size_t{got};
  if (is_end(error)) return std::size_t{0};
  if (error == WAIT_TIMEOUT) return unexpected{pipe_error::timeout};
  return pipe_failure("read from a pipe", error);
}

void pipe_reader::close() noexcept {
  if (is_open()) ::CloseHandle(to_handle(std::exchange(native_, -1)));
}

result<pipe_writer, pipe_error> pipe_writer::from_environment(
    const char* variable) {
  const auto native = inherited(variable, PIPE_CLIENT_END);
  if (!native) return unexpected{native.error()};
  return pipe_writer{*native};
}

result<void, pipe_error> pipe_writer::write_all(
    std::span<const std::byte> from, std::chrono::milliseconds at_most) {
  const detail::deadline until{at_most};
  while (!from.empty()) {
    const auto piece = from.first(std::min(from.size(), piece_bytes));
    transfer one{native_};
    DWORD put = 0;
    const int error = one.finish(
        ::WriteFile(one.pipe(), piece.data(), static_cast<DWORD>(piece.size()),
                    nullptr, one.get()),
        until, put);
    if (error == WAIT_TIMEOUT) return unexpected{pipe_error::timeout};
    if (error != 0) return pipe_failure("write to a pipe", error);
    from = from.subspan(put);
  }
  return {};
}

void pipe_writer::close() noexcept {
  if (is_open()) ::CloseHandle(to_handle(std::exchange(native_, -1)));
}

}  // namespace commy::platform
