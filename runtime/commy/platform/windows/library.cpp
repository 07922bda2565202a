#include <commy/platform/detail/system_failure.hpp>
#include <commy/platform/library.hpp>
#include <commy/platform/windows/handle.hpp>
#include <commy/platform/windows/wide.hpp>

#include <windows.h>

#include <array>

namespace commy::platform {
namespace {

using detail::last_error;
using detail::place;
using detail::wide;

constexpr WORD our_machine = IMAGE_FILE_MACHINE_AMD64;
constexpr DWORD search_beside_it =
    LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_DEFAULT_DIRS;

unexpected<library_error> not_a_library(const std::string& path,
                                        std::string_view words) {
  return {library_error::not_a_library, place(path, words)};
}

template <class Header>
bool read_at(HANDLE from, LONG offset, Header& into) noexcept {
  OVERLAPPED where{};
  where.Offset = static_cast<DWORD>(offset);
  DWORD got = 0;
  return ::ReadFile(from, &into, sizeof into, &got, &where) &&
         got == sizeof into;
}

/// Says in our words what the loader would say in passing, or not at all.
result<void, library_error> check_header(const std::string& path) {
  const detail::unique_handle file{::CreateFileW(
      wide(path).c_str(), GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE,
      nullptr, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr)};
  if (!file) {
    const int error = last_error();
    const DWORD attributes = ::GetFileAttributesW(wide(path).c_str());
    if (attributes != INVALID_FILE_ATTRIBUTES &&
        (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0) {
      return not_a_library(path, "no regular file");
    }
    const auto code = detail::classify(error) == file_error::not_found
                          ? library_error::not_found
                          : library_error::refused;
    return unexpected{code, place(path, detail::error_text(error))};
  }
  struct {
    DWORD signature;
    IMAGE_FILE_HEADER file;
  } header{};
  IMAGE_DOS_HEADER dos{};
  if (!read_at(file.get(), 0, dos) || dos.e_magic != IMAGE_DOS_SIGNATURE ||
      dos.e_lfanew < 0 || !read_at(file.get(), dos.e_lfanew, header) ||
      header.signature != IMAGE_NT_SIGNATURE) {
    return not_a_library(path, "no PE file");
  }
  if (header.file.Machine != our_machine) {
    failure_detail both;
    both.text.append(place(path, "PE machine number"));
    both.wanted = our_machine;
    both.found = header.file.Machine;
    return unexpected{library_error::wrong_machine, both};
  }
  if ((header.file.Characteristics & IMAGE_FILE_DLL) == 0) {
    return not_a_library(path, "is a program");
  }
  return {};
}

/// The first library that the one at `path` needs and that cannot be found.
/// Windows itself does not say. The image is mapped and nothing of it runs.
std::string missing_import(const std::wstring& path) {
  const HMODULE image =
      ::LoadLibraryExW(path.c_str(), nullptr, DONT_RESOLVE_DLL_REFERENCES);
  if (image == nullptr) return {};
  auto* const base = reinterpret_cast<const std::byte*>(image);
  const auto* const dos = reinterpret_cast<const IMAGE_DOS_HEADER*>(base);
  const auto* const nt =
      reinterpret_cast<const IMAGE_NT_HEADERS*>(base + dos->e_lfanew);
  const auto& imports =
      nt->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT];
  const auto* const first = reinterpret_cast<const IMAGE_IMPORT_DESCRIPTOR*>(
      base + imports.VirtualAddress);
  const auto count = imports.Size / sizeof(IMAGE_IMPORT_DESCRIPTOR);
  std::string missing;
  for (DWORD i = 0; i < count && first[i].Name != 0 && missing.empty(); ++i) {
    const auto* const name =
        reinterpret_cast<const char*>(base + first[i].Name);
    const HMODULE found = ::LoadLibraryExW(
        wide(name).c_str(), nullptr,
        LOAD_LIBRARY_AS_DATAFILE | LOAD_LIBRARY_SEARCH_DEFAULT_DIRS);
    if (found == nullptr) missing = name;
    if (found != nullptr) ::FreeLibrary(found);
  }
  ::FreeLibrary(image);
  return missing;
}

/// Absolute, as the search beside the library demands.
std::wstring absolute(const std::string& path) {
  std::array<wchar_t, 32'768> whole;
  const DWORD size =
      ::GetFullPathNameW(wide(path).c_str(), static_cast<DWORD>(whole.size()),
                         whole.data(), nullptr);
  return {whole.data(), size < whole.size() ? size : 0};
}

}  // namespace

result<shared_library, library_error> shared_library::load(
    const std::string& path) {
  if (auto fine = check_header(path); !fine) return unexpected{fine.error()};
  const auto whole = absolute(path);
  const HMODULE native =
      ::LoadLibraryExW(whole.c_str(), nullptr, search_beside_it);
  if (native != nullptr) {
    return shared_library{reinterpret_cast<void*>(native), path};
  }
  const int error = last_error();
  if (error == ERROR_MOD_NOT_FOUND) {
    const auto needed = missing_import(whole);
    return unexpected{
        library_error::missing_dependency,
        place(path, "needs " + (needed.empty() ? "another" : needed))};
  }
  return unexpected{library_error::refused,
                    place(path, detail::error_text(error))};
}

result<void*, library_error> shared_library::symbol(
    const std::string& name) const {
  const FARPROC address =
      ::GetProcAddress(reinterpret_cast<HMODULE>(native_), name.c_str());
  if (address == nullptr) {
    return unexpected{library_error::no_symbol, place(path_, name)};
  }
  return reinterpret_cast<void*>(address);
}

}  // namespace commy::platform
