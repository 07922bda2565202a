// Whatever bytes a peer writes into a ring or into blocks, its reader and its
// senders answer with errors, in bounded time, and repair what can be repaired.
#include "letters_across.hpp"
#include <commy/memory/loan_words.hpp>
#include <commy/message/inbox.hpp>
#include <commy/message/remote_address.hpp>

#include <catch2/catch_get_random_seed.hpp>
#include <catch2/catch_test_macros.hpp>

#include <random>
#include <stdexcept>
#include <support/test_folder.hpp>

namespace commy::test {
namespace {

using memory::block_state;
using memory::block_word;
using memory::cell_info;
using memory::cell_state;
using memory::cell_word;
using message::inbox;
using namespace std::chrono_literals;

/// A receiver and a sender, and a third who scribbles.
struct scribbled {
  test_folder folder;
  memory::geometry sizes = small_geometry();
  segment here = segment::create("mail", in_folder(folder, &sizes)).value();
  segment there = segment::open("mail", in_folder(folder, &sizes)).value();
  std::optional<inbox> box{inbox::open(there, {.longest_nap = 1ms}).value()};
  std::mt19937_64 random{Catch::getSeed()};

  scribbled() { box->publish("screen").value(); }
  [[nodiscard]] memory::ring_view ring() const {
    auto found = memory::ring_of(here.engine()->img(), there.engine()->slot());
    if (!found) throw std::logic_error{"the ring is gone"};
    return found;
  }
  std::uint64_t below(std::uint64_t n) { return random() % n; }

  /// A number that is often nearly right.
  std::uint64_t lap() {
    switch (below(4)) {
      case 0:
        return random();
      case 1:
        return below(4);
      default: {
        const auto r = ring();
        return r.lap(r.header->head.load()) + below(4) - 1;
      }
    }
  }
  loan_handle handle() {
    const auto number = memory::segment_number(here.engine()->img());
    switch (below(3)) {
      case 0:
        return {random(), random()};
      default:
        return loan_handle::make(number, 8 * below(sizes.capacity / 8),
                                 below(6));
    }
  }
  /// What fits a cell, or only a carrier.
  std::uint32_t size() {
    return static_cast<std::uint32_t>(below(below(2) == 0 ? 41 : 2000));
  }
  std::uint32_t place() {
    return below(2) == 0 ? cell_info::no_place
                         : static_cast<std::uint32_t>(below(16));
  }
  /// Most often a message; two of them are no kind at all.
  memory::cell_kind kind() {
    return static_cast<memory::cell_kind>(below(2) == 0 ? 0 : below(8));
  }
  /// Any state but a claim of the two who live: that looks like one of a sender
  /// who is slow, and holds the ring up as long as he lives.
  std::uint64_t scribbled_word(std::uint64_t l) {
    const auto state = static_cast<cell_state>(below(4));
    const auto sender = static_cast<std::uint32_t>(below(6));
    if (state == cell_state::claimed && (sender == 1 || sender == 2)) return 0;
    return cell_word::make(state, sender, l).raw;
  }
  void scribble_cell() {
    const auto r = ring();
    auto& cell = r.cells[below(r.count)];
    const auto l = lap();
    if (below(2) == 0) {
      cell.word =
          below(4) == 0 ? random() | 0x8000'0000'0000'0000U : scribbled_word(l);
    }
    if (below(2) == 0) {
      cell.info = below(4) == 0 ? random()
                                : cell_info::make(l, size(), place(), place(),
                                                  below(2) == 0, kind())
                                      .raw;
    }
    if (below(4) == 0) cell.target = random();
    if (below(3) == 0) {
      const auto h = handle();
      const auto place = below(3);
      cell.payload[place] = h.low;
      cell.payload[place + 1] = h.high;
    }
  }
  /// A message without loans, which would be lost, becomes something else,
  /// sound but for its size; or its carrier holds less, or more, than it says.
  void scribble_kind() {
    const auto r = ring();
    auto& cell = r.cells[below(r.count)];
    const cell_word word{cell.word.load()};
    const cell_info was{cell.info.load()};
    if (word.state() != cell_state::full ||
        was.place(0) != cell_info::no_place) {
      return;
    }
    const auto bytes = below(was.carried() ? 65'536 : 41);
    cell.info = cell_info::make(word.lap(), static_cast<std::uint32_t>(bytes),
                                cell_info::no_place, cell_info::no_place,
                                was.carried(), kind())
                    .raw;
  }
  void scribble_header() {
    const auto r = ring();
    switch (below(3)) {
      case 0:
        r.header->tail = below(2) == 0 ? random() : below(64);
        break;
      case 1:
        r.header->head = random();
        break;
      default:
        r.header->sleeper = below(2) == 0 ? random() : below(10);
    }
  }
  void scribble_block(loan_handle h) {
    const auto& img = here.engine()->img();
    const auto place =
        memory::find_block(img, h.block(), memory::block_kind::loan);
    if (!place) return;
    switch (below(3)) {
      case 0:
        img.word(place.word) =
            block_word::make(static_cast<block_state>(below(7)),
                             static_cast<std::uint32_t>(below(5)), below(6))
                .raw;
        break;
      case 1:
        img.word(place.block + 8 * below(place.bytes / 8)) = random();
        break;
      default:
        // With the right type, a length that is not its own.
        auto& note = memory::loan_note(img, place);
        note = below(2) == 0 ? random()
                             : (note.load() >> 32U << 32U | random() >> 32U);
    }
  }
};

}  // namespace

TEST_CASE("a ring of scribbled bytes yields errors only, and mends") {
  scribbled at;
  INFO("seed " << Catch::getSeed());
  std::uint64_t arrived = 0;
  std::uint64_t others = 0;
  std::uint64_t large = 0;
  std::uint64_t last_pixels = 0;
  std::vector<loan_handle> seen;
  for (int round = 0; round < 20'000; ++round) {
    const auto reader = at.ring().header->reader.load();
    for (auto n = at.below(4); n > 0; --n)
      at.scribble_cell();
    if (at.below(4) == 0) at.scribble_header();
    auto to =
        remote_address<numbered, picture_taken, album>::find(at.here, "screen")
            .value();
    const auto sent = to.send(numbered{1, 2});
    if (!sent) {
      REQUIRE((sent.error() == send_error::ring_full ||
               sent.error() == send_error::damaged));
    }
    // In a block of a slab, or with a descriptor and a run.
    if (auto one = try_loan<picture>(at.here, at.below(3) == 0 ? 20 : 1)) {
      seen.push_back(one->handle());
      (void)to.send(picture_taken{}, std::move(*one));
      (void)to.send(album{}, loan<picture>{}, loan<picture>{}, loan<picture>{});
      if (!seen.empty() && at.below(3) == 0) {
        at.scribble_block(seen[at.below(seen.size())]);
      }
    }
    // What lies there, too.
    if (at.below(2) == 0) at.scribble_kind();
    const auto look = [&](const message::parcel& got) {
      REQUIRE(got.kind() <= memory::cell_kind::ended);
      REQUIRE(got.sender() < at.sizes.participants);
      // What needs a carrier is an album, or made of the bytes of one.
      const auto size = got.bytes().size() + memory::prefix_bytes(got.kind());
      REQUIRE((size <= memory::inline_bytes || size == sizeof(album)));
      for (const auto b : got.bytes())
        last_pixels += std::to_integer<std::uint64_t>(b);
      if (got.kind() != memory::cell_kind::message) {
        ++others;
        return;
      }
      if (got.target().empty()) return;
      ++arrived;
      REQUIRE(got.target() == "screen");
      for (const auto h : got.handles()) {
        const auto mine = got.adopt<picture>(h);
        if (!mine) continue;
        // As much as a run of two pages holds, and all of it is there.
        REQUIRE(mine->size() <= 2 * 4096 / sizeof(picture));
        large += mine->size() > 1024 / sizeof(picture) ? 1 : 0;
        for (const auto& page : mine->span())
          last_pixels += page.pixels[30];
      }
    };
    at.box->take_each_any(look, at.below(12));
    REQUIRE(at.ring().header->reader.load() == reader);
  }
  CHECK(arrived > 1000);
  CHECK(others > 50);

  CHECK(large > 100);
  INFO("pixels " << last_pixels);  // Read, whatever they are.
  CHECK(at.box->statistics().rebuilt > 0);
  CHECK(at.box->statistics().damaged > 0);
  // When the scribbler rests, everything flows again within a lap or two.
  // An idle reader looks over its whole ring each time a nap ends.
  while (at.box->wait(std::chrono::steady_clock::now() + 5ms)) {
    while (at.box->try_take()) {
    }
  }
  auto to = remote_address<numbered>::find(at.here, "screen").value();
  std::uint64_t mended = 0;
  for (std::uint64_t i = 0; i < 10ULL * at.sizes.ring_cells; ++i) {
    (void)to.send(numbered{9, i});
    if (!at.box->wait(std::chrono::steady_clock::now() + 5ms)) continue;
    const auto got = at.box->try_take();
    if (got && got->as<numbered>() && got->as<numbered>()->sender == 9) {
      ++mended;
    }
  }
  CHECK(mended > 8ULL * at.sizes.ring_cells);
}

TEST_CASE("an inbox opens on a ring of random bytes") {
  scribbled at;
  INFO("seed " << Catch::getSeed());
  for (int round = 0; round < 2'000; ++round) {
    at.box.reset();
    const auto r = at.ring();
    auto* const words = reinterpret_cast<memory::shared_u64*>(r.header);
    for (std::uint32_t i = 0; i < 8 * (4 + r.count); ++i) {
      if (at.below(3) != 0) words[i] = at.random();
    }
    r.header->reader = 0;
    at.box.emplace(inbox::open(at.there).value());
    for (std::uint32_t i = 0; i < 3 * r.count; ++i)
      (void)at.box->try_take();
    at.box->publish("screen").value();
    REQUIRE(send(at.here, "screen", numbered{5, 6}).has_value());
    const auto got = at.box->try_take();
    REQUIRE(got);
    CHECK(got->as<numbered>()->number == 6);
  }
}

TEST_CASE("a ring whose place is nonsense has no reader") {
  scribbled at;
  auto& ring = at.here.engine()->img().slot(at.there.engine()->slot()).ring;
  const auto good = ring.load();
  for (const std::uint64_t bad :
       {std::uint64_t{0}, good + 8, good + 4096, ~std::uint64_t{0},
        std::uint64_t{4096}, std::uint64_t{1} << 40U}) {
    ring = bad;
    const auto sent = send(at.here, "screen", numbered{});
    CHECK(sent.error() == send_error::name_not_found);
  }
  ring = good;
  CHECK(send(at.here, "screen", numbered{}).has_value());
}

}  // namespace commy::test
