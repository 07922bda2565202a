// The mark of a segment that was closed cleanly: when it is made, when taken
// back. See "Where the bytes lie" in DESIGN.md.
#include <commy/memory/control_layout.hpp>
#include <commy/memory/data_layout.hpp>
#include <commy/memory/file_backing.hpp>

#include <algorithm>

namespace commy::memory {

bool file_backing::is_stale() const noexcept {
  const auto& header = *reinterpret_cast<const data_header*>(data());
  // acquire, pairs with the release that takes the mark back: the boot's number
  // was written before.
  if (header.clean.load(std::memory_order_acquire) != 0) return false;
  const auto boot = platform::boot_id();
  return header.boot[0].load(std::memory_order_relaxed) != boot[0] ||
         header.boot[1].load(std::memory_order_relaxed) != boot[1];
}

result<void, segment_error> file_backing::start_writing(
    const std::string& place, std::chrono::nanoseconds patience) {
  const auto at_most_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(patience).count();
  if (!opener_.lock_for(writer_byte, platform::lock_mode::shared,
                        static_cast<std::uint32_t>(std::clamp<std::int64_t>(
                            at_most_ms, 0, 3'600'000)))) {
    return unexpected{segment_error::closing, place};
  }
  if (is_stale()) return unexpected{segment_error::stale, place};
  auto& header = *reinterpret_cast<data_header*>(data());
  if (header.clean.load(std::memory_order_relaxed) == 0) return {};
  const auto boot = platform::boot_id();
  header.boot[0].store(boot[0], std::memory_order_relaxed);
  header.boot[1].store(boot[1], std::memory_order_relaxed);
  header.clean.store(0, std::memory_order_release);
  // Before any other byte: a storage must not hold both a mark and changes.
  data_.flush(sizeof(data_header));
  if (auto done = data_file_.sync(); !done) return refuse(done.error(), place);
  return {};
}

bool file_backing::stop_writing() noexcept {
  // First let go: of two who leave at the same time each would see the other.
  opener_.unlock(writer_byte);
  return opener_.try_lock(writer_byte, platform::lock_mode::exclusive);
}

void file_backing::mark_clean() noexcept try {
  auto& header = *reinterpret_cast<data_header*>(data());
  const auto& control =
      *reinterpret_cast<const control_header*>(control_.data());
  data_.flush(header.committed.load(std::memory_order_relaxed));
  control_.flush(control.committed.load(std::memory_order_relaxed));
  if (!data_file_.sync() || !control_file_.sync()) return;
  const auto boot = platform::boot_id();
  header.boot[0].store(boot[0], std::memory_order_relaxed);
  header.boot[1].store(boot[1], std::memory_order_relaxed);
  header.clean.store(1, std::memory_order_release);
  data_.flush(sizeof(data_header));
  static_cast<void>(data_file_.sync());
} catch (...) {
  return;  // No memory for an error's text: it stays without a mark.
}

}  // namespace commy::memory
