// tests/unit/platform/scratch.hpp: a folder of its own for each test.
#pragma once

#include <commy/platform/liveness.hpp>

#include <filesystem>
#include <string>
#include <system_error>

/// A new empty folder, removed with all that is in it at the end.
class scratch_folder {
public:
  scratch_folder()
      : path_{std::filesystem::temp_directory_path() /
              ("commy-test-" + std::to_string(commy::platform::random_u64()))} {
    std::filesystem::create_directory(path_);
  }
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  ~scratch_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  /// The path of something in it.
  [[nodiscard]] std::string operator/(const std::string& name) const {
    return (path_ / name).string();
  }
  [[nodiscard]] std::string path() const { return path_.string(); }

private:
  std::filesystem::path path_;
};

/// Makes a file of that many bytes with storage behind them.
inline std::string make_file(const scratch_folder& folder,
                             const std::string& name, std::uint64_t bytes) {
  auto path = folder / name;
  commy::platform::file::create(path).value().allocate(bytes).value();
  return path;
}
