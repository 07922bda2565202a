#include <commy/base/log.hpp>
#include <commy/host/segment_mail.hpp>
#include <commy/memory/loan.hpp>

#include <bit>
#include <string>
#include <utility>

namespace commy::host {

result<void, inbox_error> segment_mail::open(const segment& shared) {
  auto inbox = message::inbox::open(shared);
  if (!inbox) return unexpected{inbox.error()};
  const auto handle = [this](const message::parcel& parcel) {
    return deliver(parcel);
  };
  auto source = std::make_unique<inbox_source>(std::move(*inbox), handle);
  std::unique_ptr<message::inbox_thread> thread;
  const std::lock_guard hold{mutex_};
  // First: nothing may fail once workers are in the source.
  boxes_.reserve(boxes_.size() + 1);
  if (!actors_.attach(*source)) {
    thread = std::make_unique<message::inbox_thread>(std::move(source->box()),
                                                     handle);
    source.reset();
  }
  boxes_.push_back({shared, std::move(source), std::move(thread)});
  return {};
}

result<void, inbox_error> segment_mail::publish(std::string_view actor) {
  const std::lock_guard hold{mutex_};
  for (const auto& b : boxes_) {
    if (auto done = b.inbox().publish(actor); !done) return done;
  }
  return {};
}

void segment_mail::close() {
  std::vector<box> ended;
  {
    const std::lock_guard hold{mutex_};
    ended.swap(boxes_);
  }
  // Without the lock: a handler that resolves must not wait for us.
  for (const auto& b : ended) {
    if (b.source != nullptr) actors_.detach(*b.source);
  }
  ended.clear();
}

bool segment_mail::deliver(const message::parcel& parcel) {
  const auto done =
      actors_.deliver(parcel.target(), parcel.id(), parcel.bytes());
  if (done) return true;
  // relaxed: counts, and this thread alone decides on its own figure.
  const auto count = refused_.fetch_add(1, std::memory_order_relaxed) + 1;
  // The first, second, fourth, ...: a flood is told of without being one.
  if (std::has_single_bit(count)) {
    log(log_level::warning, "host",
        "a message of another process to " + std::string{parcel.target()} +
            " was refused (" + std::to_string(count) +
            " so far): " + done.error().message());
  }
  return false;
}

handle_resolver::found segment_mail::resolve(
    const std::array<std::uint64_t, 2>& handle) {
  const loan_handle named{handle[0], handle[1]};
  std::shared_ptr<memory::engine> owner;
  {
    const std::lock_guard hold{mutex_};
    for (const auto& b : boxes_) {
      if (memory::segment_number(b.shared.engine()->img()) == named.segment()) {
        owner = b.shared.engine();
      }
    }
  }
  if (owner == nullptr) return {};
  auto block = memory::loan_block::adopt(std::move(owner), named);
  if (!block) return {};
  auto keep = std::make_shared<memory::loan_block>(std::move(*block));
  const std::span<const std::byte> bytes{
      keep->data(), static_cast<std::size_t>(keep->bytes())};
  return {bytes, std::move(keep)};
}

}  // namespace commy::host
