#include <commy/actor/actor_system.hpp>
#include <commy/actor/pending_answers.hpp>

#include <boost/describe.hpp>
#include <catch2/catch_test_macros.hpp>

#include <array>
#include <cstring>
#include <memory>
#include <string>

using namespace std::chrono_literals;
using namespace commy;
using namespace commy::actors;

namespace {

struct price_of {
  static constexpr std::string_view wire_name = "test::price_of";
  using reply = std::int64_t;
  std::int32_t item = 0;
};
BOOST_DESCRIBE_STRUCT(price_of, (), (item))
struct is_open {
  static constexpr std::string_view wire_name = "test::is_open";
  using reply = bool;
  std::int32_t shop = 0;
};
BOOST_DESCRIBE_STRUCT(is_open, (), (shop))

const peer shop{3, 99};
const peer other_shop{4, 98};

/// A plain thread's question, as `ask` has it.
template <class R>
class question {
public:
  question() = default;
  question(const question&) = delete;
  question& operator=(const question&) = delete;
  ~question() {
    if (slot.who != 0) answer_refused(slot, ask_error::timeout, "");
    wait->drop();
  }
  [[nodiscard]] bool is_answered() { return wait->wait_for(0ns); }
  /// The thread gives up.
  thread_wait_for<R>* wait = new thread_wait_for<R>;
  message::reply_slot slot = slot_for(*wait);
};

template <class T>
std::array<std::byte, sizeof(T)> bytes_of_value(T value) {
  std::array<std::byte, sizeof(T)> bytes;
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

constexpr auto& price = shape_of_reply<price_of>;

}  // namespace

TEST_CASE("a reply ends the request it is for, once") {
  pending_answers pending;
  question<std::int64_t> asked;
  const auto number = pending.add(asked.slot, price, shop).value();
  CHECK(asked.slot.who == 0);
  CHECK(pending.pending() == 1);
  pending.reply(number, shop.slot, wire_id<price_of>(),
                bytes_of_value(std::int64_t{12}));
  REQUIRE(asked.is_answered());
  CHECK(asked.wait->reply()->value == 12);
  CHECK(pending.pending() == 0);
  pending.reply(number, shop.slot, wire_id<price_of>(),
                bytes_of_value(std::int64_t{13}));
  CHECK(asked.wait->reply()->value == 12);
  CHECK(pending.statistics().answered == 1);
  CHECK(pending.statistics().late == 1);
}

TEST_CASE("only who was asked can answer, and only with what was asked") {
  pending_answers pending;
  question<std::int64_t> asked;
  const auto number = pending.add(asked.slot, price, shop).value();
  const auto value = bytes_of_value(std::int64_t{12});
  pending.reply(number, other_shop.slot, wire_id<price_of>(), value);
  pending.refuse(number, other_shop.slot, ask_error::handler_failed, "");
  CHECK_FALSE(asked.is_answered());
  CHECK(pending.statistics().wrong == 2);
  // Bytes that are no reply are the answer of a peer that is not to be trusted.
  pending.reply(number, shop.slot, wire_id<is_open>(), value);
  REQUIRE(asked.is_answered());
  CHECK(asked.wait->reply() == nullptr);
  CHECK(asked.wait->refusal().why == ask_error::handler_failed);
  CHECK(pending.statistics().wrong == 3);
}

TEST_CASE("a reply of another size or of impossible bits is none") {
  pending_answers pending;
  question<std::int64_t> short_one;
  auto number = pending.add(short_one.slot, price, shop).value();
  pending.reply(number, shop.slot, wire_id<price_of>(),
                bytes_of_value(std::int32_t{1}));
  REQUIRE(short_one.is_answered());
  CHECK(short_one.wait->reply() == nullptr);
  question<bool> odd_one;
  number = pending.add(odd_one.slot, shape_of_reply<is_open>, shop).value();
  pending.reply(number, shop.slot, wire_id<is_open>(),
                bytes_of_value(std::uint8_t{2}));
  REQUIRE(odd_one.is_answered());
  CHECK(odd_one.wait->reply() == nullptr);
}

TEST_CASE("the end of a peer answers what it was asked, and nothing else") {
  pending_answers pending;
  question<std::int64_t> first;
  question<std::int64_t> second;
  question<std::int64_t> later;
  REQUIRE(pending.add(first.slot, price, shop));
  REQUIRE(pending.add(second.slot, price, other_shop));
  REQUIRE(pending.add(later.slot, price, {shop.slot, shop.reader + 1}));
  pending.end(shop, "it was killed");
  REQUIRE(first.is_answered());
  CHECK(first.wait->refusal().why == ask_error::receiver_stopped);
  CHECK(first.wait->refusal().text.view() == "it was killed");
  CHECK_FALSE(second.is_answered());
  CHECK_FALSE(later.is_answered());
  pending.end_all("all over");
  CHECK(second.is_answered());
  CHECK(later.is_answered());
}

TEST_CASE("a request that could not be sent is its sender's again") {
  pending_answers pending;
  question<std::int64_t> asked;
  const auto slot = asked.slot.who;
  const auto number = pending.add(asked.slot, price, shop).value();
  asked.slot = pending.take_back(number);
  CHECK(asked.slot.who == slot);
  CHECK(pending.take_back(number).who == 0);
  pending.end(shop, "");
  CHECK_FALSE(asked.is_answered());
}

TEST_CASE("places are used again, numbers never, and no two tables' agree") {
  pending_answers pending;
  pending_answers another;
  std::uint64_t last = 0;
  for (int i = 0; i < 1000; ++i) {
    question<std::int64_t> asked;
    const auto number = pending.add(asked.slot, price, shop).value();
    CHECK(number != last);
    last = number;
    asked.slot = pending.take_back(number);
  }
  question<std::int64_t> asked;
  question<std::int64_t> there;
  const auto here = pending.add(asked.slot, price, shop).value();
  CHECK(another.add(there.slot, price, shop).value() != here);
}

TEST_CASE("a full table gives up those who have gone, and refuses others") {
  pending_answers pending;
  std::vector<std::unique_ptr<question<std::int64_t>>> asked;
  for (std::uint32_t i = 0; i < pending_answers::most; ++i) {
    asked.push_back(std::make_unique<question<std::int64_t>>());
    REQUIRE(pending.add(asked.back()->slot, price, shop));
  }
  question<std::int64_t> one_more;
  CHECK_FALSE(pending.add(one_more.slot, price, shop));
  CHECK(one_more.slot.who != 0);
  // Its thread gives up: timeout.
  asked.erase(asked.begin() + 77);
  CHECK(pending.add(one_more.slot, price, shop));
  question<std::int64_t> and_another;
  CHECK_FALSE(pending.add(and_another.slot, price, shop));
}

TEST_CASE("a table that ends answers who still waits") {
  question<std::int64_t> asked;
  {
    pending_answers pending;
    REQUIRE(pending.add(asked.slot, price, shop));
  }
  REQUIRE(asked.is_answered());
  CHECK(asked.wait->refusal().why == ask_error::receiver_stopped);
}
