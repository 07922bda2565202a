#include <commy/base/fence.hpp>
#include <commy/memory/journal.hpp>
#include <commy/memory/loan_run.hpp>
#include <commy/memory/ring_repair.hpp>

#include <cstring>

namespace commy::memory {
namespace {

/// Copies handles and checks the carrier they lie in. False: nonsense.
bool read_carrier(const image& img, const block_place& carrier,
                  std::uint32_t bytes, named_loans& into) noexcept {
  const auto room = room_of(img, carrier);
  carrier_header header;
  if (room.bytes < sizeof header + std::uint64_t{bytes}) return false;
  const auto* const content = img.bytes(room.at);
  std::memcpy(&header, content, sizeof header);
  if (header.bytes != bytes || header.loans > loans_max) return false;
  for (std::uint32_t i = 0; i < header.loans; ++i) {
    const auto at = 8ULL * header.places[i];
    if (at + sizeof(loan_handle) > bytes) return false;
    std::memcpy(&into.handles[i], content + sizeof header + at,
                sizeof(loan_handle));
  }
  into.count = header.loans;
  return true;
}

}  // namespace

bool read_named(const image& img, const cell_copy& message,
                block_word carrier_word, named_loans& into) noexcept {
  into.count = 0;
  into.carrier = {};
  // A claim whose sender died before it wrote anything names nothing.
  if (!message.info.is_of(message.word)) return true;
  if (message.info.carried()) {
    const loan_handle carrier{message.payload[0], message.payload[1]};
    const auto place = find_block(img, carrier.block(), block_kind::loan);
    if (!place || carrier.segment() != segment_number(img)) return false;
    into.carrier = carrier;
    auto& word = img.word(place.word);
    if (word.load(std::memory_order_acquire) != carrier_word.raw) return false;
    const bool sound = read_carrier(img, place, message.info.bytes(), into);
    fence::acquire();  // The header's bytes come before the second look.
    if (!sound || word.load(std::memory_order_relaxed) != carrier_word.raw) {
      into.count = 0;
      return false;
    }
    return true;
  }
  return read_inline_named(message, into);
}

std::uint32_t release_named(const image& img, slot_index reader,
                            const cell_copy& message) noexcept {
  const auto release = [&](loan_handle handle) -> std::uint32_t {
    const auto place = find_block(img, handle.block(), block_kind::loan);
    return place && free_loan(img, place,
                              in_ring_of(reader, handle.generation()))
               ? 1
               : 0;
  };
  const loan_handle carrier{message.payload[0], message.payload[1]};
  named_loans named;
  // A sender hands over the loans before their carrier, so at its death the
  // carrier may still be its own.
  if (!read_named(img, message, in_ring_of(reader, carrier.generation()),
                  named) &&
      message.word.sender() != 0) {
    static_cast<void>(read_named(
        img, message,
        owned_by(message.word.sender() - 1, carrier.generation() - 1), named));
  }
  std::uint32_t freed = 0;
  if (planted == planted_bug::carrier_freed_first && named.carrier) {
    freed += release(named.carrier);
  }
  for (std::uint32_t i = 0; i < named.count; ++i) {
    freed += release(named.handles[i]);
  }
  // Last: as long as it stands, an interrupted repair finds the others.
  if (named.carrier) freed += release(named.carrier);
  return freed;
}

bool skip_claim(const image& img, slot_index reader, ring_cell& cell,
                cell_word seen, sweep_report& report) noexcept {
  const auto message = copy_cell(cell, seen);
  fence::acquire();  // The copy comes before the second look.
  // Somebody else may have skipped it, and the cell serve another message.
  if (cell.word.load(std::memory_order_relaxed) != seen.raw) return false;
  report.loans += release_named(img, reader, message);
  auto expected = seen.raw;
  // release: the blocks are free before the cell is.
  if (!cell.word.compare_exchange_strong(expected, seen.emptied().raw,
                                         std::memory_order_acq_rel,
                                         std::memory_order_relaxed)) {
    return false;
  }
  ++report.claims;
  return true;
}

void sweep_rings(const image& img, slot_index dead,
                 sweep_report& report) noexcept {
  if (const auto own = ring_of(img, dead)) {
    // seq_cst, [hand-over]: a sender either sees that nobody reads here any
    // more and takes its message back, or has put its loans into the ring
    // before sweep_loans() looks at them.
    own.header->reader.store(0, std::memory_order_seq_cst);
    own.header->sleeper.store(0, std::memory_order_relaxed);
    for (std::uint32_t i = 0; i < own.count; ++i) {
      auto& word = own.cells[i].word;
      cell_word now{word.load(std::memory_order_acquire)};
      // What a living sender has claimed it also finishes, then takes back.
      if (now.state() == cell_state::full &&
          word.compare_exchange_strong(now.raw, now.emptied().raw,
                                       std::memory_order_acq_rel,
                                       std::memory_order_relaxed)) {
        ++report.messages;
      }
    }
  }
  for (slot_index s = 0; s < img.sizes().participants; ++s) {
    const auto ring = ring_of(img, s);
    if (!ring) continue;
    for (std::uint32_t i = 0; i < ring.count; ++i) {
      auto& cell = ring.cells[i];
      const cell_word now{cell.word.load(std::memory_order_acquire)};
      if (now.sender() != dead + 1) continue;
      if (now.state() == cell_state::claimed) {
        skip_claim(img, s, cell, now, report);
      } else if (now.state() == cell_state::full &&
                 !reads_here(ring,
                             cell.target.load(std::memory_order_relaxed))) {
        // It died before it could take this back from a ring without reader.
        // The cell stays for the next reader; only its blocks have nobody.
        const auto message = copy_cell(cell, now);
        fence::acquire();
        if (cell.word.load(std::memory_order_relaxed) == now.raw) {
          report.loans += release_named(img, s, message);
        }
      }
    }
  }
}

}  // namespace commy::memory
