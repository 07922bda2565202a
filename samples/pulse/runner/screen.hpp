// samples/pulse/runner/screen.hpp: a line that changes below lines that stay.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

namespace pulse {

/// Standard output. On a terminal the status is one line that is written over;
/// elsewhere each status is a line of its own. Control characters are left out:
/// what is shown may come from others. Threads: any.
class screen {
public:
  screen();
  screen(const screen&) = delete;
  screen& operator=(const screen&) = delete;
  ~screen();

  /// A line that stays.
  void note(std::string_view line);
  /// The line below all others.
  void status(std::string_view line);
  /// The status becomes a line that stays.
  void keep_status();

private:
  void write(std::string_view text);

  const bool is_terminal_;
  std::mutex mutex_;
  std::string status_;
};

}  // namespace pulse
