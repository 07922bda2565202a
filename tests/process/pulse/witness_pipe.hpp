// witness_pipe.hpp: reads what a sampler acknowledges.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// A named pipe that outlives the samplers which write to it. What has been
/// acknowledged is certain: it must be in the segment whatever happens next.
class witness_pipe {
public:
  explicit witness_pipe(std::string path);
  witness_pipe(const witness_pipe&) = delete;
  witness_pipe& operator=(const witness_pipe&) = delete;
  ~witness_pipe();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// The next acknowledged number, or nothing after `at_most`.
  std::optional<std::uint64_t> next(std::chrono::milliseconds at_most);
  /// All that lies in the pipe.
  std::vector<std::uint64_t> rest();

private:
  std::string path_;
  std::string text_;  // Read, and not yet handed out.
  int pipe_ = -1;
};
