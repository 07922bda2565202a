// Logs that go on behind their base: where, how far, and when they lie.
#include <commy/memory/fsck.hpp>
#include <commy/memory/journal.hpp>

#include <catch2/catch_test_macros.hpp>

#include <stdexcept>
#include <support/block_trace.hpp>
#include <support/segment_copy.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;
using namespace commy::memory;
using namespace std::chrono_literals;

namespace {

/// Parts of the log that the transaction in `lane` uses.
std::uint32_t parts_of(const image& img, lane_record& record) {
  return log_reader{img, record}.extents() + 1;
}

std::uint64_t dropped_runs(const image& img) {
  std::uint64_t count = 0;
  for (std::uint64_t p = 0; p < img.page_count(); ++p) {
    const page_word word{img.page(p).load()};
    count += word.state() == page_state::dropped ? 1 : 0;
  }
  return count;
}

struct small_world {
  test_folder folder;
  geometry sizes;
  shared_world w;

  explicit small_world(geometry g = small_geometry())
      : sizes{g},
        w{shared_world::open_or_create("s", in_folder(folder, &sizes))} {}

  [[nodiscard]] const image& img() const { return w.home.engine()->img(); }
  [[nodiscard]] lane_record& record() const {
    return *w.home.engine()->my_lane().record;
  }
  [[nodiscard]] model_world seen() const {
    return must(read_world(w.home.engine(), w.where()));
  }
  [[nodiscard]] std::string traced() const {
    return trace_blocks(img()).text();
  }
};

/// A small segment in private memory whose only participant died with a
/// transaction open that logged 600 old words of the box: base and two extents.
struct dead_writer {
  test_folder folder;
  geometry sizes = small_geometry();
  segment_copy copy{sizes};
  shared_objects::places where;
  lane_index index = 0;

  dead_writer() {
    auto w = shared_world::open_or_create("s", in_folder(folder, &sizes));
    where = w.where();
    auto& engine = *w.home.engine();
    auto& lane = engine.my_lane();
    index = lane.index;
    const auto& img = engine.img();
    transaction txn{engine, lane};
    txn.lock(w.box.place().root, 0s);
    txn.begin();
    txn.touch(img.root_at(w.box.place().root).sequence);
    const auto at = img.root_at(w.box.place().root).shape[0].load();
    for (std::uint64_t i = 1; i <= 600; ++i)
      txn.store(img.word(at + 8), i);
    const auto* const data = img.bytes(0);
    const auto* const control = img.control_bytes(0);
    copy.load({{data, data + img.committed()},
               {control, control + img.control_committed()}});
    forget_common_lane();
    txn.abort();
  }
  /// The lane that the participant kept to lend is no part of these tests.
  void forget_common_lane() const {
    for (lane_index i = 0; i < copy.img().lane_count(); ++i) {
      if (i != index) copy.img().lane(i)->word.store(0);
    }
  }
  [[nodiscard]] lane_record& lane() const { return *copy.img().lane(index); }
  [[nodiscard]] std::uint64_t* words_of(std::uint32_t extent) const {
    return reinterpret_cast<std::uint64_t*>(
        copy.img().bytes(lane().extents[extent].load()));
  }
};

}  // namespace

TEST_CASE("a log that is longer than its base goes on in pages of data") {
  small_world here;
  auto& w = here.w;
  model_world model;
  std::uint32_t parts = 0;

  must(transact(w.texts, w.queue, [&](transaction&) {
    for (int i = 0; i < 150; ++i) {
      must(w.texts.insert_or_assign(i % 20, std::string(30, 'x')));
      must(w.queue.push_back({i, i}));
      model.texts.insert_or_assign(i % 20, std::string(30, 'x'));
      model.queue.push_back({i, i});
    }
    parts = parts_of(here.img(), here.record());
  }));

  CHECK(parts >= 3);
  CHECK(dropped_runs(here.img()) == 0);
  CHECK(here.seen() == model);
  CHECK(here.traced() == "");
  // The next one begins in the base again.
  must(w.box.set({1, 1, "x"}));
  CHECK(parts_of(here.img(), here.record()) == 1);
  CHECK(here.traced() == "");
}

TEST_CASE("a transaction beyond its log's base that throws is undone wholly") {
  small_world here;
  auto& w = here.w;
  for (int i = 0; i < 20; ++i)
    must(w.texts.insert(i, std::string(20, 'o')));
  const auto before = here.seen();
  std::uint32_t parts = 0;

  CHECK_THROWS_AS(
      transact(w.texts,
               [&](transaction&) {
                 for (int i = 0; i < 100; ++i) {
                   must(w.texts.insert_or_assign(i % 40, std::string(30, 'x')));
                 }
                 parts = parts_of(here.img(), here.record());
                 throw std::runtime_error{"no"};
               }),
      std::runtime_error);

  CHECK(parts >= 2);
  CHECK(here.seen() == before);
  CHECK(dropped_runs(here.img()) == 0);
  CHECK(here.traced() == "");
}

TEST_CASE("a transaction beyond all parts of a log is refused and undone") {
  auto sizes = small_geometry();
  // Extents of one page, then 23 of two: 47 pages.
  sizes.chunk_bytes = 16U << 10U;
  sizes.capacity = 1U << 20U;
  small_world here{sizes};
  auto& w = here.w;
  const auto before = here.seen();
  int done = 0;

  const auto refused = transact(w.box, [&](transaction&) {
    for (; done < 100'000; ++done)
      must(w.box.update([](point& p) { p.y += 1; }));
  });

  REQUIRE_FALSE(refused);
  CHECK(refused.error() == write_error::transaction_full);
  // Six words of undo for each: the box's five and the record's head.
  CHECK(done > static_cast<int>(46 * sizes.page_bytes / 8 / 6));
  CHECK(here.seen() == before);
  CHECK(here.traced() == "");
  must(w.box.set({1, 1, "goes on"}));
}

TEST_CASE("a log that finds no room to go on is refused and undone") {
  small_world here;
  auto& w = here.w;
  must(w.texts.insert(1, std::string(30, 'o')));
  w.leave_single_pages();
  const auto before = here.seen();

  const auto refused = transact(w.box, w.texts, [&](transaction&) {
    must(w.texts.erase(1));
    for (;;)
      must(w.box.update([](point& p) { p.y += 1; }));
  });

  REQUIRE_FALSE(refused);
  CHECK(refused.error() == write_error::out_of_space);
  CHECK(here.seen() == before);
  CHECK(here.traced() == "");
  must(w.box.set({1, 1, "goes on"}));
}

TEST_CASE("a log that finds a full disk is refused and undone") {
  dead_writer dead;
  dead.copy.sweep();
  auto engine = dead.copy.attach(true);
  auto objects = shared_objects::at(engine, dead.where);
  must(objects.box.set({1, 1, "before"}));
  dead.copy.fill_disk(true);

  const auto refused = transact(objects.box, [&](transaction&) {
    for (;;)
      must(objects.box.update([](point& p) { p.y += 1; }));
  });

  REQUIRE_FALSE(refused);
  CHECK(refused.error() == write_error::disk_full);
  CHECK(must(objects.box.get()) == point{1, 1, "before"});
  CHECK(trace_blocks(dead.copy.img()).text() == "");
}

TEST_CASE("a dead one's log is undone through all of its parts") {
  dead_writer dead;
  CHECK(parts_of(dead.copy.img(), dead.lane()) == 3);

  const auto report = dead.copy.sweep();

  CHECK(report.rolled_back == 1);
  CHECK_FALSE(report.poisoned);
  CHECK(must(read_world(dead.copy.attach(false), dead.where)).box.value ==
        point{});
  CHECK(dropped_runs(dead.copy.img()) == 0);
  CHECK(trace_blocks(dead.copy.img()).text() == "");
}

TEST_CASE("extents that make no sense poison the segment, and fsck mends it") {
  dead_writer dead;
  const auto& img = dead.copy.img();
  auto& lane = dead.lane();
  const auto newest = [&] {
    return dead.words_of(1) + lane.log_used.load() / 8 -
           part_begin(dead.sizes, 2) - 2;
  };
  const auto page_of = [&](std::uint32_t extent) {
    return lane.extents[extent].load() / dead.sizes.page_bytes;
  };
  SECTION("nowhere") { lane.extents[0] = 0; }
  SECTION("beyond the end") { lane.extents[1] = img.committed(); }
  SECTION("far beyond the end") { lane.extents[0] = ~std::uint64_t{4095}; }
  SECTION("between pages") { lane.extents[0].fetch_add(8); }
  SECTION("a run that is somebody's") {
    img.page(page_of(0)) = page_word::make(page_state::dropped, 7, 1, 1).raw;
  }
  SECTION("a run that is live") {
    img.page(page_of(0)) = page_word::make(page_state::live, 0, 1, 1).raw;
  }
  SECTION("a run that is too short") {
    img.page(page_of(1)) =
        page_word::make(page_state::dropped, dead.index + 1, 1, 1).raw;
  }
  SECTION("a length beyond all extents") {
    lane.log_used = 8 * part_begin(dead.sizes, log_parts) + 8;
  }
  SECTION("a length in an extent that there is not") {
    lane.log_used = 8 * part_begin(dead.sizes, 3) + 8;
  }
  SECTION("a record longer than its part") {
    lane.log_used = 8 * part_begin(dead.sizes, 2) + 8;
    *dead.words_of(1) = record_head(record_kind::undo, 3, 8192);
  }
  SECTION("undo of the log itself") {
    newest()[1] =
        record_head(record_kind::undo, 1, lane.extents[0].load() + 64);
  }
  SECTION("a unit inside the log") {
    newest()[1] = record_head(record_kind::skip, 0, 0);
    newest()[0] =
        record_head(record_kind::unit, 0, lane.extents[1].load() + 64);
  }
  SECTION("an extent given back by a record above it") {
    newest()[0] =
        page_word::make(page_state::reserved, dead.index + 1, 1, 1).raw;
    newest()[1] = record_head(record_kind::run_taken, 1, page_of(0));
  }
  const auto before = dead.copy.bytes();

  CHECK(dead.copy.sweep().poisoned);
  img.header().poisoned.store(0);
  CHECK(dead.copy.bytes() == before);
  img.header().poisoned.store(1);

  CHECK_FALSE(fsck(img, fsck_mode::repair).whole());
  CHECK(fsck(img).text() == "");
  CHECK_NOTHROW(dead.copy.attach(true));
}
