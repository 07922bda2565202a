#include <commy/memory/classes.hpp>
#include <commy/memory/journal.hpp>
#include <commy/memory/slabs.hpp>

#include <algorithm>

namespace commy::memory {
namespace {

/// True if `words` words at `at` may be restored by a journal: bytes of a
/// block or of a run, never of a header, a page word or a block word. A wrong
/// record would otherwise be able to write anywhere in the segment.
bool is_payload(const image& img, offset at, std::uint64_t words) noexcept {
  if (at % 8 != 0 || words == 0 || !img.holds(at, 8 * words)) return false;
  const auto page_bytes = img.sizes().page_bytes;
  const auto page = at / page_bytes;
  const page_word word{img.page(page).load(std::memory_order_acquire)};
  if (word.state() == page_state::meta) return false;
  if (word.state() != page_state::slab) return true;
  if (!slab_use::is_one(word.count())) return false;
  const auto& shape = img.shape(slab_use::of(word.count()).cls);
  const auto inside = at % page_bytes;
  return inside >= shape.first && inside + 8 * words <= page_bytes;
}

/// True if `at` is the place of a block word of some slab.
bool is_block_word(const image& img, offset at) noexcept {
  if (at % 8 != 0 || !img.holds(at, 8)) return false;
  const auto page_bytes = img.sizes().page_bytes;
  const page_word word{
      img.page(at / page_bytes).load(std::memory_order_acquire)};
  if (word.state() != page_state::slab) return false;
  if (!slab_use::is_one(word.count())) return false;
  const auto& shape = img.shape(slab_use::of(word.count()).cls);
  const auto inside = at % page_bytes;
  return inside >= 64 && inside < 64 + 8ULL * shape.count;
}

/// Is there an extent of `pages` pages at `at` that this lane has claimed?
bool is_sound_extent(const image& img, lane_index lane, offset at,
                     std::uint64_t pages) noexcept {
  const auto& sizes = img.sizes();
  const auto page = at >> img.page_shift();
  const auto in_chunk = page % sizes.chunk_pages();
  if (at % sizes.page_bytes != 0 || in_chunk == 0 ||
      in_chunk + pages > sizes.chunk_pages() ||
      !img.holds(at, pages << img.page_shift())) {
    return false;
  }
  const page_word word{img.page(page).load(std::memory_order_acquire)};
  return word.state() == page_state::dropped && word.owner() == lane + 1 &&
         word.count() == pages;
}

/// May these parts of a log be read?
bool has_sound_parts(const image& img, lane_index lane,
                     const log_reader& log) noexcept {
  if (log.used() > part_begin(img.sizes(), log_parts)) return false;
  for (std::uint32_t k = 0; k < log.extents(); ++k) {
    if (!is_sound_extent(img, lane, log.extent(k),
                         extent_pages(img.sizes(), k))) {
      return false;
    }
  }
  return true;
}

/// Does a record change a word of the log that it is read from? And is an
/// extent given back by no other record than the one below it? Else what was
/// checked would not be what is carried out.
bool spares_log(const image& img, const log_reader& log, std::uint32_t part,
                std::uint64_t head) noexcept {
  if (log.extents() == 0) return true;
  const auto words = std::max<std::uint64_t>(1, head >> 48U & 0xffU);
  const auto place = head & offset_mask;
  switch (static_cast<record_kind>(head >> 56U)) {
    case record_kind::run_taken:
    case record_kind::run_freed:
      for (std::uint32_t k = 0; k < log.extents(); ++k) {
        if (log.extent(k) >> img.page_shift() == place && k != part) {
          return false;
        }
      }
      return true;
    case record_kind::skip:
      return true;
    default:
      return !log.lies_in_extent(place, 8 * words);
  }
}

/// Does one record make sense? `first` is its first payload word. Once blocks
/// are being given back, words and sequences are left alone: by now they may
/// lie in pages that serve something else.
bool is_sound_record(const image& img, lane_index lane, std::uint64_t head,
                     std::uint64_t first, bool freeing) noexcept {
  const auto words = head >> 48U & 0xffU;
  const auto place = head & offset_mask;
  switch (static_cast<record_kind>(head >> 56U)) {
    case record_kind::skip:
      return true;
    case record_kind::undo:
      return freeing || is_payload(img, place, words);
    case record_kind::block_taken:
      return words == 1 && is_block_word(img, place) &&
             block_word{first}.state() == block_state::reserved &&
             block_word{first}.owner() == lane + 1;
    case record_kind::block_freed:
      return words == 1 && is_block_word(img, place) &&
             block_word{first}.state() == block_state::live;
    case record_kind::unit:
      return words == 0 && (freeing || is_payload(img, place, 1));
    case record_kind::run_taken:
      return words == 1 && place < img.page_count() &&
             page_word{first}.state() == page_state::reserved &&
             page_word{first}.owner() == lane + 1;
    case record_kind::run_freed:
      return words == 1 && place < img.page_count() &&
             page_word{first}.state() == page_state::live;
  }
  return false;
}

/// Calls `each(part, head, payload)` newest first, until that or a length makes
/// no sense. Returns whether it came to the end. Requires: sound parts.
template <class Each>
bool for_each_checked(const log_reader& log, Each&& each) noexcept {
  return log.for_each_part(
      [&](std::uint32_t part, const std::uint64_t* in, std::uint64_t count) {
        for (auto at = count; at > 0;) {
          // Copied before it is checked: log bytes are input.
          const auto head = in[at - 1];
          const auto words = head >> 48U & 0xffU;
          if (words > record_words_max || words > at - 1) return false;
          at -= 1 + words;
          if (!each(part, head, in + at)) return false;
        }
        return true;
      });
}

/// Would this journal be accepted, as it was copied?
bool is_sound(const image& img, lane_index lane, const lane_record& record,
              const log_reader& log) noexcept {
  const auto state =
      static_cast<journal_state>(record.state.load(std::memory_order_acquire));
  if (state > journal_state::freeing_after_abort) return false;
  if (record.log_used.load(std::memory_order_relaxed) % 8 != 0 ||
      !has_sound_parts(img, lane, log)) {
    return false;
  }
  const bool freeing = state >= journal_state::freeing_after_commit;
  return for_each_checked(log, [&](std::uint32_t part, std::uint64_t head,
                                   const std::uint64_t* payload) {
    const auto first = (head >> 48U & 0xffU) > 0 ? payload[0] : 0;
    return is_sound_record(img, lane, head, first, freeing) &&
           spares_log(img, log, part, head);
  });
}

}  // namespace

bool is_sound_journal(const image& img, lane_index lane,
                      lane_record& record) noexcept {
  return is_sound(img, lane, record, log_reader{img, record});
}

std::uint64_t undo_sound_records(const image& img, lane_index lane,
                                 lane_record& record) noexcept {
  const log_reader log{img, record};
  std::uint64_t undone = 0;
  if (!has_sound_parts(img, lane, log)) return undone;
  for_each_checked(log, [&](std::uint32_t part, std::uint64_t head,
                            const std::uint64_t* payload) {
    const auto kind = static_cast<record_kind>(head >> 56U);
    const auto words = head >> 48U & 0xffU;
    const auto place = head & offset_mask;
    if (kind < record_kind::undo || kind > record_kind::skip ||
        !spares_log(img, log, part, head)) {
      return false;
    }
    if (kind != record_kind::undo) return true;
    if (!is_payload(img, place, words)) return false;
    for (std::uint64_t i = 0; i < words; ++i) {
      img.word(place + 8 * i).store(payload[i], std::memory_order_relaxed);
    }
    undone += words;
    return true;
  });
  return undone;
}

bool replay(const image& img, lane_index lane, lane_record& record) noexcept {
  // acquire: the dead writer's stores; the kernel's verdict on its death has
  // ordered them already, this keeps the pairing visible.
  const auto state =
      static_cast<journal_state>(record.state.load(std::memory_order_acquire));
  if (state == journal_state::idle) return true;
  const log_reader log{img, record};
  if (!is_sound(img, lane, record, log)) return false;
  const bool forward = state == journal_state::committed ||
                       state == journal_state::freeing_after_commit;
  finish_journal(img, record, log, forward, [&img](offset word) {
    // Nobody's cache knows this block: let the next scan of its slab see it.
    auto kind = block_kind::plain;
    const auto place = block_of_word(img, word, kind);
    if (place) note_free(img, place);
  });
  return true;
}

}  // namespace commy::memory
