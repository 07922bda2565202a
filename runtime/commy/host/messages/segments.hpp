// commy/host/messages/segments.hpp: which segments this host serves.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace commy {

/// One segment, as whoever wants to open it needs to know it.
struct segment_entry {
  std::string tenant;
  std::string service;
  std::string name;    // What `segment::open` wants.
  std::string folder;  // Where its files are.
  std::uint64_t capacity_bytes = 0;
};

/// Asked of the module `allocator`: the segments of this host's tenant.
struct list_segments {
  static constexpr std::string_view actor = "commy.allocator";
  using reply = std::vector<segment_entry>;
};

}  // namespace commy
