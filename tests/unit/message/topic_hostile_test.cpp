// Whatever bytes a peer writes into a topic or into its blocks, publishers and
// subscribers answer with errors, in bounded time, and go on.
#include "topics.hpp"
#include <commy/memory/topic_repair.hpp>

#include <catch2/catch_get_random_seed.hpp>
#include <catch2/catch_test_macros.hpp>

#include <optional>
#include <random>

namespace commy::test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using memory::cell_state;
using memory::cell_word;
using memory::topic_info;

/// A publisher and two subscribers, one of which is often late, and a third
/// participant who scribbles.
struct scribbled {
  explicit scribbled(slow_reader slow)
      : at{{.depth = 8, .history = 4, .slow = slow}} {
    memory::for_each_topic(img(), [&](memory::offset, const auto& found) {
      topic = found;
      return true;
    });
    first.emplace(at.prices.subscribe({.longest_nap = 1ms}).value());
    late.emplace(at.prices.subscribe({.longest_nap = 1ms}).value());
  }

  [[nodiscard]] const memory::image& img() const {
    return at.shared.engine()->img();
  }
  std::uint64_t below(std::uint64_t n) { return random() % n; }

  /// A number that is often nearly right.
  std::uint64_t lap() {
    switch (below(4)) {
      case 0:
        return random();
      case 1:
        return below(4);
      default:
        return topic.lap(topic.header->tail.load()) + below(5) - 2;
    }
  }
  loan_handle handle() {
    if (below(3) == 0) return {random(), random()};
    if (below(2) == 0) {
      auto& cell = topic.cells[below(topic.depth)];
      return {cell.low.load(), cell.high.load()};
    }
    return loan_handle::make(memory::segment_number(img()),
                             8 * below(at.sizes.capacity / 8), below(6));
  }
  /// Any but a claim of the participant that lives: that looks like one of a
  /// publisher who is slow, and holds the topic up as long as it lives.
  std::uint64_t cell_scribble() {
    if (below(5) == 0) return random() | 0x8000'0000'0000'0000U;
    const auto state = static_cast<cell_state>(below(3));
    const auto who = static_cast<std::uint32_t>(below(6));
    if (state == cell_state::claimed && who == 1) return 0;
    return cell_word::make(state, who, lap()).raw;
  }
  void scribble() {
    auto& cell = topic.cells[below(topic.depth)];
    switch (below(8)) {
      case 0:
      case 1:
        cell.word = cell_scribble();
        break;
      case 2:
        cell.info = below(3) == 0 ? random() : topic_info::make(lap(), 1).raw;
        break;
      case 3: {
        const auto h = handle();
        cell.low = h.low;
        if (below(2) == 0) cell.high = h.high;
        break;
      }
      case 4:
        topic.header->tail =
            below(2) == 0 ? random() : topic.header->tail + below(30) - 15;
        break;
      case 5:
        topic.header->sleeping = random();
        topic.header->held_up = random();
        topic.entries[below(64)].sleeper = below(2) == 0 ? random() : below(20);
        break;
      case 6:
        topic.entries[below(2)].cursor = below(2) == 0 ? random() : below(100);
        topic.header->joins = random();
        break;
      default:
        scribble_block();
    }
  }
  void scribble_block() {
    const auto place = memory::find_published(img(), handle());
    if (!place) return;
    switch (below(3)) {
      case 0:
        memory::tail_of(img(), place).note = random();
        break;
      case 1:
        memory::tail_of(img(), place).holders[below(2)] = random();
        break;
      default:
        // Never a block that a loan of ours is in: that would be the program's
        // own doing.
        if (memory::block_word{img().word(place.word).load()}.state() ==
            memory::block_state::in_topic) {
          img().word(place.word) =
              memory::in_topic_of(static_cast<std::uint32_t>(below(4)),
                                  random() & 0xff)
                  .raw;
        }
    }
  }
  /// What can be had now: all of it is sound.
  void read(subscription<tick>& from) {
    for (std::uint32_t i = 0; i < 100; ++i) {
      const auto next = from.try_take();
      if (!next) return;
      // A name that leads to another message of the topic is believed: that is
      // what trust in a peer means. What it shows is one.
      if (next.size() == 1) CHECK(is_sound(*next));
      last = next->number;
    }
  }
  /// False when the segment has no room any more: scribbled blocks are lost
  /// until fsck finds them.
  bool publish() {
    auto message = try_loan<tick>(at.shared);
    if (!message) return false;
    ++number;
    **message = {0, number, ~(number * 1000)};
    const auto done = at.prices.publish(std::move(*message));
    if (done) return true;
    ++refused;
    if (*message) return true;
    return done.error() == publish_error::damaged;
  }

  market at;
  memory::topic_view topic;
  std::optional<subscription<tick>> first;
  std::optional<subscription<tick>> late;
  std::mt19937_64 random{Catch::getSeed()};
  std::uint64_t number = 0;
  std::uint64_t last = 0;
  std::uint64_t refused = 0;
};

void go_on_in_spite_of_scribbles(slow_reader slow) {
  INFO("seed " << Catch::getSeed());
  std::uint64_t scribbles = 0;
  for (int world = 0; world < 60; ++world) {
    scribbled s{slow};
    s.random.seed(Catch::getSeed() + static_cast<unsigned>(world));
    bool room = true;
    for (int round = 0; round < 150 && room; ++round) {
      s.scribble();
      ++scribbles;
      room = s.publish();
      s.read(*s.first);
      if (round % 11 == 0) s.read(*s.late);
      if (round % 7 == 0) static_cast<void>(s.first->wait(clock::now()));
    }
    // Nobody scribbles any more: the next messages come through, in order.
    const auto deadline = clock::now() + 30s;
    std::uint64_t through = 0;
    while (room && through < 20) {
      REQUIRE(clock::now() < deadline);
      room = s.publish();
      s.read(*s.first);
      s.read(*s.late);
      if (s.last == s.number) ++through;
      if (s.last != s.number) {
        static_cast<void>(s.first->wait(clock::now() + 2ms));
        static_cast<void>(s.late->wait(clock::now() + 2ms));
      }
    }
    // A person's decision puts the rest right.
    s.first.reset();
    s.late.reset();
    const auto repaired = fsck(s.img(), fsck_mode::repair);
    CHECK(repaired.findings == repaired.repaired);
    CHECK(fsck(s.img()).text() == "");
  }
  CHECK(scribbles > 1000);
}

}  // namespace

TEST_CASE("a topic goes on whatever is written into it") {
  go_on_in_spite_of_scribbles(slow_reader::lose_oldest);
}

TEST_CASE("a topic that holds its publishers goes on, too") {
  go_on_in_spite_of_scribbles(slow_reader::hold_publisher);
}

TEST_CASE("a scribbled cell costs messages, and is told as damage") {
  scribbled s{slow_reader::lose_oldest};
  for (int i = 0; i < 8; ++i)
    REQUIRE(s.publish());
  s.topic.cells[3].high = 77;
  std::vector<std::uint64_t> got;
  while (const auto next = s.first->try_take())
    got.push_back(next->number);
  CHECK(got == numbers{1, 2, 3, 5, 6, 7, 8});
  CHECK(s.first->statistics().damaged == 1);
}

TEST_CASE("a cell that is far ahead does not lead a reader astray") {
  scribbled s{slow_reader::lose_oldest};
  for (int i = 0; i < 8; ++i)
    REQUIRE(s.publish());
  s.topic.cells[0].word = cell_word::make(cell_state::full, 1, 1U << 30U).raw;
  std::vector<std::uint64_t> got;
  while (const auto next = s.first->try_take())
    got.push_back(next->number);
  CHECK(got == numbers{2, 3, 4, 5, 6, 7, 8});
  REQUIRE(s.publish());
  CHECK(s.first->try_take()->number == 9);
}

TEST_CASE("a header that makes no sense ends no process") {
  scribbled s{slow_reader::lose_oldest};
  for (int i = 0; i < 2000; ++i) {
    auto& header = *s.topic.header;
    switch (s.below(5)) {
      case 0:
        header.depth =
            s.below(2) == 0 ? s.random() : std::uint64_t{1} << s.below(40);
        break;
      case 1:
        header.number = s.random();
        break;
      case 2:
        header.next = s.below(2) == 0 ? s.random() : 64 * s.below(4096);
        break;
      case 3:
        header.root = s.random();
        break;
      default:
        header.life = s.below(3);
    }
    static_cast<void>(s.publish());
    s.read(*s.first);
    static_cast<void>(shared_topic<tick>::open(s.at.shared, "prices"));
    memory::sweep_report report;
    if (i % 100 == 0) {
      memory::sweep_topics(s.img(), 3, report);
      static_cast<void>(fsck(s.img()));
    }
  }
}

}  // namespace commy::test
