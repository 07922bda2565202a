#include <commy/platform/detail/system_failure.hpp>
#include <commy/platform/file.hpp>
#include <commy/platform/windows/private_security.hpp>
#include <commy/platform/windows/wide.hpp>

#include <windows.h>

#include <array>
#include <memory>

namespace commy::platform {
namespace {

using detail::last_error;
using detail::narrow;
using detail::place;
using detail::system_failure;
using detail::wide;

bool is_folder(const std::wstring& path) noexcept {
  const DWORD attributes = ::GetFileAttributesW(path.c_str());
  return attributes != INVALID_FILE_ATTRIBUTES &&
         (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
}

struct close_search {
  void operator()(void* search) const noexcept { ::FindClose(search); }
};

}  // namespace

result<void, file_error> make_folders(const std::string& path) {
  const auto whole = wide(path);
  detail::private_security rights;
  for (std::size_t end = 0; end != whole.npos;) {
    end = whole.find_first_of(L"/\\", end == 0 ? 0 : end + 1);
    const auto part = whole.substr(0, end);
    if (part.empty() || is_folder(part)) {
      if (end == 0) end = 1;
      continue;
    }
    // Only the last word counts: "C:" and "\\server" are no folders to make.
    if (::CreateDirectoryW(part.c_str(), rights.get()) || end != whole.npos) {
      continue;
    }
    const int error = last_error();
    if (is_folder(part)) return {};  // Somebody else was faster.
    if (::GetFileAttributesW(part.c_str()) != INVALID_FILE_ATTRIBUTES) {
      return unexpected{file_error::not_regular, place(path, "is no folder")};
    }
    return system_failure(path, error);
  }
  return {};
}

bool open_files_move() noexcept { return false; }

result<void, file_error> rename_folder(const std::string& from,
                                       const std::string& to) {
  const auto source = wide(from);
  const auto target = wide(to);
  if (::MoveFileExW(source.c_str(), target.c_str(), 0)) return {};
  const int error = last_error();
  // Windows replaces no folder; an empty one is made way for.
  if (!is_folder(target)) return system_failure(to, error);
  if (!::RemoveDirectoryW(target.c_str()) ||
      !::MoveFileExW(source.c_str(), target.c_str(), 0)) {
    return system_failure(to, last_error());
  }
  return {};
}

result<void, file_error> remove(const std::string& path) {
  const auto name = wide(path);
  const bool done = is_folder(name) ? ::RemoveDirectoryW(name.c_str())
                                    : ::DeleteFileW(name.c_str());
  if (!done) return system_failure(path, last_error());
  return {};
}

result<std::vector<std::string>, file_error> list_folder(
    const std::string& path) {
  constexpr std::size_t most_names = 65'536;
  WIN32_FIND_DATAW entry{};
  const HANDLE first = ::FindFirstFileW(wide(path + "\\*").c_str(), &entry);
  if (first == INVALID_HANDLE_VALUE) return system_failure(path, last_error());
  const std::unique_ptr<void, close_search> search{first};
  std::vector<std::string> names;
  do {
    const std::wstring_view name{entry.cFileName};
    if (name == L"." || name == L"..") continue;
    if (names.size() == most_names) {
      return unexpected{file_error::io, place(path, "more than 65,536 names")};
    }
    names.push_back(narrow(name));
  } while (::FindNextFileW(first, &entry));
  if (::GetLastError() != ERROR_NO_MORE_FILES) {
    return system_failure(path, last_error());
  }
  return names;
}

std::string default_segment_folder() {
  if (auto chosen = detail::variable(L"COMMY_DIRECTORY"); !chosen.empty()) {
    return narrow(chosen);
  }
  if (auto own = detail::variable(L"LOCALAPPDATA"); !own.empty()) {
    return narrow(own) + "\\commy";
  }
  std::array<wchar_t, MAX_PATH + 1> temporary;
  const DWORD size =
      ::GetTempPathW(static_cast<DWORD>(temporary.size()), temporary.data());
  return narrow({temporary.data(), size}) + "commy";
}

result<std::uint64_t, file_error> free_space(const std::string& path) {
  ULARGE_INTEGER bytes{};
  if (!::GetDiskFreeSpaceExW(wide(path).c_str(), &bytes, nullptr, nullptr)) {
    return system_failure(path, last_error());
  }
  return bytes.QuadPart;
}

}  // namespace commy::platform
