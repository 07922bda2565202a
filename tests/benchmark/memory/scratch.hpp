// tests/benchmark/memory/scratch.hpp: a segment for one run of a benchmark.
#pragma once

#include <commy/memory/segment.hpp>

#include <unistd.h>

#include <optional>
#include <string>

namespace commy::benchmark {

/// A segment of this program alone, gone at its end.
class scratch {
public:
  explicit scratch(std::uint64_t capacity = 1ULL << 30U) {
    options_.folder =
        "/dev/shm/commy-benchmark-" + std::to_string(::getpid()) + ".d";
    options_.capacity = capacity;
    shared_.emplace(segment::create("scratch", options_).value());
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch() {
    shared_.reset();
    static_cast<void>(segment::remove("scratch", options_));
    ::rmdir(options_.folder.c_str());
  }
  segment& get() { return *shared_; }
  /// For another process: its own attachment.
  [[nodiscard]] segment attach() const {
    return segment::open("scratch", options_).value();
  }
  [[nodiscard]] const std::string& folder() const { return options_.folder; }

private:
  segment_options options_;
  std::optional<segment> shared_;
};

}  // namespace commy::benchmark
