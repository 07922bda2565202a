// commy/memory/file_backing.hpp: a segment's bytes in two mapped files.
#pragma once

#include <commy/memory/backing.hpp>
#include <commy/memory/segment_error.hpp>
#include <commy/platform/mapping.hpp>
#include <commy/platform/wake.hpp>

#include <memory>
#include <string>

namespace commy::memory {

/// The two files of a segment's folder, mapped for their whole capacity.
class file_backing final : public backing {
public:
  /// Makes both files in an existing, empty folder, with headers and the first
  /// pages, but without a directory object. The answer holds the data file's
  /// opener byte, which tells others that the folder is still being worked on.
  static result<platform::file_lock, segment_error> format(
      const std::string& folder, const geometry& sizes);
  /// Maps the files of a folder after checking both headers. Holds a shared
  /// lock on the data file's first byte as long as it lives; an `exclusive` one
  /// on request, else `in_use`: then nobody else has the segment open.
  static result<std::unique_ptr<file_backing>, segment_error> open(
      const std::string& folder, platform::access mode,
      platform::lock_mode opener = platform::lock_mode::shared);
  /// Ends the data file behind `bytes`, and the mapping with it. Requires: the
  /// opener lock is exclusive, and the header says no more than `bytes`.
  result<void, segment_error> cut_data(std::uint64_t bytes);

  [[nodiscard]] std::byte* data() const noexcept override {
    return data_.data();
  }
  [[nodiscard]] std::byte* control() const noexcept override {
    return control_.data();
  }
  [[nodiscard]] bool writable() const noexcept override { return writable_; }
  [[nodiscard]] const geometry& sizes() const noexcept override {
    return sizes_;
  }
  [[nodiscard]] std::uint64_t nonce() const noexcept { return nonce_; }

  bool extend_data(std::uint64_t bytes) noexcept override;
  bool extend_control(std::uint64_t bytes) noexcept override;
  bool lock_pages(std::chrono::milliseconds at_most) noexcept override;
  void unlock_pages() noexcept override { liveness_.unlock_growth(); }
  bool try_claim(slot_index slot) noexcept override {
    return liveness_.try_claim(slot);
  }
  void release(slot_index slot) noexcept override { liveness_.release(slot); }
  [[nodiscard]] bool is_alive(
      slot_index slot, platform::process_identity who) const noexcept override {
    return liveness_.is_alive(slot, who);
  }
  void park(lane_index lane, const std::atomic<std::uint32_t>& word,
            std::uint32_t seen,
            std::chrono::nanoseconds at_most) noexcept override {
    lot_.park(lane, word, seen, at_most);
  }
  void unpark(lane_index lane,
              std::atomic<std::uint32_t>& word) noexcept override {
    lot_.unpark(lane, word);
  }

private:
  file_backing() = default;

  platform::file data_file_;
  platform::file control_file_;
  platform::mapping data_;
  platform::mapping control_;
  platform::file_lock opener_;
  platform::liveness liveness_;
  platform::parking_lot lot_;
  std::uint64_t nonce_ = 0;
  geometry sizes_{};
  bool writable_ = false;
};

/// The byte of the data file that every opener locks: shared while it is open,
/// exclusive to remove the segment.
inline constexpr std::uint64_t opener_byte = 0;

}  // namespace commy::memory
