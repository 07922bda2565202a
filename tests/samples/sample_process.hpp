// sample_process.hpp: samples as processes of a test.
#pragma once

#include <commy/platform/pipe.hpp>
#include <commy/platform/process.hpp>

#include <string>
#include <vector>

namespace commy::test {

/// A sample that runs, and what it prints.
class sample_process {
public:
  sample_process(const std::string& program, std::vector<std::string> arguments,
                 const std::string& folder);
  /// Reads on until `line` has been printed; false when it ends before.
  [[nodiscard]] bool says(const std::string& line);
  /// As Ctrl-C or a service manager would.
  void ask_to_end() { child_.terminate(); }
  /// What it has printed until its end, and how it ended.
  struct ending {
    std::string output;
    std::string how;
  };
  ending wait();

private:
  /// False at the end.
  bool read_more();

  platform::pipe_reader output_;
  platform::child_process child_;
  std::string text_;
};

/// A folder for the segments of samples that goes with its scope.
class sample_folder {
public:
  sample_folder();
  sample_folder(const sample_folder&) = delete;
  sample_folder& operator=(const sample_folder&) = delete;
  ~sample_folder();

  [[nodiscard]] sample_process start(
      const std::string& program,
      std::vector<std::string> arguments = {}) const;
  [[nodiscard]] sample_process::ending run(
      const std::string& program,
      std::vector<std::string> arguments = {}) const {
    return start(program, std::move(arguments)).wait();
  }

private:
  std::string path_;
};

}  // namespace commy::test
