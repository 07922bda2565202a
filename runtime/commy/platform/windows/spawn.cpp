#include <commy/platform/detail/child_environment.hpp>
#include <commy/platform/detail/system_failure.hpp>
#include <commy/platform/windows/spawn.hpp>
#include <commy/platform/windows/wide.hpp>

#include <windows.h>

#include <algorithm>
#include <array>
#include <memory>

namespace commy::platform::detail {
namespace {

// ERROR_ELEVATION_REQUIRED, which mingw's headers lack.
constexpr int elevation_required = 740;

spawn_error spawn_code(int error) noexcept {
  switch (error) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_DIRECTORY:
      return spawn_error::not_found;
    case ERROR_ACCESS_DENIED:
    case elevation_required:
      return spawn_error::no_permission;
    case ERROR_BAD_EXE_FORMAT:
    case ERROR_EXE_MACHINE_TYPE_MISMATCH:
      return spawn_error::not_executable;
    case ERROR_NOT_ENOUGH_MEMORY:
    case ERROR_NO_SYSTEM_RESOURCES:
    case ERROR_COMMITMENT_LIMIT:
      return spawn_error::limit;
    case ERROR_FILENAME_EXCED_RANGE:
      return spawn_error::bad_argument;
    default:
      return spawn_error::io;
  }
}

/// Copies a child may inherit, which are ours only until it has started.
class inheritance {
public:
  /// The number the child will know it by; null stays null.
  HANDLE add(HANDLE ours) {
    HANDLE copy = nullptr;
    if (ours == nullptr ||
        !::DuplicateHandle(::GetCurrentProcess(), ours, ::GetCurrentProcess(),
                           &copy, 0, TRUE, DUPLICATE_SAME_ACCESS)) {
      return nullptr;
    }
    owned_.emplace_back(copy);
    list_.push_back(copy);
    return copy;
  }

  /// Restricts what CreateProcess hands on to these, whatever else in this
  /// process is inheritable.
  bool put_into(LPPROC_THREAD_ATTRIBUTE_LIST attributes) {
    return list_.empty() ||
           ::UpdateProcThreadAttribute(
               attributes, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, list_.data(),
               list_.size() * sizeof(HANDLE), nullptr, nullptr);
  }

private:
  std::vector<unique_handle> owned_;
  std::vector<HANDLE> list_;
};

std::string number(HANDLE handle) { return std::to_string(to_native(handle)); }

/// Our own variables, "NAME=value".
std::vector<std::string> own_environment() {
  std::vector<std::string> all;
  wchar_t* const block = ::GetEnvironmentStringsW();
  for (const wchar_t* each = block; *each != L'\0';
       each += std::wstring_view{each}.size() + 1) {
    all.push_back(narrow(each));
  }
  ::FreeEnvironmentStringsW(block);
  return all;
}

std::wstring environment_block(const variable_list& added) {
  std::wstring block;
  for (const auto& each : child_environment(own_environment(), added)) {
    block += wide(each);
    block += L'\0';
  }
  block += L'\0';
  return block;
}

/// The file to start: a path as it is, a bare name by PATH; ".exe" may be left
/// out of both. Empty when there is none.
std::wstring find_program(const std::string& program) {
  const auto name = wide(program);
  const bool bare = program.find_first_of("/\\") == std::string::npos;
  const auto folders = bare ? variable(L"PATH") : std::wstring{};
  const auto folder_end = name.find_last_of(L"/\\");
  const auto search_in = bare ? folders : name.substr(0, folder_end + 1);
  const auto file_name = bare ? name : name.substr(folder_end + 1);
  std::array<wchar_t, 32'768> found;
  const DWORD size =
      ::SearchPathW(search_in.c_str(), file_name.c_str(), L".exe",
                    static_cast<DWORD>(found.size()), found.data(), nullptr);
  return {found.data(), size < found.size() ? size : 0};
}

HANDLE standard(DWORD which, const pipe_writer* instead) noexcept {
  return instead == nullptr ? ::GetStdHandle(which)
                            : to_handle(instead->native());
}

}  // namespace

result<spawned, spawn_error> spawn(const spawn_options& options,
                                   HANDLE lifeline, HANDLE stop) {
  if (auto fine = check_texts(options); !fine) return unexpected{fine.error()};
  const auto path = find_program(options.program);
  if (path.empty()) {
    return unexpected{spawn_error::not_found,
                      place(options.program, error_text(ERROR_FILE_NOT_FOUND))};
  }
  inheritance handed;
  auto variables = options.environment;
  if (const HANDLE line = handed.add(lifeline)) {
    variables.emplace_back(lifeline_variable, number(line));
  }
  variables.emplace_back(stop_variable, number(handed.add(stop)));
  for (const auto& [name, native] : options.inherit) {
    variables.emplace_back(name, number(handed.add(to_handle(native))));
  }
  STARTUPINFOEXW start{};
  start.StartupInfo.cb = sizeof start;
  start.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
  start.StartupInfo.hStdInput = handed.add(standard(STD_INPUT_HANDLE, nullptr));
  start.StartupInfo.hStdOutput =
      handed.add(standard(STD_OUTPUT_HANDLE, options.output));
  start.StartupInfo.hStdError =
      handed.add(standard(STD_ERROR_HANDLE, options.error_output));

  SIZE_T size = 0;
  ::InitializeProcThreadAttributeList(nullptr, 1, 0, &size);
  const auto room = std::make_unique<std::byte[]>(size);
  start.lpAttributeList =
      reinterpret_cast<LPPROC_THREAD_ATTRIBUTE_LIST>(room.get());
  if (!::InitializeProcThreadAttributeList(start.lpAttributeList, 1, 0,
                                           &size) ||
      !handed.put_into(start.lpAttributeList)) {
    return unexpected{spawn_error::limit,
                      place(options.program, error_text(last_error()))};
  }
  auto line = command_line(options.program, options.arguments);
  auto block = environment_block(variables);
  PROCESS_INFORMATION made{};
  const BOOL done =
      ::CreateProcessW(path.c_str(), line.data(), nullptr, nullptr, TRUE,
                       CREATE_NEW_PROCESS_GROUP | CREATE_UNICODE_ENVIRONMENT |
                           EXTENDED_STARTUPINFO_PRESENT,
                       block.data(), nullptr, &start.StartupInfo, &made);
  const int error = last_error();
  ::DeleteProcThreadAttributeList(start.lpAttributeList);
  if (!done) {
    return unexpected{spawn_code(error),
                      place(options.program, error_text(error))};
  }
  ::CloseHandle(made.hThread);
  return spawned{unique_handle{made.hProcess}, made.dwProcessId};
}

}  // namespace commy::platform::detail
