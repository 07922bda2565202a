// commy/memory/ring_repair.hpp: what the dead leave in rings.
#pragma once

#include <commy/memory/ring_cells.hpp>
#include <commy/memory/sweep.hpp>

#include <array>
#include <cstdint>

namespace commy::memory {

/// The loans that one message names, in the order of its fields.
struct named_loans {
  std::array<loan_handle, loans_max> handles;
  std::uint32_t count = 0;
  /// The block that carries the payload, if any; not among `handles`.
  loan_handle carrier;
};

/// Reads which loans a message names that lies in its cell. False: nonsense.
[[nodiscard]] inline bool read_inline_named(const cell_copy& message,
                                            named_loans& into) noexcept {
  into.count = 0;
  into.carrier = {};
  if (message.info.bytes() > inline_bytes) return false;
  for (unsigned which = 0; which < 2; ++which) {
    const auto at = message.info.place(which);
    if (at == cell_info::no_place) continue;
    if (std::size_t{8} * at + sizeof(loan_handle) > message.info.bytes()) {
      into.count = 0;
      return false;
    }
    into.handles[into.count++] = {message.payload[at], message.payload[at + 1]};
  }
  return true;
}

/// Reads which loans a message names, and where its payload's carrier is. Every
/// number comes from shared bytes: false when they make no sense.
/// `carrier_word` is what the carrier's word must be before and after its
/// header was copied, so that the copy is of this message.
[[nodiscard]] bool read_named(const image& img, const cell_copy& message,
                              block_word carrier_word,
                              named_loans& into) noexcept;

/// Frees what a message names and what still lies in `reader`'s ring. Returns
/// how many blocks. Threads and processes may do so side by side: each block
/// is freed once.
std::uint32_t release_named(const image& img, slot_index reader,
                            const cell_copy& message) noexcept;

/// Skips a claim of a dead sender: frees the blocks that it had put into the
/// ring already, then the cell. False when the cell is no longer `seen`.
/// The caller has the kernel's word that the sender is dead.
bool skip_claim(const image& img, slot_index reader, ring_cell& cell,
                cell_word seen, sweep_report& report) noexcept;

/// Rings in the second phase of a sweep: closes the ring of `dead` and empties
/// it, and skips its claims in all others. Comes before `sweep_loans`, which
/// frees the blocks themselves. Pure and restartable, as the whole sweep.
void sweep_rings(const image& img, slot_index dead,
                 sweep_report& report) noexcept;

}  // namespace commy::memory
