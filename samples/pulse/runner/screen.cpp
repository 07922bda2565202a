#include "pulse/runner/screen.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace pulse {
namespace {

std::string printable(std::string_view text) {
  std::string kept{text};
  std::erase_if(kept, [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
  });
  return kept;
}

std::size_t columns() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
    return 80;
  }
  return size.ws_col;
}

}  // namespace

screen::screen() : is_terminal_{::isatty(STDOUT_FILENO) == 1} {}

screen::~screen() { keep_status(); }

void screen::note(std::string_view line) {
  const std::lock_guard hold{mutex_};
  const auto text = printable(line);
  if (!is_terminal_) return write(text + "\n");
  write("\r\033[K" + text + "\n" + status_);
}

void screen::status(std::string_view line) {
  const std::lock_guard hold{mutex_};
  auto text = printable(line);
  if (!is_terminal_) return write(text + "\n");
  // A line that wraps could not be written over. All of it is ASCII.
  text.resize(std::min(text.size(), columns() - 1));
  status_ = std::move(text);
  write("\r\033[K" + status_);
}

void screen::keep_status() {
  const std::lock_guard hold{mutex_};
  if (!status_.empty()) write("\n");
  status_.clear();
}

void screen::write(std::string_view text) {
  // Whoever does not read any more shall not stop the sample.
  static_cast<void>(std::fwrite(text.data(), 1, text.size(), stdout));
  static_cast<void>(std::fflush(stdout));
}

}  // namespace pulse
