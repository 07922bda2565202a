// commy/memory/file_backing.hpp: a segment's bytes in two mapped files.
#pragma once

#include <commy/memory/backing.hpp>
#include <commy/memory/segment_error.hpp>
#include <commy/platform/mapping.hpp>
#include <commy/platform/wake.hpp>

#include <memory>
#include <string>

namespace commy::memory {

/// The two files of a segment, mapped for their whole capacity: in a folder, or
/// without a name in memory.
///
/// Three bytes' locks tell who has it open: byte 0 of *data* is held shared by
/// all, byte 1 of *data* by all who write, byte *slot* of *control* by the
/// participant. The last writer to leave marks the segment clean; the next one
/// takes the mark back before it writes.
class file_backing final : public backing {
public:
  /// Makes both files in an existing, empty folder, with headers and the first
  /// pages, but without a directory object. The answer holds the data file's
  /// opener byte, which tells others that the folder is still being worked on.
  static result<platform::file_lock, segment_error> format(
      const std::string& folder, const geometry& sizes);
  /// Maps the files of a folder after checking both headers. Holds a shared
  /// lock on the data file's first byte as long as it lives; an `exclusive` one
  /// on request, else `in_use`: then nobody else has the segment open, and
  /// `is_stale()` is the caller's affair. A last writer who is still bringing
  /// the segment to its disk is waited for until `patience` ends (`closing`).
  static result<std::unique_ptr<file_backing>, segment_error> open(
      const std::string& folder, platform::access mode,
      platform::lock_mode opener = platform::lock_mode::shared,
      std::chrono::nanoseconds patience = std::chrono::seconds{60});
  /// Makes a segment without a name, as `format` does and open for writing.
  static result<std::unique_ptr<file_backing>, segment_error> create_anonymous(
      const geometry& sizes);
  /// Maps files that another process handed over; its descriptors stay the
  /// caller's. Refuses files that somebody could make shorter.
  static result<std::unique_ptr<file_backing>, segment_error> adopt(
      const segment_files& given, platform::access mode,
      std::chrono::nanoseconds patience = std::chrono::seconds{60});
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
  [[nodiscard]] segment_files files() const noexcept override {
    return {data_file_.native(), control_file_.native()};
  }
  /// Last written under another boot, and not marked clean: nobody knows which
  /// of its pages reached the storage.
  [[nodiscard]] bool is_stale() const noexcept;
  [[nodiscard]] bool stop_writing() noexcept override;
  void mark_clean() noexcept override;

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
  /// Checks what the opened files say of themselves, and maps them. `place` is
  /// for messages.
  result<void, segment_error> map(const std::string& place,
                                  platform::access mode);
  result<void, segment_error> start_writing(const std::string& place,
                                            std::chrono::nanoseconds patience);

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
/// Every writer holds it shared; exclusive while the last one marks the segment
/// clean.
inline constexpr std::uint64_t writer_byte = 1;

/// A file's failure as a segment's.
unexpected<segment_error> refuse(const failure<platform::file_error>& why,
                                 std::string_view place);

}  // namespace commy::memory
