// modules/gateway/watch_delta.hpp: what changed between two readings.
#pragma once

#include "modules/gateway/source.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace commy::gateway {

/// Remembers the last reading and encodes the next one as a difference to it,
/// or as a snapshot. The encodings are ends of `watch.event`, from `"phase"`
/// on; docs/protocol.md describes them. Threads: one at a time.
class watch_delta {
public:
  using tail = std::shared_ptr<const std::string>;

  watch_delta(shape how, std::vector<std::string> fields);

  struct outcome {
    tail event;              // Null when nothing changed.
    bool lost = false;       // No difference can be told: all need a snapshot.
    bool too_large = false;  // More than `entries_max` entries.
  };
  /// Reads and compares. With `last`, reads enough for a snapshot of a queue
  /// with so many elements, at most `elements_max`.
  result<outcome, read_error> advance(source& from, std::uint64_t last);

  /// The last reading as pages of a snapshot. Requires: `advance` was given at
  /// least this `last`.
  [[nodiscard]] std::vector<tail> snapshot(std::uint64_t last) const;

  [[nodiscard]] std::uint64_t version() const noexcept { return version_; }

private:
  outcome compare_entries(source::reading& now);
  outcome compare_queue(source::reading& now);
  outcome compare_whole(source::reading& now);
  [[nodiscard]] source::range range_for(const source::reading& ends,
                                        std::uint64_t last) const;
  void append_element(std::string& out, const dynamic_value& element) const;
  [[nodiscard]] bool wants(const std::string& field) const;

  const shape how_;
  const std::vector<std::string> fields_;
  bool has_reading_ = false;
  std::uint64_t version_ = 0;
  dynamic_value whole_;
  std::unordered_map<std::string, dynamic_value> entries_;
  // Of a queue: its ends, and the part of it that the last reading had.
  std::uint64_t first_ = 0;
  std::uint64_t last_ = 0;
  std::uint64_t part_at_ = 0;
  dynamic_value::list part_;
};

}  // namespace commy::gateway
