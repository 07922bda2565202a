// modules/allocator/segment_claim.hpp: how a host comes by a segment.
#pragma once

#include <commy/base/result.hpp>
#include <commy/memory/segment.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace commy::allocator {

enum class claim_error : std::uint8_t {
  in_use,    // To be removed, but somebody has it open.
  no_space,  // The file system is too small or too full.
  no_permission,
  not_a_segment,   // Something else is in its place.
  foreign_layout,  // Of another version.
  stale,           // From before the last boot.
  poisoned,        // A journal in it made no sense.
  refused,         // Anything else; the detail quotes the segment's reason.
};
std::string_view describe(claim_error error) noexcept;

/// What a host does with a segment that is there already: since a host removes
/// or closes its segments when it stops, it was left by one that was killed.
enum class leftover_policy : std::uint8_t {
  adopt,   // Sweep the dead and go on with the data.
  remove,  // Begin with an empty one.
};

struct claim_options {
  std::string name;    // "tenant/service".
  std::string folder;  // That holds all segments.
  std::uint64_t capacity_bytes = 0;
  leftover_policy leftovers = leftover_policy::adopt;
  /// A new segment is not begun on a file system with less than this free.
  std::uint64_t minimum_free_bytes = 0;
};

struct segment_claim {
  segment held;
  bool adopted = false;     // It was there before.
  std::uint32_t swept = 0;  // Dead participants found while adopting.
};

/// Opens or creates the segment. Never waits. Requires: this host alone serves
/// the tenant in that folder (the host's own lock sees to it).
result<segment_claim, claim_error> claim_segment(const claim_options& options);

/// What the host's own participants are called, in every segment.
inline constexpr std::string_view host_participant = "host";

}  // namespace commy::allocator
