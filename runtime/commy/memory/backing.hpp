// commy/memory/backing.hpp: what a segment's engine asks of the system.
#pragma once

#include <commy/memory/geometry.hpp>
#include <commy/memory/segment_files.hpp>
#include <commy/memory/words.hpp>
#include <commy/platform/liveness.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace commy::memory {

/// The slow paths of a segment: growth, liveness, page claims, sleeping. One
/// implementation stands on files (`file_backing`); the crash explorer has
/// another on private copies of the bytes, where it decides who is dead.
class backing {
public:
  backing() = default;
  backing(const backing&) = delete;
  backing& operator=(const backing&) = delete;
  virtual ~backing() = default;

  [[nodiscard]] virtual std::byte* data() const noexcept = 0;
  [[nodiscard]] virtual std::byte* control() const noexcept = 0;
  [[nodiscard]] virtual bool writable() const noexcept = 0;
  /// The sizes as they were checked: what the header says may change later.
  [[nodiscard]] virtual const geometry& sizes() const noexcept = 0;

  /// Makes the first `bytes` bytes usable; false when the disk is full.
  [[nodiscard]] virtual bool extend_data(std::uint64_t bytes) noexcept = 0;
  [[nodiscard]] virtual bool extend_control(std::uint64_t bytes) noexcept = 0;

  /// Page claims and growth are made by one thread of one process at a time.
  /// The lock falls with its holder; what it left is judged by the next one.
  [[nodiscard]] virtual bool lock_pages(
      std::chrono::milliseconds at_most) noexcept = 0;
  virtual void unlock_pages() noexcept = 0;

  [[nodiscard]] virtual bool try_claim(slot_index slot) noexcept = 0;
  virtual void release(slot_index slot) noexcept = 0;
  [[nodiscard]] virtual bool is_alive(
      slot_index slot, platform::process_identity who) const noexcept = 0;

  /// Lets go of the right to write. True if nobody else has it now: then nobody
  /// gets it before the backing ends, and the caller may settle what the dead
  /// left and call `mark_clean`.
  [[nodiscard]] virtual bool stop_writing() noexcept { return false; }
  /// Brings all bytes to their storage, and says so in the header.
  virtual void mark_clean() noexcept {}
  /// What to hand to another process.
  [[nodiscard]] virtual segment_files files() const noexcept { return {}; }

  virtual void park(lane_index lane, const std::atomic<std::uint32_t>& word,
                    std::uint32_t seen,
                    std::chrono::nanoseconds at_most) noexcept = 0;
  virtual void unpark(lane_index lane,
                      std::atomic<std::uint32_t>& word) noexcept = 0;
};

}  // namespace commy::memory
