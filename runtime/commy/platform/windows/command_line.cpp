#include <commy/platform/windows/spawn.hpp>
#include <commy/platform/windows/wide.hpp>

namespace commy::platform::detail {
namespace {

/// Quotation marks around it; inside, a mark needs a backslash, and backslashes
/// count only before a mark, where each needs another.
void append_quoted(std::wstring& line, const std::wstring& argument) {
  line += L'"';
  std::size_t backslashes = 0;
  for (const wchar_t c : argument) {
    if (c == L'"') line.append(backslashes + 1, L'\\');
    backslashes = c == L'\\' ? backslashes + 1 : 0;
    line += c;
  }
  line.append(backslashes, L'\\');
  line += L'"';
}

}  // namespace

std::wstring command_line(const std::string& program,
                          const std::vector<std::string>& arguments) {
  std::wstring line;
  append_quoted(line, wide(program));
  for (const auto& each : arguments) {
    line += L' ';
    append_quoted(line, wide(each));
  }
  return line;
}

}  // namespace commy::platform::detail
