// commy/memory/fsck.hpp: is a segment whole, and can it be made so?
#pragma once

#include <commy/memory/image.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace commy {

enum class fsck_mode : std::uint8_t {
  check,   // Changes no byte.
  repair,  // Requires: nobody else uses the image, now or meanwhile.
};

/// What `fsck` found.
struct fsck_report {
  /// One sentence for each finding, the first thousand; empty if whole.
  std::vector<std::string> lines;
  std::uint64_t findings = 0;
  /// How many of them were put right. What is left needs a person: two objects
  /// that share a block, or one that leads nowhere.
  std::uint64_t repaired = 0;
  std::uint64_t live_blocks = 0;
  std::uint64_t live_runs = 0;
  // Loans and bare blocks of attached participants, messages of topics.
  std::uint64_t lent = 0;

  [[nodiscard]] bool whole() const noexcept { return findings == 0; }
  /// All lines, each indented and ended.
  [[nodiscard]] std::string text() const;
};

/// Walks a segment in which nobody is at work, from the directory through
/// roots, type lines, tables, queues and texts, and compares what it reached
/// with what the words say. No finding proves: no live block leaks or is
/// shared, nothing that is reached dangles, every journal is idle, nothing is
/// locked, reserved or half written, every key of a map leads to its entry.
///
/// With `repair`: sweeps whoever left something; undoes what can still be read
/// of a journal that makes no sense and keeps the rest as it stands; frees what
/// nothing reaches, keeps what is reached; lifts the poison.
///
/// Every byte is input: a damaged or hostile image yields findings, never a
/// crash or a loop without end. Cost: each block word and each entry once, and
/// about 100 bytes of private memory for each live block.
[[nodiscard]] fsck_report fsck(const memory::image& img,
                               fsck_mode mode = fsck_mode::check);

}  // namespace commy
