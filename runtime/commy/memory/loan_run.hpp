// commy/memory/loan_run.hpp: what is lent and larger than a block of a slab.
#pragma once

#include <commy/memory/loan_words.hpp>

#include <array>
#include <cstdint>

namespace commy::memory {

class engine;

/// A large loan is a small one: a descriptor, a loan block like any other,
/// whose word decides as every loan's does. So rings, handles, adopting and
/// sweeping know nothing of it. It names the run of pages where the content
/// lies, and keeps it when it is given back, as a slab keeps its memory: the
/// next loan of that size finds both together, and no hop costs more for a
/// larger content.
///
/// A run is attached while its head's word says so: {loan, generation, pages of
/// the descriptor's class}, with the generation that the descriptor names. One
/// word decides. Only who owns the descriptor attaches or detaches, in steps
/// that a death may cut anywhere:
///
///     attach   page FREE(g) -> FREE(g+1), descriptor names {page, g+2},
///              page FREE(g+1) -> LOAN(g+2); under the page lock
///     detach   descriptor FREE -> OWNED, page LOAN(g) -> FREE(g+1),
///              descriptor names nothing, OWNED -> FREE
///
/// A name left behind by a death names nothing, now and later: its generation
/// is above the page's, or below, and whoever attaches the page next goes
/// beyond it first. So a sweep treats descriptors as blocks and has nothing to
/// do for runs. (Generations of pages have 24 bits. The sweep clears the names
/// that a death left, so none is there for as long as it takes to come round.)
struct loan_descriptor {
  shared_u64 run;  // run_name
  std::array<shared_u64, 4> unused;
  loan_tail tail;
};
static_assert(sizeof(loan_descriptor) == class_bytes(descriptor_class));

/// {page 40, its generation 24}; 0 is no run, since page 0 is never one.
struct run_name {
  std::uint64_t raw = 0;

  [[nodiscard]] static constexpr run_name make(
      std::uint64_t page, std::uint64_t generation) noexcept {
    return {page << 24U | (generation & 0xff'ffffU)};
  }
  [[nodiscard]] constexpr std::uint64_t page() const noexcept {
    return raw >> 24U;
  }
  [[nodiscard]] constexpr std::uint64_t generation() const noexcept {
    return raw & 0xff'ffffU;
  }
};

/// Where the content of a loan lies. Empty: nowhere.
struct loan_room {
  offset at = 0;
  std::uint64_t bytes = 0;

  [[nodiscard]] explicit operator bool() const noexcept { return at != 0; }
};

/// In its block, or in the run that is attached to it. What the descriptor says
/// is input: empty unless the page's word bears it out. It stands still for
/// whoever owns the block. Cost: for a large one three loads of shared lines
/// that hardly anybody writes.
[[nodiscard]] loan_room room_of(const image& img,
                                const block_place& place) noexcept;

/// The class whose slabs serve loans of `bytes`; `slab_class_count` for none.
[[nodiscard]] std::uint32_t loan_class_for(const image& img,
                                           std::uint64_t bytes) noexcept;
/// The largest loan of a segment of these sizes: a chunk without its head.
[[nodiscard]] constexpr std::uint64_t largest_loan(
    const geometry& sizes) noexcept {
  return std::uint64_t{sizes.chunk_bytes} - sizes.page_bytes;
}

/// Attaches a run. Requires: the descriptor is this participant's, and has
/// none. Takes the page lock. Throws `write_failed`.
void attach_run(engine& owner, const block_place& descriptor);

/// Clears the name of a run that was never attached, or is no more. Requires:
/// the descriptor's owner is dead, and the caller sweeps it; or nobody has the
/// segment open.
void forget_lost_run(const image& img, const block_place& descriptor) noexcept;

/// What the head of a descriptor's run says when a transaction of `lane` has
/// taken it; none when no run is attached. See transaction::keep().
[[nodiscard]] page_word kept_run(const image& img,
                                 const block_place& descriptor,
                                 lane_index lane) noexcept;
/// The run becomes what `kept` says, and the descriptor has none. Requires: the
/// descriptor is this participant's, `kept` is of `kept_run` and in the lane's
/// journal. A death in between leaves a name that is none.
void part_run(const image& img, const block_place& descriptor,
              page_word kept) noexcept;
/// Is the run at `page` that transaction's still, dropped by it perhaps?
[[nodiscard]] bool is_parted(const image& img, std::uint64_t page,
                             page_word kept) noexcept;
/// Undoes `part_run`. Requires: `is_parted`, and the descriptor is this
/// participant's again, so that its sweep clears the name of a broken off try.
void rejoin_run(const image& img, const block_place& descriptor,
                std::uint64_t page, page_word kept) noexcept;

/// Detaches runs of free descriptors, of whatever size, until `count` free
/// pages lie in a row; answers the first, or 0. Requires: the page lock.
/// Threads that take such a descriptor meanwhile attach another run. Cost: a
/// look at each page word and at each descriptor.
[[nodiscard]] std::uint64_t detach_runs(engine& owner, std::uint64_t count);

/// Detaches all runs of free descriptors. Requires: nobody has the segment
/// open. May be cut off anywhere and done again.
void detach_all_runs(const image& img) noexcept;

/// Fills the magazine with free descriptors that have runs: of this lane's
/// slabs, else of others'. False when there are none. Cost: a look at the
/// descriptors in use, up to the first free ones behind those found last.
[[nodiscard]] bool restock_runs(lane& mine, slab_use use);
/// One free descriptor without a run into the magazine. False for none.
[[nodiscard]] bool restock_spare(lane& mine, slab_use use);

/// Calls `visit(place)` for each descriptor of a segment, and `after()` after
/// each slab of them; ends when that answers true.
template <class Visit, class After>
void for_each_descriptor(const image& img, Visit&& visit, After&& after) {
  const auto pages = img.page_count();
  for (std::uint64_t p = 0; p < pages;) {
    const page_word page{img.page(p).load(std::memory_order_acquire)};
    const auto use = page.count();
    if (page.state() == page_state::slab && slab_use::is_one(use) &&
        is_large(slab_use::of(use).cls)) {
      const auto cls = slab_use::of(use).cls;
      const auto& shape = img.shape(cls);
      const auto base = p << img.page_shift();
      for (std::uint32_t i = 0; i < shape.count; ++i) {
        visit(block_place{
            base + shape.first + std::uint64_t{i} * shape.block_bytes,
            base + 64 + 8ULL * i, shape.block_bytes, cls, page.owner()});
      }
      if (after()) return;
    }
    p += page.heads_run() && page.count() > 0 ? page.count() : 1;
  }
}

}  // namespace commy::memory
