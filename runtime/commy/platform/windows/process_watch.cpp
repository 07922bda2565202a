#include <commy/platform/process_watch.hpp>
#include <commy/platform/windows/handle.hpp>

#include <windows.h>

#include <algorithm>
#include <array>

namespace commy::platform {
namespace {

HANDLE handle_of(std::intptr_t native) noexcept {
  return reinterpret_cast<HANDLE>(native);
}

std::uint64_t creation_time(HANDLE process) noexcept {
  FILETIME created{};
  FILETIME ignored{};
  if (!::GetProcessTimes(process, &created, &ignored, &ignored, &ignored)) {
    return 0;
  }
  return std::uint64_t{created.dwHighDateTime} << 32U | created.dwLowDateTime;
}

exit_status how_ended(HANDLE process) noexcept {
  using kind = exit_status::kind;
  DWORD code = 0;
  if (!::GetExitCodeProcess(process, &code)) return {kind::unknown, 0};
  // As a child's: an NTSTATUS of an error is a death.
  return {code >= 0xc0000000U ? kind::killed : kind::exited, code};
}

}  // namespace

process_watch::process_watch() = default;

process_watch::~process_watch() {
  for (const auto& w : all_)
    ::CloseHandle(handle_of(w.native));
}

bool process_watch::add(std::uint64_t key, const process_identity& who) {
  if (who.pid == 0 || who.started == 0) return false;
  const std::lock_guard hold{mutex_};
  if (all_.size() >= windows_most) return false;
  all_.reserve(all_.size() + 1);
  detail::unique_handle process{::OpenProcess(
      SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION, FALSE, who.pid)};
  if (!process || creation_time(process.get()) != who.started) return false;
  all_.push_back(
      {key, who, reinterpret_cast<std::intptr_t>(process.release()), false});
  changed_.set();
  return true;
}

void process_watch::remove(std::uint64_t key) noexcept {
  const std::lock_guard hold{mutex_};
  // Closed by who waits: it may be in its set.
  for (auto& w : all_) {
    if (w.key == key) w.removed = true;
  }
  changed_.set();
}

std::vector<process_end> process_watch::wait(std::chrono::nanoseconds at_most) {
  std::array<HANDLE, windows_most + 1> set{handle_of(changed_.native())};
  DWORD count = 1;
  {
    const std::lock_guard hold{mutex_};
    std::erase_if(all_, [](const watched& w) {
      if (w.removed) ::CloseHandle(handle_of(w.native));
      return w.removed;
    });
    for (const auto& w : all_)
      set.at(count++) = handle_of(w.native);
  }
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(at_most).count();
  const auto wait = static_cast<DWORD>(
      std::clamp<long long>(ms, 0, static_cast<long long>(INFINITE) - 1));
  const auto woke = ::WaitForMultipleObjects(count, set.data(), FALSE, wait);
  if (woke == WAIT_TIMEOUT || woke == WAIT_FAILED) return {};
  changed_.clear();
  std::vector<process_end> ended;
  const std::lock_guard hold{mutex_};
  for (auto& w : all_) {
    const bool is_over =
        ::WaitForSingleObject(handle_of(w.native), 0) == WAIT_OBJECT_0;
    if (!is_over || w.removed) continue;
    w.removed = true;
    ended.push_back({w.key, how_ended(handle_of(w.native))});
  }
  return ended;
}

}  // namespace commy::platform
