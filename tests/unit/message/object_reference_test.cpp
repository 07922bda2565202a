// Messages and containers that name objects.
#include <commy/containers/shared_box.hpp>
#include <commy/containers/shared_hash_map.hpp>
#include <commy/containers/shared_string.hpp>
#include <commy/containers/shared_vec.hpp>
#include <commy/message/inbox.hpp>
#include <commy/message/remote_address.hpp>

#include <boost/describe.hpp>
#include <catch2/catch_get_random_seed.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <random>
#include <support/test_folder.hpp>

namespace commy::test {

/// Fits a cell.
struct look_here {
  std::uint64_t number = 0;
  object_reference where;
};
BOOST_DESCRIBE_STRUCT(look_here, (), (number, where))

namespace {

using Catch::Matchers::ContainsSubstring;
using stock = shared_hash_map<int, shared_string>;
using shelves = shared_hash_map<int, shared_vec<int>>;

struct two_sides {
  test_folder folder;
  segment here = segment::create("s", in_folder(folder)).value();
  segment there = segment::open("s", in_folder(folder)).value();
};

}  // namespace

TEST_CASE("a message names an object, and the receiver opens it") {
  two_sides at;
  auto box = message::inbox::open(at.there).value();
  box.publish("clerk").value();
  auto to = remote_address<look_here>::find(at.here, "clerk").value();
  auto mine = at.here.create<stock>("stock").value();
  mine.insert(1, "a pound of nails").value();

  REQUIRE(to.send(look_here{7, mine.reference()}));
  const auto parcel = box.try_take();
  REQUIRE(parcel);
  const auto what = parcel->as<look_here>();
  REQUIRE(what);
  auto theirs = at.there.open<stock>(what->where).value();
  CHECK(theirs.get(1).value() == "a pound of nails");
  REQUIRE(theirs.insert(2, "a hammer"));
  CHECK(mine.get(2).value() == "a hammer");
  CHECK(theirs.reference() == what->where);
}

TEST_CASE("an object can name another one") {
  two_sides at;
  const auto mine = at.here.create<stock>("stock").value();
  auto current =
      at.here.create<shared_box<object_reference>>("current").value();
  CHECK_FALSE(current.get().value());
  REQUIRE(current.set(mine.reference()));
  const auto seen =
      at.there.open<shared_box<object_reference>>("current").value();
  CHECK(at.there.open<stock>(seen.get().value()));
}

TEST_CASE("a reference to a removed object is refused for ever") {
  two_sides at;
  const auto old = at.here.create<stock>("stock").value().reference();
  REQUIRE(at.here.remove_object("stock"));
  const auto refused = at.there.open<stock>(old);
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == open_error::not_found);
  CHECK_THAT(refused.error().message(), ContainsSubstring("removed"));
  // Its place may serve the next one of the name, in another life.
  for (int i = 0; i < 100; ++i) {
    const auto next = at.here.create<stock>("stock").value().reference();
    CHECK(next != old);
    CHECK_FALSE(at.there.open<stock>(old));
    CHECK(at.there.open<stock>(next));
    REQUIRE(at.here.remove_object("stock"));
  }
}

TEST_CASE("a reference to an object of another type says what differs") {
  two_sides at;
  const auto place = at.here.create<stock>("stock").value().reference();
  const auto refused = at.there.open<shared_hash_map<int, int>>(place);
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == open_error::type_mismatch);
  CHECK_THAT(refused.error().message(), ContainsSubstring("i32"));
}

TEST_CASE("a reference into another segment, or to nothing, is refused") {
  two_sides at;
  auto elsewhere = segment::create("other", in_folder(at.folder)).value();
  const auto place = elsewhere.create<stock>("stock").value().reference();
  const auto refused = at.here.open<stock>(place);
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == open_error::not_found);
  CHECK_THAT(refused.error().message(), ContainsSubstring("another segment"));
  CHECK_FALSE(at.here.open<stock>(object_reference{}));
}

TEST_CASE("what is nested in an object cannot be had without it") {
  two_sides at;
  auto all = at.here.create<shelves>("shelves").value();
  REQUIRE(all.try_emplace(1));
  const auto inner = all.at(1).value();
  // As a forger would name it.
  const auto& img = at.here.engine()->img();
  const auto forged =
      object_reference::make(memory::segment_number(img), inner.place().root,
                             inner.place().generation);
  const auto refused = at.there.open<shared_vec<int>>(forged);
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == open_error::not_found);
  CHECK_THAT(refused.error().message(), ContainsSubstring("of its own"));
}

TEST_CASE("a reference of any bits is found or refused") {
  two_sides at;
  const auto good = at.here.create<stock>("stock").value().reference();
  INFO("seed " << Catch::getSeed());
  std::mt19937_64 random{Catch::getSeed()};
  for (int i = 0; i < 100'000; ++i) {
    auto bad = good;
    (i % 2 == 0 ? bad.low : bad.high) ^= std::uint64_t{1} << random() % 64;
    if (i % 3 == 0) {
      bad = object_reference::make(good.segment(), random() % (1U << 24U),
                                   random() % 8);
    }
    const auto opened = at.there.open<stock>(bad);
    CHECK((!opened || bad == good));
  }
}

TEST_CASE("a reader opens what a reference names") {
  two_sides at;
  const auto place = at.here.create<stock>("stock").value().reference();
  const auto reader =
      segment::open_read_only("s", in_folder(at.folder)).value();
  CHECK(reader.open<stock>(place).value().size().value() == 0);
}

}  // namespace commy::test
