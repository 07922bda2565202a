#include <commy/actor/send.hpp>
#include <commy/actor/wire_port.hpp>

#include <algorithm>
#include <cstring>

namespace commy {
namespace {

/// An envelope around a copy of the bytes.
result<message::envelope*, deliver_error> copied(
    const wire_entry& entry, std::uint32_t generation,
    std::span<const std::byte> bytes) noexcept {
  // Wire messages are aligned to at most 8, so these are their offsets too.
  const auto header = entry.ops.is_request ? sizeof(message::request_envelope)
                                           : sizeof(message::envelope);
  const auto size_class = message::size_class_for(header + bytes.size());
  void* const block =
      message::allocate_block(header + bytes.size(), size_class);
  if (block == nullptr) return unexpected{deliver_error::out_of_memory};
  auto* const made = entry.ops.is_request ? ::new (block)
                                                message::request_envelope
                                          : ::new (block) message::envelope;
  made->ops = &entry.ops;
  made->generation = generation;
  made->size_class = size_class;
  auto* const copy = message::bytes_of(*made) + header;
  if (!bytes.empty()) std::memcpy(copy, bytes.data(), bytes.size());
  if (entry.accepts != nullptr && !entry.accepts(copy)) {
    message::free_envelope(*made);
    return unexpected{deliver_error::invalid_bytes, entry.ops.message_name};
  }
  return made;
}

}  // namespace

const wire_entry* wire_port::find(message_id id) const noexcept {
  const auto at = std::find_if(protocol_.begin(), protocol_.end(),
                               [&](const wire_entry& e) { return e.id == id; });
  return at == protocol_.end() ? nullptr : &*at;
}

result<void, deliver_error> wire_port::deliver(
    message_id id, std::span<const std::byte> bytes, const loan_source& loans,
    message::reply_slot reply) const noexcept {
  const auto* const entry = find(id);
  if (entry == nullptr || (reply.who != 0 && !entry->ops.is_request)) {
    return unexpected{deliver_error::unknown_message};
  }
  if (bytes.size() != entry->payload_bytes) {
    failure_detail detail;
    detail.text.append(entry->ops.message_name);
    detail.wanted = entry->payload_bytes;
    detail.found = bytes.size();
    return unexpected{deliver_error::wrong_size, detail};
  }
  auto& inlet = to_.at->inlet;
  if (inlet.generation() != to_.generation) {
    return unexpected{deliver_error::stopped};
  }
  const auto made = entry->decode != nullptr
                        ? entry->decode(*entry, to_.generation, bytes, loans)
                        : copied(*entry, to_.generation, bytes);
  if (!made) return unexpected{made.error()};
  auto* const e = *made;
  if (entry->ops.is_request) {
    static_cast<message::request_envelope*>(e)->reply = reply;
  }
  // By the receiver's code, which gives the same back.
  const auto amount = message::room_of(*e);
  const bool fits = inlet.try_reserve(amount);
  const auto how = actors::enqueue(to_, *e, amount, fits);
  if (how == actors::sent::accepted) return {};
  message::drop_envelope(*e);
  return unexpected{how == actors::sent::full ? deliver_error::mailbox_full
                    : how == actors::sent::out_of_memory
                        ? deliver_error::out_of_memory
                        : deliver_error::stopped};
}

}  // namespace commy
