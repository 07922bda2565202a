#include <commy/memory/classes.hpp>
#include <commy/memory/journal.hpp>
#include <commy/memory/slabs.hpp>

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

/// Checks every record that the coming passes will act upon. Once blocks are
/// being given back, words and sequences are left alone: by now they may lie in
/// pages that serve something else.
bool is_sound(const image& img, lane_index lane, const std::uint64_t* log,
              std::uint64_t end, bool freeing) noexcept {
  for (auto at = end; at > 0;) {
    const auto head = log[at - 1];
    const auto words = head >> 48U & 0xffU;
    const auto place = head & offset_mask;
    if (words > record_words_max || words > at - 1) return false;
    const auto first = words > 0 ? log[at - 1 - words] : 0;
    switch (static_cast<record_kind>(head >> 56U)) {
      case record_kind::undo:
        if (!freeing && !is_payload(img, place, words)) return false;
        break;
      case record_kind::block_taken:
        if (words != 1 || !is_block_word(img, place) ||
            block_word{first}.state() != block_state::reserved ||
            block_word{first}.owner() != lane + 1) {
          return false;
        }
        break;
      case record_kind::block_freed:
        if (words != 1 || !is_block_word(img, place) ||
            block_word{first}.state() != block_state::live) {
          return false;
        }
        break;
      case record_kind::unit:
        if (words != 0 || (!freeing && !is_payload(img, place, 1))) {
          return false;
        }
        break;
      case record_kind::run_taken:
        if (words != 1 || place >= img.page_count() ||
            page_word{first}.state() != page_state::reserved ||
            page_word{first}.owner() != lane + 1) {
          return false;
        }
        break;
      case record_kind::run_freed:
        if (words != 1 || place >= img.page_count() ||
            page_word{first}.state() != page_state::live) {
          return false;
        }
        break;
      default:
        return false;
    }
    at -= 1 + words;
  }
  return true;
}

}  // namespace

bool replay(const image& img, lane_index lane, lane_record& record) noexcept {
  // acquire: the dead writer's stores; the kernel's verdict on its death has
  // ordered them already, this keeps the pairing visible.
  const auto state =
      static_cast<journal_state>(record.state.load(std::memory_order_acquire));
  if (state == journal_state::idle) return true;
  if (state > journal_state::freeing_after_abort) return false;
  const auto used = record.log_used.load(std::memory_order_relaxed);
  if (used % 8 != 0 || used > img.sizes().journal_bytes) return false;
  const bool freeing = state >= journal_state::freeing_after_commit;
  if (!is_sound(img, lane, image::log_of(record), used / 8, freeing)) {
    return false;
  }
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
