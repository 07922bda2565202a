// The 64-bit words: what is packed comes out again, and each step of a life.
#include <commy/memory/words.hpp>

#include <catch2/catch_test_macros.hpp>

using namespace commy::memory;

TEST_CASE("a block's word keeps state, owner and 48 bits of generation") {
  const auto word = block_word::make(block_state::owned, 1023, offset_mask);

  CHECK(word.state() == block_state::owned);
  CHECK(word.owner() == 1023);
  CHECK(word.generation() == offset_mask);
}

TEST_CASE("a block's life takes two generations and never repeats a word") {
  const auto born = block_word{};
  const auto reserved = born.reserved_by(4094);
  const auto live = reserved.made_live();
  const auto freed = live.freed();

  CHECK(born.state() == block_state::free);
  CHECK(reserved == block_word::make(block_state::reserved, 4095, 1));
  CHECK(live == block_word::make(block_state::live, 0, 1));
  CHECK(freed == block_word::make(block_state::free, 0, 2));
  CHECK(reserved.made_dropped() ==
        block_word::make(block_state::dropped, 4095, 1));
  CHECK(reserved.made_dropped().freed() == freed);
  // The generation wraps into zero, not into the owner.
  CHECK(block_word::make(block_state::live, 0, offset_mask).freed() ==
        block_word{});
}

TEST_CASE("a page's word keeps state, owner, generation and count apart") {
  const auto word =
      page_word::make(page_state::reserved, 4095, 0xff'ffff, 0xab'cdef);

  CHECK(word.state() == page_state::reserved);
  CHECK(word.owner() == 4095);
  CHECK(word.generation() == 0xff'ffff);
  CHECK(word.count() == 0xab'cdef);
  CHECK(word.heads_run());
  CHECK(word.made_live().heads_run());
  CHECK(word.made_dropped().count() == word.count());
  CHECK_FALSE(word.freed().heads_run());
  CHECK(word.freed().generation() == 0);
  CHECK_FALSE(page_word::make(page_state::slab, 0, 1, 35).heads_run());
}

TEST_CASE("a lock's word tells its holder from its two flags") {
  const auto word = lock_word::held_by(4094, lock_word::lease_mask);

  CHECK(word.locked());
  CHECK(word.lane_plus_one() == 4095);
  CHECK_FALSE(word.waiters());
  CHECK_FALSE(word.guarded());
  const lock_word waited{word.raw | lock_word::waiters_bit};
  CHECK(waited.waiters());
  CHECK(waited.holder() == word.raw);
  // Flags alone hold nothing.
  CHECK_FALSE(
      lock_word{lock_word::waiters_bit | lock_word::guarded_bit}.locked());
  // Lane 0 in its first lease is not "nobody".
  CHECK(lock_word::held_by(0, 0).locked());
}

TEST_CASE("lane and slot words keep their parts") {
  const auto lane = lane_word::make(lane_state::leased, 1023, 12345);
  const auto slot = slot_word::make(slot_state::live, 0xfff'ffff, 0xffff'fffe);

  CHECK(lane.state() == lane_state::leased);
  CHECK(lane.participant_plus_one() == 1023);
  CHECK(lane.generation() == 12345);
  CHECK(slot.state() == slot_state::live);
  CHECK(slot.generation() == 0xfff'ffff);
  CHECK(slot.pid() == 0xffff'fffe);
}
