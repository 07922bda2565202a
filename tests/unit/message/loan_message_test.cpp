// Messages whose fields are loans, between two participants.
#include "letters_across.hpp"
#include <commy/message/inbox.hpp>
#include <commy/message/remote_address.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstring>
#include <support/loan_count.hpp>
#include <support/test_folder.hpp>

namespace commy::test {

/// As the architecture's page shows it.
struct frame_ready {
  loan<picture> frame;
  std::int32_t number = 0;
};
BOOST_DESCRIBE_STRUCT(frame_ready, (), (frame, number))

struct eye {
  loan<picture> seen;
  bool open = false;
};
BOOST_DESCRIBE_STRUCT(eye, (), (seen, open))

/// Loans behind other fields, in nested structs and arrays; needs a carrier.
struct stereo {
  std::uint8_t kind = 0;
  eye eyes[2];
  std::array<loan<const std::uint32_t>, 2> sound;
  std::uint16_t last = 0;
};
BOOST_DESCRIBE_STRUCT(stereo, (), (kind, eyes, sound, last))

struct eight {
  loan<picture> all[8];
};
BOOST_DESCRIBE_STRUCT(eight, (), (all))

/// What `frame_ready` looks like to a program that reads it only.
struct frame_seen {
  static constexpr std::string_view wire_name = "commy::test::frame_ready";
  loan<const picture> frame;
  std::int32_t number = 0;
};
BOOST_DESCRIBE_STRUCT(frame_seen, (), (frame, number))

/// Or to one that takes it for something else.
struct frame_mistaken {
  static constexpr std::string_view wire_name = "commy::test::frame_ready";
  loan<std::uint32_t> frame;
  std::int32_t number = 0;
};
BOOST_DESCRIBE_STRUCT(frame_mistaken, (), (frame, number))

namespace {

using message::inbox;

struct screen_room {
  test_folder folder;
  memory::geometry sizes = small_geometry();
  segment here = segment::create("mail", in_folder(folder, &sizes)).value();
  segment there = segment::open("mail", in_folder(folder, &sizes)).value();
  std::optional<inbox> box{inbox::open(there).value()};

  screen_room() { box->publish("screen").value(); }
  template <class... M>
  [[nodiscard]] remote_address<M...> address() const {
    return remote_address<M...>::find(here, "screen").value();
  }
  [[nodiscard]] loan<picture> draw(std::uint64_t number) const {
    auto made = try_loan<picture>(here).value();
    made->number = number;
    return made;
  }
  [[nodiscard]] loan_count count() const {
    return count_loans(here.engine()->img());
  }
  /// Sends bytes as a `frame_ready`, as somebody would who is no program of
  /// ours.
  void send_raw(loan_handle handle, std::int32_t number) const {
    std::array<std::byte, wire_bytes<frame_ready>> bytes{};
    std::memcpy(bytes.data(), &handle, sizeof handle);
    std::memcpy(bytes.data() + 16, &number, sizeof number);
    message::untyped_address::find(here, "screen")
        .value()
        .send(wire_id<frame_ready>(), bytes)
        .value();
  }
};

}  // namespace

TEST_CASE("a loan is sixteen bytes of its message's layout") {
  STATIC_CHECK(wire_layout<frame_ready>() ==
               "commy::test::frame_ready {frame: loan @0, number: i32 @16} 24");
  STATIC_CHECK(wire_layout<stereo>() ==
               "commy::test::stereo {kind: u8 @0, eyes: {seen: loan @0, open: "
               "bool @16} 24[2] @8, sound: loan[2] @56, last: u16 @88} 96");
  STATIC_CHECK(wire_bytes<stereo> == 96);
  STATIC_CHECK(message::loan_count<stereo> == 4);
  STATIC_CHECK(message::loan_count<eight> == 8);
  STATIC_CHECK(carries_loans<frame_ready>);
  STATIC_CHECK(!carries_loans<picture_taken>);
  STATIC_CHECK(wire_bytes<picture_taken> == sizeof(picture_taken));
  STATIC_CHECK(wire_sendable<frame_ready>);
  STATIC_CHECK(wire_id<frame_ready>() == wire_id<frame_seen>());
  CHECK(wire_layout_is_real<frame_ready>());
  CHECK(wire_layout_is_real<stereo>());
}

TEST_CASE("a message brings the loan that is its field, to be written") {
  screen_room at;
  auto to = at.address<frame_ready>();
  auto frame = at.draw(5);
  frame->pixels[30] = 9;
  const auto* const where = frame.data();

  to.send(frame_ready{std::move(frame), 7}).value();

  CHECK(!frame);
  CHECK(at.count() == loan_count{0, 1, 0});
  auto got = at.box->try_take()->as<frame_ready>();
  REQUIRE(got);
  CHECK(got->number == 7);
  CHECK(got->frame->number == 5);
  CHECK(got->frame->pixels[30] == 9);
  CHECK(got->frame.data() != where);  // Another mapping of the same bytes.
  got->frame->number = 6;
  CHECK(at.count() == loan_count{1, 0, 0});
  got.reset();
  CHECK(at.count() == loan_count{});
}

TEST_CASE("a reader may say that it will not write a loan, and pass it on") {
  screen_room at;
  at.address<frame_ready>().send(frame_ready{at.draw(3), 1}).value();
  auto got = at.box->try_take()->as<frame_seen>();
  REQUIRE(got);
  STATIC_CHECK(std::is_same_v<decltype(*got->frame), const picture&>);
  CHECK(got->frame->number == 3);
  // Back through the same ring, by its present owner.
  auto back = remote_address<frame_seen>::find(at.there, "screen").value();
  back.send(std::move(*got)).value();
  auto again = at.box->try_take()->as<frame_ready>();
  REQUIRE(again);
  CHECK(again->frame->number == 3);
}

TEST_CASE("loans travel in nested structs, in arrays, and as empty ones") {
  screen_room at;
  auto to = at.address<stereo, eight>();
  stereo one;
  one.kind = 200;
  one.last = 60'000;
  one.eyes[1] = {at.draw(2), true};  // The other eye has seen nothing.
  for (std::uint32_t i = 0; i < 2; ++i) {
    auto sound = try_loan<std::uint32_t>(at.here, 2000).value();
    sound[1999] = 40 + i;
    one.sound[i] = loan<const std::uint32_t>{std::move(sound.block())};
  }
  to.send(std::move(one)).value();
  auto got = at.box->try_take()->as<stereo>();
  REQUIRE(got);
  CHECK(got->kind == 200);
  CHECK(got->last == 60'000);
  CHECK(!got->eyes[0].seen);
  CHECK(!got->eyes[0].open);
  CHECK(got->eyes[1].seen->number == 2);
  CHECK(got->eyes[1].open);
  CHECK(got->sound[0][1999] == 40);
  CHECK(got->sound[1][1999] == 41);

  eight many;
  for (std::uint64_t i = 0; i < 8; ++i)
    many.all[i] = at.draw(i);
  to.send(std::move(many)).value();
  const auto all = at.box->try_take()->as<eight>();
  REQUIRE(all);
  for (std::uint64_t i = 0; i < 8; ++i)
    CHECK(all->all[i]->number == i);
  got.reset();
  CHECK(at.count() == loan_count{8, 0, 0});
}

TEST_CASE("a refused message comes back whole") {
  screen_room at;
  auto to = at.address<frame_ready>();
  std::int32_t in_ring = 0;
  for (;; ++in_ring) {
    auto done = to.send(frame_ready{at.draw(77), in_ring});
    if (done) continue;
    CHECK(done.error() == send_error::ring_full);
    const auto mine = done.take_back();
    CHECK(mine.number == in_ring);
    CHECK(mine.frame->number == 77);
    break;
  }
  CHECK(in_ring == 8);
  CHECK_THROWS_AS(to.send(frame_ready{at.draw(1), 1}).value(), bad_result);
  CHECK(at.count() == loan_count{0, 8, 0});

  at.box.reset();
  auto done = to.send(frame_ready{at.draw(78), 3});
  REQUIRE(!done);
  CHECK(done.error() == send_error::receiver_stopped);
  CHECK(done.take_back().frame->number == 78);
  CHECK(at.count() == loan_count{});
  auto nobody = send(at.here, "nobody", frame_ready{at.draw(79), 3});
  REQUIRE(!nobody);
  CHECK(nobody.error() == send_error::name_not_found);
  CHECK(nobody.take_back().frame->number == 79);
}

TEST_CASE("a loan of another segment is refused and stays with its sender") {
  screen_room at;
  screen_room other;
  auto done = at.address<frame_ready>().send(frame_ready{other.draw(4), 1});
  REQUIRE(!done);
  CHECK(done.error() == send_error::foreign_loan);
  CHECK(done.take_back().frame->number == 4);
  CHECK(at.count() == loan_count{});
  CHECK(other.count() == loan_count{});
}

TEST_CASE("a message that nobody looks at gives its loans back") {
  screen_room at;
  at.address<frame_ready>().send(frame_ready{at.draw(1), 1}).value();
  {
    const auto parcel = at.box->try_take();
    CHECK(!parcel->as<numbered>());
    CHECK(at.count().in_ring == 1);
  }
  CHECK(at.count() == loan_count{});
}

TEST_CASE("a message with loans is opened once") {
  screen_room at;
  at.address<frame_ready>().send(frame_ready{at.draw(1), 1}).value();
  const auto parcel = at.box->try_take();
  const auto first = parcel->as<frame_ready>();
  CHECK(first);
  CHECK(!parcel->as<frame_ready>());
  CHECK(first->frame->number == 1);
}

TEST_CASE("a loan of another type refuses the message, and goes back") {
  screen_room at;
  at.address<frame_ready>().send(frame_ready{at.draw(1), 1}).value();
  CHECK(!at.box->try_take()->as<frame_mistaken>());
  CHECK(at.count() == loan_count{});
}

TEST_CASE("bytes that no program of ours has sent bring no loan") {
  screen_room at;
  screen_room other;
  const auto refused = [&](loan_handle handle) {
    at.send_raw(handle, 1);
    const auto parcel = at.box->try_take();
    return parcel && !parcel->as<frame_ready>();
  };
  auto mine = at.draw(1);
  auto theirs = other.draw(1);
  auto gone = at.draw(2).handle();
  CHECK(refused(mine.handle()));               // Somebody's,
  CHECK(refused(theirs.handle()));             // of another segment,
  CHECK(refused(gone));                        // given back,
  CHECK(refused(mine.block().next_handle()));  // not sent yet,
  CHECK(refused({~std::uint64_t{0}, ~std::uint64_t{0}}));
  CHECK(mine->number == 1);
  // One that names nothing is a message without a picture.
  at.send_raw({}, 9);
  const auto empty = at.box->try_take()->as<frame_ready>();
  REQUIRE(empty);
  CHECK(!empty->frame);
  CHECK(empty->number == 9);
  CHECK(at.count() == loan_count{1, 0, 0});
}

TEST_CASE("two fields with one handle are no message, and nobody keeps it") {
  screen_room at;
  auto lent = at.draw(1);
  const auto handle = lent.block().next_handle();
  std::array<std::byte, wire_bytes<eight>> bytes{};
  for (std::size_t i = 1; i < 8; ++i)
    std::memcpy(bytes.data() + 16 * i, &handle, sizeof handle);
  // The ring sets the first handle; the others are what a forger wrote.
  const message::carried_loan carried{&lent.block(), 0};
  message::untyped_address::find(at.here, "screen")
      .value()
      .send(wire_id<eight>(), bytes, std::span{&carried, 1})
      .value();
  CHECK(!at.box->try_take()->as<eight>());
  CHECK(at.count() == loan_count{});
}

TEST_CASE(
    "a bad value beside a loan refuses the message before it is adopted") {
  screen_room at;
  auto lent = at.draw(1);
  std::array<std::byte, wire_bytes<stereo>> bytes{};
  bytes[8 + 16] = std::byte{2};  // eyes[0].open, neither true nor false.
  const message::carried_loan carried{&lent.block(), 8};
  message::untyped_address::find(at.here, "screen")
      .value()
      .send(wire_id<stereo>(), bytes, std::span{&carried, 1})
      .value();
  {
    const auto parcel = at.box->try_take();
    CHECK(!parcel->as<stereo>());
    CHECK(at.count() == loan_count{0, 1, 0});
  }
  CHECK(at.count() == loan_count{});
}

TEST_CASE("a forger's handles among real ones cost nobody a loan") {
  screen_room at;
  std::uint64_t opened = 0;
  for (std::uint32_t round = 0; round < 500; ++round) {
    auto lent = at.draw(round);
    auto kept = at.draw(1000 + round);
    std::array<std::byte, wire_bytes<eight>> bytes{};
    // Every place but one: nothing, or something that is not the message's.
    for (std::size_t i = 0; i < 8; ++i) {
      const std::array<loan_handle, 4> choices{
          loan_handle{}, kept.handle(), lent.block().next_handle(),
          loan_handle{std::uint64_t{977} * round, std::uint64_t{131} * round}};
      const auto& forged =
          choices[(round >> (i % 5)) % (round % 7 == 0 ? 1 : 4)];
      std::memcpy(bytes.data() + 16 * i, &forged, sizeof forged);
    }
    const message::carried_loan carried{&lent.block(), 16 * (round % 8)};
    message::untyped_address::find(at.here, "screen")
        .value()
        .send(wire_id<eight>(), bytes, std::span{&carried, 1})
        .value();
    if (const auto got = at.box->try_take()->as<eight>()) {
      REQUIRE(got->all[round % 8]->number == round);
      ++opened;
    }
    REQUIRE(kept->number == 1000 + round);
    kept = {};
    REQUIRE(at.count() == loan_count{});
  }
  CHECK(opened > 50);
  CHECK(opened < 450);
}

}  // namespace commy::test
