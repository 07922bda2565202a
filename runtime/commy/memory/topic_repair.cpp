#include <commy/base/fence.hpp>
#include <commy/memory/journal.hpp>
#include <commy/memory/topic_repair.hpp>

#include <algorithm>
#include <array>
#include <vector>

namespace commy::memory {
namespace {

/// What a dead participant had subscribed to.
struct membership {
  std::uint32_t topic;
  std::uint64_t mask;  // Bit s: entry s.
};

/// Entries of `dead`, one bit each.
std::uint64_t entries_of(const topic_view& topic, slot_index dead) noexcept {
  std::uint64_t mask = 0;
  for (std::uint32_t s = 0; s < holders_max; ++s) {
    const entry_word word{
        topic.entries[s].word.load(std::memory_order_acquire)};
    if (word.state() != entry_state::free && word.owner() == dead + 1) {
      mask |= std::uint64_t{1} << s;
    }
  }
  return mask;
}

/// Clears one dead participant's bits in the holder words of its pages.
class holder_sweep {
public:
  holder_sweep(const image& img, slot_index dead, owner_search where) noexcept
      : img_{img}, dead_{dead}, where_{where} {}

  /// 64 topics in one walk through the pages; who has more takes more walks.
  void add(const membership& one, sweep_report& report) noexcept {
    topics_[count_++] = one;
    if (count_ == topics_.size()) run(report);
  }
  void run(sweep_report& report) noexcept {
    if (count_ == 0) return;
    const auto pages = img_.page_count();
    const auto per_chunk = img_.sizes().chunk_pages();
    // By page words, since only they say where a run ends: as free_owned().
    for (std::uint64_t p = 0; p < pages;) {
      const page_word now{img_.page(p).load(std::memory_order_acquire)};
      if (is_loan_slab(now) && is_noted(p)) slab(p, now, report);
      const auto room = std::min(pages - p, per_chunk - p % per_chunk);
      p +=
          now.heads_run() ? std::clamp<std::uint64_t>(now.count(), 1, room) : 1;
    }
    count_ = 0;
  }

private:
  static bool is_loan_slab(page_word word) noexcept {
    return word.state() == page_state::slab &&
           word.count() >> 8U == static_cast<std::uint64_t>(block_kind::loan) &&
           (word.count() & 0xffU) < size_class_count;
  }
  [[nodiscard]] bool is_noted(std::uint64_t page) const noexcept {
    return where_ == owner_search::all ||
           (img_.owners(page).load(std::memory_order_seq_cst) &
            owner_bit(dead_)) != 0;
  }
  void slab(std::uint64_t page, page_word use, sweep_report& report) noexcept {
    const auto cls = static_cast<std::uint32_t>(use.count() & 0xffU);
    const auto& shape = img_.shape(cls);
    const auto base = page << img_.page_shift();
    for (std::uint32_t i = 0; i < shape.count; ++i) {
      const block_place place{
          base + shape.first + std::uint64_t{i} * shape.block_bytes,
          base + 64 + 8ULL * i, shape.block_bytes, cls, use.owner()};
      block(place, report);
    }
  }
  void block(const block_place& place, sweep_report& report) noexcept {
    // acquire, pairs with the step into the topic: the holder words are its.
    const block_word word{
        img_.word(place.word).load(std::memory_order_acquire)};
    if (word.state() != block_state::in_topic) return;
    for (std::uint32_t t = 0; t < count_; ++t) {
      if (topics_[t].topic != word.owner()) continue;
      // Also when it held nothing: it may have died between its last bit and
      // the block's end.
      if (let_go(img_, place, word, topics_[t].mask) &&
          free_published(img_, place, word)) {
        ++report.loans;
      }
    }
  }

  const image& img_;
  slot_index dead_;
  owner_search where_;
  std::array<membership, 64> topics_{};
  std::uint32_t count_ = 0;
};

}  // namespace

block_place find_published(const image& img, loan_handle handle) noexcept {
  if (handle.segment() != segment_number(img)) return {};
  const auto place = find_block(img, handle.block(), block_kind::loan);
  return has_tail(place) ? place : block_place{};
}

bool free_published(const image& img, const block_place& place,
                    block_word lies_there, lane* mine) noexcept {
  if (!step_loan(img, place, lies_there, lies_there.freed())) return false;
  if (mine != nullptr) {
    put_back(*mine, place, block_kind::loan);
  } else {
    note_free(img, place);
  }
  return true;
}

std::uint32_t evict(const image& img, std::uint32_t topic, loan_handle handle,
                    lane* mine) noexcept {
  const auto place = find_published(img, handle);
  const auto lies_there = in_topic_of(topic, handle.generation());
  // acquire: its holder words. Somebody may have freed it before us, or the
  // name may be scribbled.
  if (!place ||
      img.word(place.word).load(std::memory_order_acquire) != lies_there.raw) {
    return 0;
  }
  return retire(img, place, lies_there) &&
                 free_published(img, place, lies_there, mine)
             ? 1
             : 0;
}

bool skip_topic_claim(const image& img, const topic_view& topic,
                      topic_cell& cell, cell_word seen,
                      sweep_report& report) noexcept {
  const auto message = copy_message(cell, seen);
  fence::acquire();  // The copy comes before the second look.
  // Somebody else may have skipped it, and the cell serve another message.
  if (cell.word.load(std::memory_order_relaxed) != seen.raw) return false;
  if (message.is_named(seen.lap())) {
    // The new one, perhaps not handed over yet: then it is still OWNED, and
    // freed with all that its owner had. Nobody has taken it, since the cell
    // was never FULL.
    const auto place = find_published(img, message.handle);
    if (place && free_published(img, place,
                                in_topic_of(topic.number(),
                                            message.handle.generation()))) {
      ++report.loans;
    }
  } else if (message.is_named((seen.lap() - 1) & offset_mask)) {
    report.loans += evict(img, topic.number(), message.handle);
  }
  auto expected = seen.raw;
  // release: the blocks are free before the cell is.
  if (!cell.word.compare_exchange_strong(
          expected, cell_word::make(cell_state::free, 0, seen.lap()).raw,
          std::memory_order_acq_rel, std::memory_order_relaxed)) {
    return false;
  }
  // relaxed: a statistic.
  topic.header->skipped.fetch_add(1, std::memory_order_relaxed);
  ++report.claims;
  return true;
}

namespace {

/// Empties a FULL cell, `seen`; returns how many blocks became free.
std::uint32_t drain_cell(const image& img, const topic_view& topic,
                         topic_cell& cell, cell_word seen) noexcept {
  const auto message = copy_message(cell, seen);
  fence::acquire();  // The copy comes before the second look.
  if (cell.word.load(std::memory_order_relaxed) != seen.raw) return 0;
  // Before the cell is emptied, as long as it names the block.
  const auto freed = message.is_named(seen.lap())
                         ? evict(img, topic.number(), message.handle)
                         : 0;
  auto expected = seen.raw;
  cell.word.compare_exchange_strong(
      expected, cell_word::make(cell_state::free, 0, seen.lap()).raw,
      std::memory_order_acq_rel, std::memory_order_relaxed);
  return freed;
}

/// Is the message of an earlier life? Its publisher died before it could take
/// it out of a topic that had just been removed.
bool is_stale(const topic_view& topic, const topic_cell& cell) noexcept {
  const auto life = topic.header->life.load(std::memory_order_relaxed);
  return topic_info{cell.info.load(std::memory_order_relaxed)}.life() !=
         (life & topic_info::life_mask);
}

}  // namespace

std::uint32_t drain_topic(const image& img, const topic_view& topic) noexcept {
  std::uint32_t freed = 0;
  // seq_cst fence: the new life comes before the looks at the cells, see
  // [withdraw] in topic_publisher.
  fence::full();
  for (std::uint32_t i = 0; i < topic.depth; ++i) {
    auto& cell = topic.cells[i];
    const cell_word seen{cell.word.load(std::memory_order_acquire)};
    if (seen.state() == cell_state::full) {
      freed += drain_cell(img, topic, cell, seen);
    }
  }
  return freed;
}

void free_entry(const topic_view& topic, std::uint32_t index,
                entry_word seen) noexcept {
  const auto bit = std::uint64_t{1} << index;
  auto& entry = topic.entries[index];
  if (entry.word.load(std::memory_order_acquire) != seen.raw) return;
  // Both are hints as long as the entry is taken, so before its end.
  topic.header->sleeping.fetch_and(~bit, std::memory_order_relaxed);
  topic.header->members.fetch_and(~bit, std::memory_order_relaxed);
  auto expected = seen.raw;
  // release: the bits are cleared before somebody else may set them.
  entry.word.compare_exchange_strong(expected, seen.freed().raw,
                                     std::memory_order_acq_rel,
                                     std::memory_order_relaxed);
}

void sweep_topics(const image& img, slot_index dead, sweep_report& report,
                  owner_search where) noexcept {
  holder_sweep holders{img, dead, where};
  const auto free_entries = [&] {
    for_each_topic(img, [&](offset, const topic_view& topic) {
      for (std::uint32_t s = 0; s < holders_max; ++s) {
        const entry_word word{
            topic.entries[s].word.load(std::memory_order_acquire)};
        if (word.state() != entry_state::free && word.owner() == dead + 1) {
          free_entry(topic, s, word);
        }
      }
      return true;
    });
  };
  if (planted == planted_bug::entry_freed_first) free_entries();
  for_each_topic(img, [&](offset, const topic_view& topic) {
    for (std::uint32_t i = 0; i < topic.depth; ++i) {
      auto& cell = topic.cells[i];
      const cell_word now{cell.word.load(std::memory_order_acquire)};
      if (now.state() == cell_state::claimed && now.sender() == dead + 1) {
        skip_topic_claim(img, topic, cell, now, report);
      } else if (now.state() == cell_state::full && now.sender() == dead + 1 &&
                 is_stale(topic, cell)) {
        report.loans += drain_cell(img, topic, cell, now);
      }
    }
    const auto mask = entries_of(topic, dead);
    if (mask != 0) holders.add({topic.number(), mask}, report);
    return true;
  });
  holders.run(report);
  free_entries();
}

std::uint64_t mend_topic(const image& img, const topic_view& topic,
                         std::uint64_t& mended) {
  // A sound topic's cells are of `depth` positions in a row, so the one in the
  // middle is within a lap of each; scribbles move it only when they are most.
  std::vector<std::uint64_t> all(topic.depth);
  std::vector<cell_word> seen(topic.depth);
  const auto is_known = [](cell_word word) {
    return word.state() <= cell_state::full;
  };
  for (std::uint32_t i = 0; i < topic.depth; ++i) {
    seen[i] = {topic.cells[i].word.load(std::memory_order_acquire)};
    all[i] = is_known(seen[i]) ? topic.position(seen[i].lap(), i)
                               : ~std::uint64_t{0};
  }
  auto sorted = all;
  std::ranges::nth_element(sorted, sorted.begin() + topic.depth / 2);
  const auto middle = sorted[topic.depth / 2];
  // Not so far that counting on would come to an end.
  const bool lost = middle >> 60U != 0;
  const auto is_near = [&](std::uint32_t i) {
    const auto apart = all[i] > middle ? all[i] - middle : middle - all[i];
    return !lost && is_known(seen[i]) && apart < topic.depth;
  };
  std::uint64_t tail = topic.depth;
  for (std::uint32_t i = 0; i < topic.depth; ++i) {
    if (is_near(i)) tail = std::max(tail, all[i] + 1);
  }
  for (std::uint32_t i = 0; i < topic.depth; ++i) {
    const auto due = tail - 1 - ((tail - 1 - i) & (topic.depth - 1));
    if (is_near(i) && all[i] == due) continue;
    auto& cell = topic.cells[i];
    const auto message = copy_message(cell, seen[i]);
    auto expected = seen[i].raw;
    // Fails when somebody has claimed it meanwhile: then it is as it should be,
    // or is found so the next time.
    if (cell.word.compare_exchange_strong(
            expected, cell_word::make(cell_state::free, 0, topic.lap(due)).raw,
            std::memory_order_acq_rel, std::memory_order_relaxed)) {
      ++mended;
      if (message.info.raw >> 63U != 0) {
        evict(img, topic.number(), message.handle);
      }
    }
  }
  // relaxed: a hint.
  topic.header->tail.store(tail, std::memory_order_relaxed);
  return tail;
}

}  // namespace commy::memory
