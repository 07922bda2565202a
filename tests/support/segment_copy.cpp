#include "segment_copy.hpp"

#include <commy/memory/ring_repair.hpp>

#include <algorithm>
#include <cstring>
#include <new>
#include <stdexcept>

namespace commy::test {

using memory::control_capacity;

/// What an engine on a copy asks of the system.
class segment_copy::bytes_backing final : public memory::backing {
public:
  bytes_backing(segment_copy& copy, bool writable)
      : copy_{&copy}, writable_{writable} {}

  [[nodiscard]] std::byte* data() const noexcept override {
    return copy_->image_.bytes(0);
  }
  [[nodiscard]] std::byte* control() const noexcept override {
    return copy_->image_.control_bytes(0);
  }
  [[nodiscard]] bool writable() const noexcept override { return writable_; }

  [[nodiscard]] const memory::geometry& sizes() const noexcept override {
    return copy_->sizes_;
  }

  bool extend_data(std::uint64_t bytes) noexcept override {
    if (copy_->disk_full_ || bytes > copy_->sizes_.capacity) return false;
    copy_->data_used_ = std::max(copy_->data_used_, bytes);
    return true;
  }
  bool extend_control(std::uint64_t bytes) noexcept override {
    if (copy_->disk_full_ || bytes > control_capacity(copy_->sizes_)) {
      return false;
    }
    copy_->control_used_ = std::max(copy_->control_used_, bytes);
    return true;
  }
  // One thread, and the dead hold no lock.
  bool lock_pages(std::chrono::milliseconds) noexcept override { return true; }
  void unlock_pages() noexcept override {}

  bool try_claim(memory::slot_index slot) noexcept override {
    const memory::slot_word now{copy_->image_.slot(slot).word.load()};
    if (copy_->attached_[slot] ||
        (copy_->others_alive_ && now.state() == memory::slot_state::live)) {
      return false;
    }
    copy_->attached_[slot] = true;
    return true;
  }
  void release(memory::slot_index slot) noexcept override {
    copy_->attached_[slot] = false;
  }
  [[nodiscard]] bool is_alive(
      memory::slot_index slot,
      platform::process_identity) const noexcept override {
    return copy_->attached_[slot] || copy_->others_alive_;
  }
  // Nobody else runs, so nobody could wake us: whoever waits looks again.
  void park(memory::lane_index, const std::atomic<std::uint32_t>&,
            std::uint32_t, std::chrono::nanoseconds) noexcept override {}
  void unpark(memory::lane_index,
              std::atomic<std::uint32_t>& word) noexcept override {
    word.fetch_add(1);
  }

private:
  segment_copy* copy_;
  bool writable_;
};

namespace {

std::byte* aligned(std::byte* at) {
  const auto address = reinterpret_cast<std::uintptr_t>(at);
  return at + (4096 - address % 4096) % 4096;
}

}  // namespace

segment_copy::segment_copy(const memory::geometry& sizes)
    : sizes_{sizes},
      owned_{new std::byte[sizes.capacity + control_capacity(sizes) + 8192]{}},
      image_{aligned(owned_.get()), aligned(owned_.get()) + sizes.capacity,
             sizes},
      attached_(sizes.participants) {}

segment_copy::segment_copy(const memory::geometry& sizes, std::byte* data,
                           std::byte* control)
    : sizes_{sizes},
      image_{data, control, sizes},
      attached_(sizes.participants) {}

void segment_copy::load(const segment_bytes& bytes) {
  if (std::ranges::find(attached_, true) != attached_.end()) {
    throw std::logic_error{"an engine is attached to the copy"};
  }
  const auto fill = [](std::byte* to, std::uint64_t& used,
                       const std::vector<std::byte>& from) {
    std::ranges::copy(from, to);
    if (used > from.size()) {
      std::fill(to + from.size(), to + used, std::byte{0});
    }
    used = from.size();
  };
  fill(image_.bytes(0), data_used_, bytes.data);
  fill(image_.control_bytes(0), control_used_, bytes.control);
}

segment_bytes segment_copy::bytes() const {
  const auto* const data = image_.bytes(0);
  const auto* const control = image_.control_bytes(0);
  return {{data, data + image_.committed()},
          {control, control + image_.control_committed()}};
}

bool segment_copy::holds(const segment_bytes& what) const {
  const auto same = [](const std::byte* at, std::uint64_t size,
                       const std::vector<std::byte>& as) {
    return size == as.size() && std::memcmp(at, as.data(), size) == 0;
  };
  return same(image_.bytes(0), image_.committed(), what.data) &&
         same(image_.control_bytes(0), image_.control_committed(),
              what.control);
}

std::shared_ptr<memory::engine> segment_copy::attach(bool writable) {
  return memory::engine::attach(
             std::make_unique<bytes_backing>(*this, writable), "copy")
      .value();
}

memory::sweep_report segment_copy::sweep() const {
  memory::sweep_report all;
  for (memory::slot_index i = 0; i < sizes_.participants; ++i) {
    const memory::slot_word word{image_.slot(i).word.load()};
    if (word.state() != memory::slot_state::live || attached_[i]) continue;
    const auto one = memory::sweep_lanes(image_, i);
    all.lanes += one.lanes;
    all.rolled_back += one.rolled_back;
    all.rolled_forward += one.rolled_forward;
    all.locks += one.locks;
    all.guards += one.guards;
    memory::sweep_rings(image_, i, all);
    all.loans += memory::sweep_loans(image_, i);
    all.poisoned |= one.poisoned;
    if (one.poisoned) continue;
    // As engine::recover() ends: from now on nothing may name this slot.
    image_.slot(i).word.store(memory::slot_word::make(memory::slot_state::free,
                                                      word.generation() + 1, 0)
                                  .raw);
  }
  return all;
}

}  // namespace commy::test
