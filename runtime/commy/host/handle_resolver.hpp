// commy/host/handle_resolver.hpp: from a handle in a message to its bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace commy {

/// Finds what handles point to, for those who cannot map segments themselves.
/// Threads: any.
class handle_resolver {
public:
  struct found {
    /// Empty when the handle leads nowhere.
    std::span<const std::byte> bytes;
    /// While this is held, the bytes stay and do not change.
    std::shared_ptr<const void> keep;
  };

  virtual ~handle_resolver() = default;
  /// `handle` is hostile: any two words. Never throws but for lack of memory.
  virtual found resolve(const std::array<std::uint64_t, 2>& handle) = 0;
};

}  // namespace commy
