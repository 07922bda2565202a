// scratch_folder.hpp: a folder of its own for one test, gone afterwards.
#pragma once

#include <commy/platform/liveness.hpp>

#include <filesystem>
#include <string>

class scratch_folder {
public:
  scratch_folder()
      : path_{std::filesystem::temp_directory_path() /
              ("commy-host-test-" +
               std::to_string(commy::platform::random_u64()))} {
    std::filesystem::create_directories(path_);
  }
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  ~scratch_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string path() const { return path_.string(); }
  std::string operator/(const std::string& name) const {
    return (path_ / name).string();
  }

private:
  std::filesystem::path path_;
};
