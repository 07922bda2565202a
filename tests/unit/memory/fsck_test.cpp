// fsck: finds what is wrong, says it, and puts right what can be.
#include <commy/memory/fsck.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <support/segment_copy.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;
using namespace commy::memory;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

/// A copy of a segment with a bit of everything, which nobody has attached.
struct closed_world {
  test_folder folder;
  geometry sizes = small_geometry();
  segment_copy copy{sizes};
  shared_objects::places where;
  model_world wanted;

  closed_world() {
    {
      auto w = shared_world::open_or_create("s", in_folder(folder, &sizes));
      where = w.where();
      must(w.texts.insert_or_assign(1, std::string(40, 't')));
      must(w.numbers.insert_or_assign("a key of more than fifteen bytes", 7));
      must(w.queue.push_back({1, 2}));
      must(w.text.assign(std::string(3000, 'r')));
      const auto& img = w.home.engine()->img();
      copy.load({{img.bytes(0), img.bytes(0) + img.committed()},
                 {img.control_bytes(0),
                  img.control_bytes(0) + img.control_committed()}});
    }
    copy.sweep();
    wanted = must(read_world(copy.attach(false), where));
  }
  [[nodiscard]] const image& img() const { return copy.img(); }
  [[nodiscard]] root& text() const { return img().root_at(where.text.root); }
  [[nodiscard]] shared_u64& box_word() const {
    return img().word(find_block(img(),
                                 img().root_at(where.box.root).shape[0].load(),
                                 block_kind::plain)
                          .word);
  }
  /// Checks, repairs, and checks that the world is as it was.
  fsck_report repair(const char* line) {
    const auto found = fsck(img());
    CHECK(found.findings > 0);
    CHECK_THAT(found.text(), ContainsSubstring(line));
    const auto before = copy.bytes();
    static_cast<void>(fsck(img()));
    CHECK(copy.bytes() == before);
    auto repaired = fsck(img(), fsck_mode::repair);
    CHECK(repaired.repaired > 0);
    CHECK(fsck(img()).text() == "");
    CHECK(must(read_world(copy.attach(false), where)) == wanted);
    must(shared_objects::at(copy.attach(true), where).text.append("!"));
    return repaired;
  }
};

/// Some block that is free, in a slab of plain blocks.
block_place a_free_block(const image& img) {
  for (std::uint64_t p = 0; p < img.page_count(); ++p) {
    const page_word page{img.page(p).load()};
    if (page.state() != page_state::slab || page.count() >> 8U != 0) continue;
    const auto cls = static_cast<std::uint32_t>(page.count() & 0xffU);
    const auto& shape = img.shape(cls);
    const auto base = p << img.page_shift();
    for (std::uint32_t i = 0; i < shape.count; ++i) {
      const auto word = base + 64 + 8ULL * i;
      if (block_word{img.word(word).load()}.state() == block_state::free) {
        return {base + shape.first + i * shape.block_bytes, word,
                shape.block_bytes, cls, 0};
      }
    }
  }
  throw std::runtime_error{"no free block"};
}

}  // namespace

TEST_CASE("a segment that was closed well is whole") {
  const closed_world w;
  const auto found = fsck(w.img());
  CHECK(found.text() == "");
  CHECK(found.whole());
  CHECK(found.live_blocks > 10);
  CHECK(found.live_runs > 0);
}

TEST_CASE("a live block that nothing reaches is a leak, and freed") {
  closed_world w;
  const auto place = a_free_block(w.img());
  w.img().word(place.word).store(block_word::make(block_state::live, 0, 1).raw);
  w.repair("leaks");
}

TEST_CASE(
    "a block of a transaction that is over is settled by who reaches it") {
  closed_world w;
  SECTION("nobody") {
    w.img()
        .word(a_free_block(w.img()).word)
        .store(block_word::make(block_state::reserved, 1, 1).raw);
  }
  SECTION("an object") {
    const block_word now{w.box_word().load()};
    w.box_word().store(
        block_word::make(block_state::reserved, 1, now.generation()).raw);
  }
  w.repair("still in a transaction");
}

TEST_CASE("a lent block whose participant is gone is freed") {
  closed_world w;
  w.img()
      .word(a_free_block(w.img()).word)
      .store(block_word::make(block_state::owned, 3, 1).raw);
  w.repair("lent to nobody");
}

TEST_CASE("an odd sequence and a lock that nobody holds are put right") {
  closed_world w;
  SECTION("a root's sequence") { w.text().sequence.fetch_add(1); }
  SECTION("a root's shape") { w.text().shape_sequence.fetch_add(1); }
  SECTION("a lock") { w.text().lock.store(lock_word::held_by(2, 9).raw); }
  const auto found = fsck(w.img());
  CHECK(found.findings == 1);
  w.repair("text");
}

TEST_CASE("two objects that share a block are found, and left to a person") {
  const closed_world w;
  auto& spare = w.img().root_at(w.where.spare.root);
  for (const auto i : {0U, 1U})
    spare.motion[i].store(w.text().motion[i].load());
  CHECK_THAT(fsck(w.img()).text(), ContainsSubstring("shares a block with"));
  const auto repaired = fsck(w.img(), fsck_mode::repair);
  CHECK(repaired.findings > repaired.repaired);
}

TEST_CASE("an object that leads to a free block dangles") {
  const closed_world w;
  w.box_word().store(block_word{w.box_word().load()}.freed().raw);
  CHECK_THAT(fsck(w.img()).text(), ContainsSubstring("box dangles"));
}

TEST_CASE("a journal that makes no sense is salvaged, and the poison lifted") {
  closed_world w;
  auto* const lane = w.img().lane(0);
  // Overwrote the box's second word, and died; then the first record was hit.
  const auto at = w.img().root_at(w.where.box.root).shape[0].load();
  auto* const log = image::log_of(*lane);
  log[0] = record_head(static_cast<record_kind>(99), 0, 0);
  log[1] = w.img().word(at + 8).load();
  log[2] = record_head(record_kind::undo, 1, at + 8);
  lane->log_used.store(24);
  lane->state.store(static_cast<std::uint64_t>(journal_state::active));
  lane->word.store(lane_word::make(lane_state::leased, 1, 50).raw);
  lane->held[0].store(w.where.box.root);
  w.img().root_at(w.where.box.root).lock.store(lock_word::held_by(0, 50).raw);
  w.img().root_at(w.where.box.root).sequence.fetch_add(1);
  w.img().word(at + 8).store(77);
  w.img().slot(0).word.store(slot_word::make(slot_state::live, 5, 1).raw);
  REQUIRE(w.copy.sweep().poisoned);

  const auto report = w.repair("its journal makes no sense");
  CHECK_THAT(report.text(), ContainsSubstring("1 words undone"));
  CHECK_THAT(report.text(), ContainsSubstring("poisoned"));
}

TEST_CASE("an open journal of the last one to die is finished") {
  closed_world w;
  auto* const lane = w.img().lane(0);
  const auto at = w.img().root_at(w.where.box.root).shape[0].load();
  auto* const log = image::log_of(*lane);
  log[0] = w.img().word(at + 8).load();
  log[1] = record_head(record_kind::undo, 1, at + 8);
  lane->log_used.store(16);
  lane->state.store(static_cast<std::uint64_t>(journal_state::active));
  lane->word.store(lane_word::make(lane_state::leased, 1, 50).raw);
  w.img().word(at + 8).store(77);
  w.img().slot(0).word.store(slot_word::make(slot_state::live, 5, 1).raw);
  w.repair("has an open journal");
}

TEST_CASE("a header that cannot be ends the check") {
  const closed_world w;
  w.img().header().committed.store(12345);
  const auto found = fsck(w.img(), fsck_mode::repair);
  CHECK(found.findings == 1);
  CHECK_THAT(found.text(), ContainsSubstring("committed bytes"));
}
