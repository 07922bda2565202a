#include <commy/memory/block_tracer.hpp>
#include <commy/memory/fsck.hpp>
#include <commy/memory/journal.hpp>
#include <commy/memory/ring_repair.hpp>
#include <commy/memory/sweep.hpp>
#include <commy/memory/topic_repair.hpp>

#include <algorithm>

namespace commy {

using namespace memory;

namespace {

std::uint64_t load(const shared_u64& word) {
  return word.load(std::memory_order_acquire);
}

/// Headers come first: without them nothing else means anything.
bool check_headers(block_tracer& tracer) {
  const auto& img = tracer.img();
  const auto committed = load(img.header().committed);
  const auto& sizes = img.sizes();
  if (committed > sizes.capacity || committed < 2ULL * sizes.page_bytes ||
      committed % sizes.page_bytes != 0) {
    tracer.finding("the header says " + std::to_string(committed) +
                   " committed bytes, which cannot be");
    return false;
  }
  // A chunk's head page alone is not committed: growth begins behind it.
  if (load(img.control().committed) > control_capacity(sizes)) {
    tracer.finding("the control file says more bytes than it may have");
    return false;
  }
  return true;
}

/// Undoes the newest records of a journal that makes no sense, as far as they
/// do, and gives it up: the trace decides about its blocks.
void salvage(block_tracer& tracer, lane_index index, lane_record& lane) {
  const auto& img = tracer.img();
  const auto state = static_cast<journal_state>(load(lane.state));
  const auto name = "lane " + std::to_string(index) + ": its journal";
  std::uint64_t undone = 0;
  if (tracer.repairs() && state == journal_state::active) {
    undone = undo_sound_records(img, index, lane);
  }
  tracer.repairable(name + " makes no sense (state " +
                    std::to_string(load(lane.state)) + ", " +
                    std::to_string(load(lane.log_used)) + " bytes; " +
                    std::to_string(undone) + " words undone)");
  if (!tracer.repairs()) return;
  lane.log_used.store(0, std::memory_order_relaxed);
  lane.state.store(static_cast<std::uint64_t>(journal_state::idle),
                   std::memory_order_release);
}

void check_lane(block_tracer& tracer, lane_index index) {
  const auto& img = tracer.img();
  auto* const lane = img.lane(index);
  const auto name = "lane " + std::to_string(index);
  if (lane == nullptr) {
    tracer.finding(name + " lies outside of the control file");
    return;
  }
  const auto state = static_cast<journal_state>(load(lane->state));
  if (state != journal_state::idle) {
    if (!is_sound_journal(img, index, *lane)) {
      salvage(tracer, index, *lane);
    } else {
      tracer.repairable(name + " has an open journal");
    }
  }
  const lane_word word{load(lane->word)};
  if (word.state() == lane_state::leased) {
    const auto plus_one = word.participant_plus_one();
    const bool known = plus_one != 0 && plus_one <= img.sizes().participants &&
                       slot_word{load(img.slot(plus_one - 1).word)}.state() ==
                           slot_state::live;
    if (!known) tracer.repairable(name + " is leased to nobody");
  } else if (word.state() != lane_state::free) {
    tracer.repairable(name + " has a word of no known state");
  }
}

/// Nobody lives: each slot is swept, and lanes that no slot claims are freed.
void sweep_everybody(const image& img) {
  sweep_report report;
  for (slot_index i = 0; i < img.sizes().participants; ++i) {
    const slot_word word{load(img.slot(i).word)};
    if (word.state() == slot_state::free && word.pid() == 0) continue;
    sweep_lanes(img, i);
    sweep_rings(img, i, report);
    sweep_topics(img, i, report, owner_search::all);
    sweep_loans(img, i, owner_search::all);
    img.slot(i).sweeper.store(0, std::memory_order_relaxed);
    img.slot(i).word.store(
        slot_word::make(slot_state::free, word.generation() + 1, 0).raw,
        std::memory_order_relaxed);
  }
  for (lane_index i = 0; i < img.lane_count(); ++i) {
    auto* const lane = img.lane(i);
    if (lane == nullptr) continue;
    const lane_word word{load(lane->word)};
    const auto clean = lane_word::make(lane_state::free, 0, word.generation());
    if (word == clean && load(lane->state) == 0) continue;
    // Whose it was is not to be had; its journal is good or given up already.
    static_cast<void>(replay(img, i, *lane));
    lane->state.store(0, std::memory_order_relaxed);
    lane->waiting_for.store(0, std::memory_order_relaxed);
    for (auto& cell : lane->guards)
      cell.store(0, std::memory_order_relaxed);
    lane->word.store(
        lane_word::make(lane_state::free, 0, word.generation() + 1).raw,
        std::memory_order_release);
  }
}

}  // namespace

std::string fsck_report::text() const {
  std::string all;
  for (const auto& line : lines)
    all += "  " + line + "\n";
  return all;
}

namespace {

trace_report one_pass(const image& img, fsck_mode mode) {
  block_tracer tracer{img, mode == fsck_mode::repair};
  if (check_headers(tracer)) {
    for (lane_index i = 0; i < img.lane_count(); ++i)
      check_lane(tracer, i);
    if (tracer.repairs()) sweep_everybody(img);
    if (load(img.header().poisoned) != 0) {
      tracer.repairable("the segment is poisoned: writing is refused");
    }
    if (tracer.repairs()) img.header().poisoned.store(0);
    tracer.trace_objects();
    tracer.compare_words();
  }
  return std::move(tracer.report());
}

}  // namespace

fsck_report fsck(const image& img, fsck_mode mode) {
  fsck_report all;
  // What is put right may uncover more, as a run that was too long hides the
  // pages behind it. Each pass frees something, and this many end any chain
  // that one accident makes; after that the next check says what is left.
  constexpr int passes = 8;
  for (int pass = 0; pass < passes; ++pass) {
    auto found = one_pass(img, mode);
    for (auto& line : found.lines) {
      if (pass == 0 || line.ends_with("; repaired")) {
        all.lines.push_back(std::move(line));
      }
    }
    all.repaired += found.repaired;
    all.findings = all.repaired + found.findings - found.repaired;
    all.live_blocks = found.live_blocks;
    all.live_runs = found.live_runs;
    all.lent = found.lent;
    if (mode == fsck_mode::check || found.repaired == 0) break;
  }
  return all;
}

}  // namespace commy
