#include "pulse/proc/file_text.hpp"

#include "pulse/proc/text.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <memory>

namespace pulse::proc {
namespace {

constexpr std::size_t max_bytes = std::size_t{1} << 20U;
constexpr std::size_t first_bytes = 4096;  // Enough for all but /proc/stat.

struct folder_closer {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};

}  // namespace

int read_file(const std::string& path, std::string& text) {
  text.clear();
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return errno;
  std::size_t size = 0;
  int why = 0;
  for (;;) {
    if (size == text.size()) {
      if (size >= max_bytes) break;
      text.resize(std::max(first_bytes, 2 * size));
    }
    const auto got = ::read(file, text.data() + size, text.size() - size);
    if (got == 0) break;
    if (got > 0) {
      size += static_cast<std::size_t>(got);
    } else if (errno != EINTR) {
      why = errno;  // ESRCH: the process has ended since `open`.
      size = 0;
      break;
    }
  }
  ::close(file);
  text.resize(size);
  return why;
}

std::vector<std::uint32_t> list_numbers(const std::string& folder) {
  std::vector<std::uint32_t> numbers;
  const std::unique_ptr<DIR, folder_closer> open{::opendir(folder.c_str())};
  if (!open) return numbers;
  while (const auto* entry = ::readdir(open.get())) {
    const auto number = to_number(entry->d_name);
    if (number && *number <= std::numeric_limits<std::uint32_t>::max()) {
      numbers.push_back(static_cast<std::uint32_t>(*number));
    }
  }
  std::ranges::sort(numbers);
  return numbers;
}

double ticks_per_second() noexcept {
  return static_cast<double>(std::max(1L, ::sysconf(_SC_CLK_TCK)));
}

}  // namespace pulse::proc
