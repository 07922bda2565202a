// tests/support/threads_named.hpp: the threads of this process. Linux.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace commy::test {

/// How many of them have named themselves so by now.
[[nodiscard]] inline int threads_named(std::string_view wanted) {
  int count = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator{"/proc/self/task"}) {
    std::ifstream name{entry.path() / "comm"};
    std::string text;
    std::getline(name, text);
    count += text == wanted ? 1 : 0;
  }
  return count;
}

}  // namespace commy::test
