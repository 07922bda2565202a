// samples/pulse/sampler/witness.hpp: somebody who is told what is certain.
#pragma once

#include <cstdint>
#include <string>

namespace pulse {

/// The writing end of a pipe on which each committed sample is acknowledged by
/// a line, "sample 17". Who reads it can tell, after this process was killed,
/// what must still be in the segment. Threads: one at a time.
class witness {
public:
  /// Opens the named pipe at `path`. An empty path is no witness, and one that
  /// nobody reads is none either.
  explicit witness(const std::string& path);
  witness(const witness&) = delete;
  witness& operator=(const witness&) = delete;
  ~witness();

  /// Never waits: a witness that does not read misses lines. A line arrives
  /// whole or not at all.
  void acknowledge(std::uint64_t number);

private:
  int pipe_ = -1;
};

}  // namespace pulse
