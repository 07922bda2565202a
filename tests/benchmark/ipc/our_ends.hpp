// tests/benchmark/ipc/our_ends.hpp: inboxes and addresses, as they are
// measured.
#pragma once

#include "trips.hpp"
#include <commy/memory/loan.hpp>
#include <commy/memory/segment.hpp>
#include <commy/message/inbox.hpp>
#include <commy/message/remote_address.hpp>

#include <boost/describe/class.hpp>

#include <array>
#include <string>

namespace commy::benchmark {

/// Brings a payload in a loan.
struct hop {
  std::uint64_t number = 0;
  loan_handle carried;
};
BOOST_DESCRIBE_STRUCT(hop, (), (number, carried))

/// Brings its payload in itself: as large as a cell of a ring has room for.
struct small {
  std::array<std::uint64_t, small_words> words{};
};
BOOST_DESCRIBE_STRUCT(small, (), (words))

/// A segment of its own folder for as long as this object lives.
class meeting_place {
public:
  meeting_place();
  meeting_place(const meeting_place&) = delete;
  meeting_place& operator=(const meeting_place&) = delete;
  ~meeting_place();
  /// Every process attaches for itself.
  [[nodiscard]] segment attach() const;

private:
  segment_options options_;
};

/// Round trips of a payload in a loan, with both sides waiting in this way.
/// Nothing when no loan of that size is to be had.
[[nodiscard]] std::optional<percentiles> our_trips(trip t,
                                                   message::waiting how);
/// Messages per microsecond; batches of what is there.
[[nodiscard]] std::optional<double> our_rate(unsigned producers);

}  // namespace commy::benchmark
