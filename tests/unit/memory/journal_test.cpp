// Journals: what they hold, and what happens when one makes no sense.
#include <commy/memory/journal.hpp>

#include <catch2/catch_test_macros.hpp>

#include <support/block_trace.hpp>
#include <support/segment_copy.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;
using namespace commy::memory;
using namespace std::chrono_literals;

namespace {

/// A small segment in private memory whose only participant died with its
/// transaction on the box open.
struct dead_writer {
  test_folder folder;
  geometry sizes = small_geometry();
  segment_copy copy{sizes};
  shared_objects::places where;
  lane_index index = 0;

  explicit dead_writer(journal_state state = journal_state::active) {
    auto w = shared_world::open_or_create("s", in_folder(folder, &sizes));
    where = w.where();
    auto& engine = *w.home.engine();
    auto& lane = engine.my_lane();
    index = lane.index;
    {
      transaction txn{engine, lane};
      txn.lock(w.box.place().root, 0s);
      txn.begin();
      txn.touch(engine.img().root_at(w.box.place().root).sequence);
      const auto at = engine.img().root_at(w.box.place().root).shape[0].load();
      txn.store(engine.img().word(at + 8), 77);
      lane.record->state.store(static_cast<std::uint64_t>(state));
      copy.load(bytes_of(engine.img()));
      forget_common_lane();
      lane.record->state.store(
          static_cast<std::uint64_t>(journal_state::active));
      txn.abort();
    }
  }
  /// The lane that the participant kept to lend is no part of these tests.
  void forget_common_lane() const {
    for (lane_index i = 0; i < copy.img().lane_count(); ++i) {
      if (i != index) copy.img().lane(i)->word.store(0);
    }
  }
  static segment_bytes bytes_of(const image& img) {
    const auto* const data = img.bytes(0);
    const auto* const control = img.control_bytes(0);
    return {{data, data + img.committed()},
            {control, control + img.control_committed()}};
  }
  [[nodiscard]] lane_record& lane() const { return *copy.img().lane(index); }
};

}  // namespace

TEST_CASE("a journal found active is undone, and its lock released") {
  const dead_writer dead;

  const auto report = dead.copy.sweep();

  CHECK(report.lanes == 1);
  CHECK(report.rolled_back == 1);
  CHECK(report.rolled_forward == 0);
  CHECK(report.locks == 1);
  CHECK_FALSE(report.poisoned);
  CHECK(trace_blocks(dead.copy.img()).text() == "");
}

TEST_CASE("a journal found committed is completed") {
  dead_writer dead{journal_state::committed};

  const auto report = dead.copy.sweep();

  CHECK(report.rolled_forward == 1);
  auto world = must(read_world(dead.copy.attach(false), dead.where));
  CHECK(world.box.value.y == 77);
}

TEST_CASE("a journal that makes no sense poisons the segment") {
  dead_writer dead;
  auto* const log = image::log_of(dead.lane());
  const auto used = dead.lane().log_used.load() / 8;
  const auto slab_page = dead.where.box.root / dead.sizes.page_bytes;
  SECTION("an unknown state") { dead.lane().state.store(9); }
  SECTION("a length that is no word") { dead.lane().log_used.store(12); }
  SECTION("a length beyond the log") {
    dead.lane().log_used.store(dead.sizes.journal_bytes + 8);
  }
  SECTION("an unknown record") {
    log[used - 1] = record_head(static_cast<record_kind>(99), 1, 8192);
  }
  SECTION("a record longer than the log") {
    log[used - 1] = record_head(record_kind::undo, 60, 8192);
  }
  SECTION("undo of the header") {
    log[used - 1] = record_head(record_kind::undo, 1, 64);
  }
  SECTION("undo of a page word") {
    log[used - 1] = record_head(record_kind::undo, 1, page_words_at + 8);
  }
  SECTION("undo of a block word") {
    log[used - 1] = record_head(record_kind::undo, 1,
                                slab_page * dead.sizes.page_bytes + 64);
  }
  SECTION("undo between words") {
    log[used - 1] = record_head(record_kind::undo, 1, 3 * 4096 + 4);
  }
  SECTION("undo beyond the end") {
    log[used - 1] =
        record_head(record_kind::undo, 1, dead.copy.img().committed());
  }
  SECTION("a block that another lane reserved") {
    log[used - 2] = block_word::make(block_state::reserved, 5, 1).raw;
    log[used - 1] = record_head(record_kind::block_taken, 1,
                                slab_page * dead.sizes.page_bytes + 64);
  }
  SECTION("a block freed that was never live") {
    log[used - 2] = block_word::make(block_state::owned, 1, 1).raw;
    log[used - 1] = record_head(record_kind::block_freed, 1,
                                slab_page * dead.sizes.page_bytes + 64);
  }
  SECTION("a run beyond the end") {
    log[used - 2] = page_word::make(page_state::live, 0, 1, 1).raw;
    log[used - 1] = record_head(record_kind::run_freed, 1, 1U << 20U);
  }
  SECTION("a sequence in a header") {
    log[used - 1] = record_head(record_kind::unit, 0, 128);
  }
  const auto before = dead.copy.bytes();

  const auto report = dead.copy.sweep();

  CHECK(report.poisoned);
  auto after = dead.copy.bytes();
  // Nothing was changed but the mark.
  dead.copy.img().header().poisoned.store(0);
  CHECK(dead.copy.bytes() == before);
  dead.copy.load(after);
  // Who would write is refused; who reads other objects is served.
  CHECK(dead.copy.img().header().poisoned.load() != 0);
  CHECK_THROWS(dead.copy.attach(true));
  auto objects = shared_objects::at(dead.copy.attach(false), dead.where);
  objects.set_patience(0s);
  CHECK(must(objects.text.get()).empty());
  CHECK(must(objects.texts.size()) == 0);
}

TEST_CASE("who waits for a lock when its segment is poisoned stops waiting") {
  dead_writer dead;
  dead.copy.let_others_live(true);
  const auto engine = dead.copy.attach(true);
  auto objects = shared_objects::at(engine, dead.where);
  objects.set_patience(60s);
  dead.lane().state.store(9);
  dead.copy.let_others_live(false);

  const auto refused = objects.box.set({1, 1, "x"});

  REQUIRE_FALSE(refused);
  CHECK(refused.error() == write_error::poisoned);
}
