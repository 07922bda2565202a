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
  const auto cls = static_cast<std::uint32_t>(word.count() & 0xffU);
  if (cls >= size_class_count) return false;
  const auto shape = img.shape(cls);
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
  const auto cls = static_cast<std::uint32_t>(word.count() & 0xffU);
  if (cls >= size_class_count) return false;
  const auto shape = img.shape(cls);
  const auto inside = at % page_bytes;
  return inside >= 64 && inside < 64 + 8ULL * shape.count;
}

/// Does one record make sense? `first` is its first payload word. Once blocks
/// are being given back, words and sequences are left alone: by now they may
/// lie in pages that serve something else.
bool is_sound_record(const image& img, lane_index lane, std::uint64_t head,
                     std::uint64_t first, bool freeing) noexcept {
  const auto words = head >> 48U & 0xffU;
  const auto place = head & offset_mask;
  switch (static_cast<record_kind>(head >> 56U)) {
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

/// Calls `each(head, payload)` newest first, until that or a length makes no
/// sense. Returns whether it came to the end.
template <class Each>
bool for_each_checked(const std::uint64_t* log, std::uint64_t end,
                      Each&& each) noexcept {
  for (auto at = end; at > 0;) {
    // Copied before it is checked: log bytes are input.
    const auto head = log[at - 1];
    const auto words = head >> 48U & 0xffU;
    if (words > record_words_max || words > at - 1) return false;
    at -= 1 + words;
    if (!each(head, log + at)) return false;
  }
  return true;
}

}  // namespace

bool is_sound_journal(const image& img, lane_index lane,
                      lane_record& record) noexcept {
  const auto state =
      static_cast<journal_state>(record.state.load(std::memory_order_acquire));
  if (state > journal_state::freeing_after_abort) return false;
  const auto used = record.log_used.load(std::memory_order_relaxed);
  if (used % 8 != 0 || used > img.sizes().journal_bytes) return false;
  const bool freeing = state >= journal_state::freeing_after_commit;
  return for_each_checked(
      image::log_of(record), used / 8,
      [&](std::uint64_t head, const std::uint64_t* payload) {
        const auto first = (head >> 48U & 0xffU) > 0 ? payload[0] : 0;
        return is_sound_record(img, lane, head, first, freeing);
      });
}

std::uint64_t undo_sound_records(const image& img,
                                 lane_record& record) noexcept {
  const auto used = record.log_used.load(std::memory_order_relaxed);
  std::uint64_t undone = 0;
  for_each_checked(
      image::log_of(record),
      std::min<std::uint64_t>(used, img.sizes().journal_bytes) / 8,
      [&](std::uint64_t head, const std::uint64_t* payload) {
        const auto kind = static_cast<record_kind>(head >> 56U);
        const auto words = head >> 48U & 0xffU;
        const auto place = head & offset_mask;
        if (kind < record_kind::undo || kind > record_kind::run_freed) {
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
  if (!is_sound_journal(img, lane, record)) return false;
  const bool forward = state == journal_state::committed ||
                       state == journal_state::freeing_after_commit;
  finish_journal(img, record, forward, [&img](offset word) {
    // Nobody's cache knows this block: let the next scan of its slab see it.
    auto kind = block_kind::plain;
    const auto place = block_of_word(img, word, kind);
    if (place) note_free(img, place);
  });
  return true;
}

}  // namespace commy::memory
