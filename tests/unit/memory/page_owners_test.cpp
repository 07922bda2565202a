// Who may own something in a page, and who ends what a participant owned.
#include <commy/memory/page_owners.hpp>
#include <commy/memory/sweep.hpp>

#include <catch2/catch_test_macros.hpp>

#include <set>
#include <support/block_trace.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>
#include <tuple>
#include <vector>

using namespace commy;
using namespace commy::test;
using memory::owner_search;

namespace {

std::uint64_t pages_of(const memory::image& img, memory::slot_index slot) {
  std::uint64_t found = 0;
  for (std::uint64_t p = 0; p < img.page_count(); ++p) {
    found += (img.owners(p).load() & memory::owner_bit(slot)) != 0 ? 1 : 0;
  }
  return found;
}

/// As many attachments of this process as slots 0 to 63.
std::vector<segment> first_64(const segment_options& options) {
  std::vector<segment> all;
  all.push_back(must(segment::create("s", options)));
  while (all.size() < 64)
    all.push_back(must(segment::open("s", options)));
  return all;
}

memory::geometry many_slots(std::uint32_t participants) {
  auto sizes = small_geometry();
  sizes.capacity = 1U << 20U;
  sizes.participants = participants;
  sizes.lanes = 80;
  return sizes;
}

}  // namespace

TEST_CASE("a page says who owns blocks in it, until they have detached") {
  const test_folder folder;
  const auto options = in_folder(folder);
  auto home = must(segment::create("s", options));
  const auto& img = home.engine()->img();
  {
    auto other = must(segment::open("s", options));
    const auto slot = other.engine()->slot();
    for (int i = 0; i < 3000; ++i)
      must(other.allocate(64));
    must(other.allocate(200'000));  // A run.
    CHECK(pages_of(img, slot) == 3000 * 72 / 65536 + 1 + 1);
    CHECK(pages_of(img, home.engine()->slot()) == 0);
    CHECK(trace_blocks(img).text() == "");
  }

  CHECK(pages_of(img, 1) == 0);
  CHECK(trace_blocks(img).text() == "");
}

TEST_CASE("who frees what an object kept is noted where it lies") {
  const test_folder folder;
  const auto options = in_folder(folder);
  auto home = must(segment::create("s", options));
  const auto& img = home.engine()->img();
  must(home.create<shared_vec<sample>>("vec"));
  memory::block_place place;
  {
    auto lender = must(segment::open("s", options));
    auto lent = must(try_loan<sample>(lender));
    place = memory::find_block(img, lent.handle().block(),
                               memory::block_kind::loan);
    auto vec = must(lender.open<shared_vec<sample>>("vec"));
    must(vec.assign(std::move(lent)));
  }
  // The same lane, whose slab it is, and a participant that has not looked
  // into that yet.
  auto next = must(segment::open("s", options));
  const auto slot = next.engine()->slot();
  REQUIRE(place.preferred == next.engine()->my_lane().index + 1);
  REQUIRE(pages_of(img, slot) == 0);
  auto vec = must(next.open<shared_vec<sample>>("vec"));

  must(vec.assign(std::vector<sample>{}));

  // Else nobody would find it there, should this one lend it and die.
  CHECK((img.owners(place.block >> img.page_shift()).load() &
         memory::owner_bit(slot)) != 0);
  CHECK(trace_blocks(img).text() == "");
}

TEST_CASE("a sweep looks into the pages that its dead one is noted in") {
  const test_folder folder;
  const auto options = in_folder(folder);
  auto home = must(segment::create("s", options));
  const auto& img = home.engine()->img();
  const auto handle = must(home.allocate(64));
  const auto place =
      memory::find_block(img, handle.block(), memory::block_kind::bare);
  constexpr memory::slot_index dead = 7;
  const auto stray = place.word + 8;  // The next block's word.
  img.word(stray).store(
      memory::block_word::make(memory::block_state::owned, dead + 1, 5).raw);

  CHECK(memory::sweep_loans(img, dead) == 0);
  CHECK(memory::sweep_loans(img, dead, owner_search::all) == 1);
  // And what is noted is found, and noted no more.
  img.word(stray).store(
      memory::block_word::make(memory::block_state::returned, dead + 1, 7).raw);
  memory::note_owner(img, place.word >> img.page_shift(), dead);
  CHECK(memory::sweep_loans(img, dead) == 1);
  CHECK(pages_of(img, dead) == 0);
  CHECK(pages_of(img, home.engine()->slot()) == 1);
}

TEST_CASE("a bit that a living participant shares is not cleared") {
  const test_folder folder;
  const auto sizes = many_slots(66);
  const auto options = in_folder(folder, &sizes);
  auto all = first_64(options);
  const auto& img = all[0].engine()->img();
  must(all[0].allocate(64));
  REQUIRE(all[0].engine()->slot() == 0);
  {
    auto shares = must(segment::open("s", options));
    REQUIRE(shares.engine()->slot() == 64);
    CHECK_FALSE(memory::is_alone_in_bit(img, 64));
    must(shares.allocate(64));
  }
  CHECK(pages_of(img, 0) > 0);
  CHECK(trace_blocks(img).text() == "");
  CHECK(memory::is_alone_in_bit(img, 0));
  all.erase(all.begin());
  CHECK(pages_of(all[0].engine()->img(), 0) == 0);
}

TEST_CASE("a slot is closed while another one of its bit is being swept") {
  const test_folder folder;
  const auto sizes = many_slots(66);
  const auto options = in_folder(folder, &sizes);
  auto all = first_64(options);
  const auto& img = all[0].engine()->img();
  // As if slot 1 was sweeping slot 0.
  auto& mark = img.slot(0).sweeper;
  mark = all[1].engine()->generation() << memory::owner_bits | 2;

  auto next = must(segment::open("s", options));
  CHECK(next.engine()->slot() == 65);
  CHECK(segment::open("s", options).error() == segment_error::no_slot);
  mark = 0;
  CHECK(must(segment::open("s", options)).engine()->slot() == 64);
}

namespace {

/// Every interleaving of one who ends slot t with one who claims slot s of the
/// same bit, as page_owners.hpp describes them, with deaths anywhere. Steps are
/// single loads and stores; the fences make their order one for all.
class bit_model {
public:
  enum class planted { nothing, look_before_mark, own_before_look };
  explicit bit_model(planted bug) : bug_{bug} {}

  /// Number of states in which s owns what its bit does not say.
  int violations() {
    visit({});
    return violations_;
  }
  [[nodiscard]] std::size_t states() const { return seen_.size(); }

private:
  struct state {
    bool t_taken = true;  // Dead, or detaching.
    bool t_mark = false;
    bool s_taken = false;
    bool bit = true;  // As t left it.
    bool s_owns = false;
    bool s_saw_taken = false;
    bool alone = false;
    int ender = 0;
    int claimer = 0;

    auto operator<=>(const state&) const = default;
  };

  void visit(const state& at) {
    if (!seen_.insert(at).second) return;
    if (at.s_owns && !at.bit) ++violations_;
    end_step(at);
    claim_step(at);
  }

  void end_step(state s) {
    const bool looks_first = bug_ == planted::look_before_mark;
    auto died = s;
    switch (s.ender) {
      case 0:
        (looks_first ? s.alone : s.t_mark) = looks_first ? !s.s_taken : true;
        break;
      case 1:
        (looks_first ? s.t_mark : s.alone) = looks_first ? true : !s.s_taken;
        break;
      case 2:
        if (s.alone) s.bit = false;
        break;
      case 3:
        s.t_taken = false;
        break;
      case 4:
        s.t_mark = false;
        break;
      default:
        return;
    }
    ++s.ender;
    visit(s);
    // Its mark stays; the next one begins again while t is taken.
    if (died.ender > 0 && died.t_taken) {
      died.ender = 0;
      died.alone = false;
      visit(died);
    }
  }

  void claim_step(state s) {
    const bool hasty = bug_ == planted::own_before_look;
    switch (s.claimer) {
      case 0:
        s.s_taken = true;
        s.claimer = hasty ? 3 : 1;
        break;
      case 1:
        s.s_saw_taken = s.t_taken;
        s.claimer = 2;
        break;
      case 2:
        if (s.s_saw_taken && s.t_mark) {
          s.s_taken = false;  // Gives the slot up, and may try again.
          s.claimer = 0;
        } else {
          s.claimer = 3;
        }
        break;
      case 3:  // note_owner(): seen once is enough.
        s.claimer = s.bit ? 5 : 4;
        break;
      case 4:
        s.bit = true;
        s.claimer = 5;
        break;
      case 5:
        s.s_owns = true;
        s.claimer = 6;
        break;
      default:
        return;
    }
    visit(s);  // A death of the claimer is a state that it never leaves.
  }

  planted bug_;
  std::set<state> seen_;
  int violations_ = 0;
};

}  // namespace

TEST_CASE("no interleaving takes a bit from who relies on it") {
  using planted = bit_model::planted;
  bit_model sound{planted::nothing};
  CHECK(sound.violations() == 0);
  CHECK(sound.states() > 50);
  // The model finds what is wrong.
  CHECK(bit_model{planted::look_before_mark}.violations() > 0);
  CHECK(bit_model{planted::own_before_look}.violations() > 0);
}
