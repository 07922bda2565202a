#include <commy/base/fence.hpp>
#include <commy/memory/classes.hpp>
#include <commy/memory/loan_run.hpp>
#include <commy/memory/page_owners.hpp>

#include <algorithm>

namespace commy::memory {
namespace {

/// Calls `visit(word)` for each other slot with the same bit; true if any call
/// was.
template <class Visit>
bool any_of_bit(const image& img, slot_index slot, Visit&& visit) noexcept {
  for (auto i = slot % 64; i < img.sizes().participants; i += 64) {
    if (i != slot && visit(img.slot(i))) return true;
  }
  return false;
}

/// Does the word lend its block to `of`, in a slab of this kind?
bool is_lent(block_word word, block_kind kind, slot_index of) noexcept {
  if (word.owner() != of + 1) return false;
  const auto state = word.state();
  if (state == block_state::owned || state == block_state::cached) return true;
  return state == (kind == block_kind::loan ? block_state::in_ring
                                            : block_state::returned);
}

block_place block_of(const image& img, offset base, std::uint32_t cls,
                     std::uint32_t i) noexcept {
  const auto& shape = img.shape(cls);
  return {base + shape.first + std::uint64_t{i} * shape.block_bytes,
          base + 64 + 8ULL * i, shape.block_bytes, cls, 0};
}

/// One participant's end, page by page.
struct ending {
  const image& img;
  slot_index of;
  owned_kinds kinds;
  bool alone;  // May clear bits.
  std::uint32_t freed = 0;

  void run(shared_u64& head, page_word now) noexcept {
    if (now.owner() != of + 1) return;
    // A CAS, because the living may free what a dead one took.
    if (head.compare_exchange_strong(now.raw, now.freed().raw,
                                     std::memory_order_acq_rel,
                                     std::memory_order_relaxed)) {
      ++freed;
    }
  }

  /// False when a block is left that names `of`.
  bool slab(std::uint64_t page, page_word now) noexcept {
    if (!slab_use::is_one(now.count())) return true;
    const auto [as, cls] = slab_use::of(now.count());
    if (!is_lent_out(as)) return true;
    const bool keep = as == block_kind::loan && kinds == owned_kinds::bare;
    const auto base = page << img.page_shift();
    const auto count = img.shape(cls).count;
    const auto before = freed;
    bool none_left = true;
    for (std::uint32_t i = 0; i < count; ++i) {
      auto& word = img.word(base + 64 + 8ULL * i);
      // seq_cst: after the store in sweep_rings() that closes the ring, see
      // [hand-over] in step_loan().
      block_word seen{word.load(std::memory_order_seq_cst)};
      // A CAS, because the living may take a loan out of a dead one's ring, or
      // give back what it took (OWNED -> RETURNED, which still names it).
      // Nobody steps from one such word to another more often than that.
      for (int tries = 0; tries < 3 && !keep && is_lent(seen, as, of);
           ++tries) {
        if (is_large(cls) && seen.state() == block_state::owned) {
          forget_lost_run(img, block_of(img, base, cls, i));
        }
        // release as in [free-block].
        if (word.compare_exchange_strong(seen.raw, seen.freed().raw,
                                         std::memory_order_acq_rel,
                                         std::memory_order_relaxed)) {
          ++freed;
          seen = seen.freed();
        }
      }
      none_left = none_left && !is_lent(seen, as, of);
    }
    // A hint for the lane that adopts the slab.
    if (freed != before) {
      img.slab(base).dirty.store(1, std::memory_order_relaxed);
    }
    return none_left;
  }

  void clear(std::uint64_t page) noexcept {
    auto& owners = img.owners(page);
    const auto bit = owner_bit(of);
    if (!alone || (owners.load(std::memory_order_relaxed) & bit) == 0) return;
    // release: what was freed in the page comes before.
    owners.fetch_and(~bit, std::memory_order_acq_rel);
  }
};

}  // namespace

bool is_alone_in_bit(const image& img, slot_index slot) noexcept {
  fence::full();  // [owners], see the head of this file's header.
  return !any_of_bit(img, slot, [](const participant_slot& other) {
    return slot_word{other.word.load(std::memory_order_seq_cst)}.state() !=
           slot_state::free;
  });
}

bool is_bit_being_cleared(const image& img, slot_index slot) noexcept {
  fence::full();  // [owners]
  return any_of_bit(img, slot, [](const participant_slot& other) {
    return slot_word{other.word.load(std::memory_order_seq_cst)}.state() !=
               slot_state::free &&
           other.sweeper.load(std::memory_order_seq_cst) != 0;
  });
}

std::uint32_t free_owned(const image& img, slot_index of, owned_kinds kinds,
                         owner_search where) noexcept {
  ending end{img, of, kinds, is_alone_in_bit(img, of)};
  const auto bit = owner_bit(of);
  const auto pages = img.page_count();
  const auto per_chunk = img.sizes().chunk_pages();
  for (std::uint64_t chunk = 0; chunk < pages; chunk += per_chunk) {
    const auto chunk_end = std::min<std::uint64_t>(pages, chunk + per_chunk);
    // seq_cst: after the store that closes the ring, as the look at the words.
    const auto noted = [&](std::uint64_t p) {
      return (img.owners(p).load(std::memory_order_seq_cst) & bit) != 0;
    };
    auto p = chunk;
    if (where == owner_search::noted) {
      while (p < chunk_end && !noted(p))
        ++p;
      if (p == chunk_end) continue;
      p = chunk;
    }
    // By page words, since only they say where a run ends; words and bits of
    // the pages behind its head mean nothing.
    while (p < chunk_end) {
      auto& head = img.page(p);
      const page_word now{head.load(std::memory_order_acquire)};
      const auto step =
          now.heads_run() ? std::max<std::uint64_t>(1, now.count()) : 1;
      bool none_left = true;
      if (where == owner_search::all || noted(p)) {
        if (now.state() == page_state::owned) end.run(head, now);
        if (now.state() == page_state::slab) none_left = end.slab(p, now);
      }
      for (auto last = std::min(p + step, chunk_end); p < last; ++p) {
        if (none_left) end.clear(p);
      }
    }
  }
  return end.freed;
}

}  // namespace commy::memory
