// samples/pulse/sampler/recorder.hpp: samples on their way into the segment.
#pragma once

#include "pulse/objects.hpp"
#include "pulse/sampler/measure.hpp"
#include <commy/memory/segment.hpp>

#include <cstdint>
#include <map>
#include <string>

namespace pulse {

/// Writes samples into `now`, `history` and `top`. Whoever looks sees all of a
/// sample or nothing of it, also when this process is killed while it writes.
/// One process at a time may have one. Threads: one at a time.
class recorder {
public:
  /// Opens or creates the objects. `keep` is how many samples stay in the
  /// history, at least one.
  static commy::result<recorder, commy::open_error> open(commy::segment& in,
                                                         std::uint64_t keep);

  /// The number the next sample gets: one more than the last in the segment.
  [[nodiscard]] std::uint64_t next_number() const noexcept {
    return last_number_ + 1;
  }

  /// Records a sample, drops what the history no longer keeps, and erases from
  /// `now` the names this sample does not have. One transaction. On failure
  /// nothing has changed. Requires: the sample's number is `next_number()`.
  commy::result<void, commy::write_error> record(const measurement& made);

private:
  recorder(now_map now, history_deque history, top_box top, std::uint64_t keep)
      : now_{std::move(now)},
        history_{std::move(history)},
        top_{std::move(top)},
        keep_{keep} {}
  /// Learns what a sampler before this one has left.
  commy::result<void, commy::open_error> look_back();

  now_map now_;
  history_deque history_;
  top_box top_;
  std::uint64_t keep_;
  std::uint64_t last_number_ = 0;
  std::uint64_t size_ = 0;  // Of the history.
  // What `now_` holds, so that only what has changed is written.
  std::map<std::string, double, std::less<>> written_;
};

}  // namespace pulse
