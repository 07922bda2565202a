// tests/crash/message/segment_watch.hpp: a segment seen after each store.
#pragma once

#include <commy/memory/journal.hpp>
#include <commy/platform/file.hpp>
#include <commy/platform/mapping.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <support/segment_copy.hpp>
#include <vector>

namespace commy::test {

/// One of the segment's files, as seen from outside.
class watched_file {
public:
  watched_file(const std::string& path, std::uint64_t capacity);
  /// Copies the file if a byte differs from the last copy.
  bool take(std::vector<std::byte>& last) const;

private:
  platform::file file_;
  platform::mapping map_;
};

/// Instrumented code takes twenty times as long and is stepped through as well;
/// it is there to find bad accesses, so every fourth state is enough for it.
/// Bugs that are planted show in few states, and are looked for in all.
[[nodiscard]] std::size_t stride_for(memory::planted_bug bug);

/// Steps through the sweep of `victim` in each of these states and calls
/// `check` with what it has left behind after each store. Returns how many.
std::uint64_t cut_sweeps(
    const std::vector<segment_bytes>& states, const memory::geometry& sizes,
    memory::slot_index victim, memory::planted_bug bug,
    const std::function<void(const segment_bytes&)>& check);

/// Both phases of a sweep, on the bytes alone.
memory::sweep_report sweep_all(const memory::image& img,
                               memory::slot_index dead);

}  // namespace commy::test
