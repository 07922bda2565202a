#include "letters_across.hpp"
#include <commy/message/inbox.hpp>
#include <commy/message/remote_address.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstring>
#include <string>
#include <support/loan_count.hpp>
#include <support/test_folder.hpp>
#include <thread>

namespace commy::test {
namespace {

using message::inbox;
using namespace std::chrono_literals;

/// A sender and a receiver, each with an attachment of its own, as two
/// processes would have.
struct pair_of {
  test_folder folder;
  memory::geometry sizes = small_geometry();
  segment here = segment::create("mail", in_folder(folder, &sizes)).value();
  segment there = segment::open("mail", in_folder(folder, &sizes)).value();
  std::optional<inbox> box{inbox::open(there).value()};

  pair_of() { box->publish("screen").value(); }
  template <class... M>
  [[nodiscard]] remote_address<M...> address() const {
    return remote_address<M...>::find(here, "screen").value();
  }
  [[nodiscard]] loan_count count() const {
    return count_loans(here.engine()->img());
  }
};

}  // namespace

TEST_CASE("a message arrives whole, with its target and its sender") {
  pair_of at;
  auto to = at.address<numbered>();
  to.send(numbered{3, 4}).value();
  const auto got = at.box->try_take();
  REQUIRE(got);
  CHECK(got->target() == "screen");
  CHECK(got->sender() == at.here.engine()->slot());
  REQUIRE(got->as<numbered>());
  CHECK(got->as<numbered>()->sender == 3);
  CHECK(got->as<numbered>()->number == 4);
  CHECK(!got->as<picture_taken>());
  CHECK(!at.box->try_take());
  CHECK(to.sent() == 1);
}

TEST_CASE("messages of one sender arrive in the order they were sent") {
  pair_of at;
  auto to = at.address<numbered, album>();
  std::uint64_t taken = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    if (i % 3 == 0) {
      to.send(album{i, {}, {}}, loan<picture>{}, loan<picture>{},
              loan<picture>{})
          .value();
    } else {
      to.send(numbered{0, i}).value();
    }
    if (i % 5 != 4) continue;
    while (const auto got = at.box->try_take()) {
      const auto number = got->as<numbered>() ? got->as<numbered>()->number
                                              : got->as<album>().value().number;
      REQUIRE(number == taken++);
    }
  }
  CHECK(taken == 1000);
  CHECK(at.count() == loan_count{});
}

TEST_CASE("a loan goes from hand to hand without a copy") {
  pair_of at;
  auto to = at.address<picture_taken>();
  auto taken = try_loan<picture>(at.here).value();
  taken->number = 42;
  const auto place = taken.handle().block();
  to.send(picture_taken{7, {}, 8}, std::move(taken)).value();
  CHECK(!taken);
  CHECK(at.count() == loan_count{0, 1, 0});
  {
    const auto got = at.box->try_take();
    REQUIRE(got);
    const auto content = got->as<picture_taken>().value();
    CHECK(content.number == 7);
    CHECK(content.sender == 8);
    CHECK(content.taken.block() == place);
    const auto mine = got->adopt<picture>(content.taken).value();
    CHECK(mine->number == 42);
    CHECK(at.count() == loan_count{1, 0, 0});
    CHECK(got->adopt<picture>(content.taken).error() == loan_error::stale);
  }
  CHECK(at.count() == loan_count{});
}

TEST_CASE("a received loan can be sent on") {
  pair_of at;
  auto back = inbox::open(at.here).value();
  back.publish("studio").value();
  auto to = at.address<picture_taken>();
  auto home = remote_address<picture_taken>::find(at.there, "studio").value();
  auto taken = try_loan<picture>(at.here).value();
  taken->number = 1;
  to.send(picture_taken{}, std::move(taken)).value();
  auto mine = [&] {
    const auto got = at.box->try_take();
    return got->adopt<picture>(got->as<picture_taken>()->taken).value();
  }();
  home.send(picture_taken{}, std::move(mine)).value();
  const auto got = back.try_take();
  REQUIRE(got);
  CHECK(got->adopt<picture>(got->as<picture_taken>()->taken).value()->number ==
        1);
}

TEST_CASE("loans that the receiver does not adopt go back with the message") {
  pair_of at;
  auto to = at.address<picture_taken>();
  to.send(picture_taken{}, try_loan<picture>(at.here).value()).value();
  CHECK(at.count() == loan_count{0, 1, 0});
  CHECK(at.box->try_take());
  CHECK(at.count() == loan_count{});
}

TEST_CASE("a large message with several loans arrives whole") {
  pair_of at;
  auto to = at.address<album>();
  album sent{5, {}, "holidays"};
  auto first = try_loan<picture>(at.here).value();
  auto third = try_loan<picture>(at.here).value();
  first->number = 1;
  third->number = 3;
  to.send(sent, std::move(first), loan<picture>{}, std::move(third)).value();
  CHECK(at.count() == loan_count{0, 3, 0});  // Two pictures and the carrier.
  {
    const auto got = at.box->try_take();
    REQUIRE(got);
    const auto content = got->as<album>().value();
    CHECK(std::string{content.title} == "holidays");
    CHECK(got->adopt<picture>(content.pages[0]).value()->number == 1);
    CHECK(!content.pages[1]);
    CHECK(got->adopt<picture>(content.pages[2]).value()->number == 3);
    CHECK(got->handles().size() == 2);
  }
  CHECK(at.count() == loan_count{});
}

TEST_CASE("a loan of the wrong type is refused and goes back") {
  pair_of at;
  auto to = at.address<picture_taken>();
  to.send(picture_taken{}, try_loan<std::uint64_t>(at.here, 50).value())
      .value();
  const auto got = at.box->try_take();
  CHECK(got->adopt<picture>(got->as<picture_taken>()->taken).error() ==
        loan_error::wrong_type);
  CHECK(at.count() == loan_count{});
}

TEST_CASE("a handle from an earlier hand-over is stale for ever") {
  pair_of at;
  auto to = at.address<picture_taken>();
  loan_handle old;
  for (int round = 0; round < 3; ++round) {
    // The same block each time: there is no other free one in the magazine.
    auto taken = try_loan<picture>(at.here).value();
    to.send(picture_taken{}, std::move(taken)).value();
    const auto got = at.box->try_take();
    const auto now = got->as<picture_taken>()->taken;
    if (old) CHECK(got->adopt<picture>(old).error() == loan_error::stale);
    old = now;
    CHECK(got->adopt<picture>(now).has_value());
  }
}

TEST_CASE("a full ring refuses, and the loan stays with its sender") {
  pair_of at;
  auto to = at.address<numbered, picture_taken>();
  for (std::uint32_t i = 0; i < at.sizes.ring_cells; ++i) {
    to.send(numbered{0, i}).value();
  }
  auto taken = try_loan<picture>(at.here).value();
  taken->number = 11;
  const auto refused = to.send(picture_taken{}, std::move(taken));
  CHECK(refused.error() == send_error::ring_full);
  REQUIRE(taken);
  CHECK(taken->number == 11);
  CHECK(at.count() == loan_count{1, 0, 0});
  // One place free: one message more.
  CHECK(at.box->try_take());
  to.send(picture_taken{}, std::move(taken)).value();
  CHECK(to.send(numbered{}).error() == send_error::ring_full);
  std::uint32_t left = 0;
  while (at.box->try_take())
    ++left;
  CHECK(left == at.sizes.ring_cells);
}

TEST_CASE("a name that nobody has published is not found") {
  pair_of at;
  CHECK(remote_address<numbered>::find(at.here, "nobody").error() ==
        send_error::name_not_found);
  const auto sent = send(at.here, "nobody", numbered{});
  CHECK(sent.error() == send_error::name_not_found);
  CHECK(sent.error().message().find("nobody") != std::string::npos);
  CHECK(remote_address<numbered>::wait_for(at.here, "nobody",
                                           std::chrono::steady_clock::now())
            .error() == send_error::name_not_found);
  send(at.here, "screen", numbered{}).value();
}

TEST_CASE("a name can be waited for") {
  pair_of at;
  std::thread late{[&] { at.box->publish("late").value(); }};
  auto to = remote_address<numbered>::wait_for(
      at.here, "late", std::chrono::steady_clock::now() + 30s);
  late.join();
  to.value().send(numbered{}).value();
  CHECK(at.box->try_take()->target() == "late");
}

TEST_CASE("a published name is nobody else's until it is withdrawn") {
  pair_of at;
  auto other = inbox::open(at.here).value();
  CHECK(other.publish("screen").error() == inbox_error::name_taken);
  at.box->withdraw("screen");
  other.publish("screen").value();
  CHECK(other.publish("").error() == inbox_error::bad_name);
  CHECK(other.publish(std::string(256, 'x')).error() == inbox_error::bad_name);
}

TEST_CASE("a message under way to a withdrawn name is dropped and counted") {
  pair_of at;
  auto to = at.address<picture_taken>();
  to.send(picture_taken{}, try_loan<picture>(at.here).value()).value();
  at.box->withdraw("screen");
  CHECK(!at.box->try_take());
  CHECK(at.box->statistics().unknown_target == 1);
  CHECK(at.count() == loan_count{});
}

TEST_CASE("a closed inbox refuses, and the loan stays with its sender") {
  pair_of at;
  auto to = at.address<picture_taken>();
  to.send(picture_taken{}, try_loan<picture>(at.here).value()).value();
  at.box.reset();
  CHECK(at.count() == loan_count{});
  auto taken = try_loan<picture>(at.here).value();
  CHECK(to.send(picture_taken{}, std::move(taken)).error() ==
        send_error::receiver_stopped);
  CHECK(taken);
}

TEST_CASE("an inbox that opens again is empty, and its address follows") {
  pair_of at;
  auto to = at.address<numbered>();
  to.send(numbered{0, 1}).value();
  at.box.reset();
  at.box.emplace(inbox::open(at.there).value());
  CHECK(!at.box->try_take());
  CHECK(to.send(numbered{0, 2}).error() == send_error::receiver_stopped);
  at.box->publish("screen").value();
  to.send(numbered{0, 3}).value();
  CHECK(at.box->try_take()->as<numbered>()->number == 3);
  CHECK(!at.box->try_take());
  CHECK(to.sent() == 2);
}

TEST_CASE("there is one inbox for each attachment") {
  pair_of at;
  CHECK(inbox::open(at.there).error() == inbox_error::already_open);
  auto reader =
      segment::open_read_only("mail", in_folder(at.folder, &at.sizes)).value();
  CHECK(inbox::open(reader).error() == inbox_error::read_only);
  CHECK(remote_address<numbered>::find(reader, "screen").error() ==
        send_error::read_only);
}

TEST_CASE("a message is as large as its cell can say, or as the longest run") {
  pair_of at;
  auto to = message::untyped_address::find(at.here, "screen").value();
  // In a block of a slab, in a page, in several, in the longest run.
  for (const std::size_t bytes :
       {976U, 977U, 4096U - 24, 5000U, 15 * 4096U - 24}) {
    std::vector<std::byte> most(bytes, std::byte{5});
    most.back() = std::byte{6};
    to.send(message_id{9}, most).value();
    const auto got = at.box->try_take();
    REQUIRE(got->bytes().size() == bytes);
    CHECK(std::ranges::equal(got->bytes(), most));
  }
  for (const std::size_t bytes :
       {15 * 4096U - 23, 65'535U, 65'536U, 100'000U}) {
    CHECK(to.send(message_id{9}, std::vector<std::byte>(bytes)).error() ==
          send_error::too_large);
  }
  CHECK(at.count() == loan_count{});
}

TEST_CASE("loans in wrong places or of other segments are refused") {
  pair_of at;
  auto to = message::untyped_address::find(at.here, "screen").value();
  auto taken = try_loan<picture>(at.here).value();
  auto foreign = try_loan<picture>(at.there).value();
  const std::vector<std::byte> bytes(32);
  const auto try_at = [&](loan<picture>& l, std::uint32_t place) {
    const message::carried_loan carried{&l.block(), place};
    return to.send(message_id{9}, bytes, std::span{&carried, 1});
  };
  CHECK(try_at(taken, 4).error() == send_error::bad_place);
  CHECK(try_at(taken, 24).error() == send_error::bad_place);
  CHECK(try_at(foreign, 0).error() == send_error::foreign_loan);
  CHECK(at.count() == loan_count{2, 0, 0});
  const std::vector<message::carried_loan> twice{{&taken.block(), 0},
                                                 {&taken.block(), 16}};
  CHECK(to.send(message_id{9}, bytes, twice).error() ==
        send_error::foreign_loan);
  CHECK(at.count() == loan_count{2, 0, 0});
  const std::vector<message::carried_loan> nine(9);
  CHECK(to.send(message_id{9}, bytes, nine).error() ==
        send_error::too_many_loans);
  try_at(taken, 16).value();
  CHECK(at.count() == loan_count{1, 1, 0});
  CHECK(at.box->try_take()->handles().size() == 1);
}

TEST_CASE("names of closed inboxes are pruned when the next one opens") {
  pair_of at;
  auto names = message::name_table::open(at.here).value();
  // As a killed process leaves it: the entry, but nobody who reads.
  names.publish("ghost", {3, 1, 12345}).value();
  auto other = inbox::open(at.here).value();
  auto map = at.here
                 .open<shared_hash_map<shared_string, message::name_place>>(
                     message::name_table::object_name)
                 .value();
  CHECK(!map.contains("ghost").value());
  CHECK(map.contains("screen").value());
}

TEST_CASE("each refusal of a message or an inbox says what to do") {
  for (int i = 0; i <= static_cast<int>(send_error::damaged); ++i) {
    CHECK(describe(static_cast<send_error>(i)).size() > 20);
    CHECK(describe(static_cast<send_error>(i)) != "unknown reason");
  }
  for (int i = 0; i <= static_cast<int>(inbox_error::detached); ++i) {
    CHECK(describe(static_cast<inbox_error>(i)).size() > 20);
    CHECK(describe(static_cast<inbox_error>(i)) != "unknown reason");
  }
}

}  // namespace commy::test
