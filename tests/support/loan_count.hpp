// tests/support/loan_count.hpp: how many loan blocks are in whose hands.
#pragma once

#include <commy/memory/classes.hpp>
#include <commy/memory/image.hpp>

#include <cstdint>

namespace commy::test {

struct loan_count {
  std::uint64_t owned = 0;
  std::uint64_t in_ring = 0;
  std::uint64_t other = 0;  // States that a loan block never has.
  std::uint64_t in_topic = 0;
  friend bool operator==(const loan_count&, const loan_count&) = default;
};

/// Calls `visit(word)` for every word of every loan slab.
template <class Visit>
void for_each_loan(const memory::image& img, Visit&& visit) {
  for (std::uint64_t p = 0; p < img.page_count();) {
    const memory::page_word page{img.page(p).load()};
    if (page.state() == memory::page_state::slab &&
        page.count() >> 8U ==
            static_cast<std::uint64_t>(memory::block_kind::loan)) {
      const auto& shape =
          img.shape(static_cast<std::uint32_t>(page.count() & 0xffU));
      for (std::uint32_t i = 0; i < shape.count; ++i) {
        visit(memory::block_word{
            img.word(p * img.sizes().page_bytes + 64 + 8ULL * i).load()});
      }
    }
    p += page.heads_run() && page.count() > 0 ? page.count() : 1;
  }
}

/// Exact while nobody is at work. What was given back and is kept by a lane for
/// its thread counts as free: it is nobody's, as long as that lane lives.
[[nodiscard]] inline loan_count count_loans(const memory::image& img) {
  loan_count count;
  for_each_loan(img, [&](memory::block_word word) {
    switch (word.state()) {
      case memory::block_state::free:
      case memory::block_state::cached:
        break;
      case memory::block_state::owned:
        ++count.owned;
        break;
      case memory::block_state::in_ring:
        ++count.in_ring;
        break;
      case memory::block_state::in_topic:
        ++count.in_topic;
        break;
      default:
        ++count.other;
    }
  });
  return count;
}

/// Loans that lanes of a participant have kept.
[[nodiscard]] inline std::uint64_t kept_by(const memory::image& img,
                                           memory::slot_index who) {
  std::uint64_t count = 0;
  for_each_loan(img, [&](memory::block_word word) {
    if (word.state() == memory::block_state::cached &&
        word.owner() == who + 1) {
      ++count;
    }
  });
  return count;
}

}  // namespace commy::test
