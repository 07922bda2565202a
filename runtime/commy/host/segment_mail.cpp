#include <commy/host/segment_mail.hpp>
#include <commy/memory/loan.hpp>

#include <utility>

namespace commy::host {

segment_mail::~segment_mail() { close(); }

result<void, inbox_error> segment_mail::open(
    const segment& shared, const message::inbox_options& options) {
  auto made = exchange::open(actors_, peers_, shared, options);
  if (!made) return unexpected{made.error()};
  const std::lock_guard hold{mutex_};
  boxes_.push_back(std::move(*made));
  return {};
}

std::vector<std::shared_ptr<exchange>> segment_mail::all() const {
  const std::lock_guard hold{mutex_};
  return boxes_;
}

std::shared_ptr<exchange> segment_mail::of(const segment& shared) const {
  const std::lock_guard hold{mutex_};
  for (const auto& b : boxes_) {
    if (b->engine() == shared.engine()) return b;
  }
  return nullptr;
}

result<void, inbox_error> segment_mail::publish(std::string_view actor) {
  return publish_port(actor, std::nullopt);
}

result<void, inbox_error> segment_mail::publish_port(
    std::string_view name, const std::optional<wire_port>& port) {
  for (const auto& b : all()) {
    if (auto done = b->publish(name, port); !done) return done;
  }
  return {};
}

void segment_mail::withdraw(std::string_view name) {
  for (const auto& b : all())
    b->withdraw(name);
}

void segment_mail::close() {
  std::vector<std::shared_ptr<exchange>> ended;
  {
    const std::lock_guard hold{mutex_};
    ended.swap(boxes_);
  }
  // Without the lock: a handler that resolves must not wait for us.
  std::uint64_t refused = 0;
  for (const auto& b : ended) {
    b->close();
    refused += b->statistics().refused;
  }
  const std::lock_guard hold{mutex_};
  refused_before_ += refused;
}

std::uint64_t segment_mail::refused() const {
  std::uint64_t sum = 0;
  for (const auto& b : all())
    sum += b->statistics().refused;
  const std::lock_guard hold{mutex_};
  return sum + refused_before_;
}

exchange_statistics segment_mail::statistics(const segment& shared) const {
  const auto open = of(shared);
  return open == nullptr ? exchange_statistics{} : open->statistics();
}

handle_resolver::found segment_mail::resolve(
    const std::array<std::uint64_t, 2>& handle) {
  const loan_handle named{handle[0], handle[1]};
  std::shared_ptr<memory::engine> owner;
  for (const auto& b : all()) {
    if (memory::segment_number(b->engine()->img()) == named.segment()) {
      owner = b->engine();
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
