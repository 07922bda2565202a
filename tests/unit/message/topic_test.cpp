// Topics between processes, as one process can see them: several attachments.
#include "topics.hpp"
#include <commy/containers/dynamic_object.hpp>
#include <commy/containers/shared_box.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <algorithm>
#include <optional>
#include <thread>

namespace commy::test {
namespace {

using Catch::Matchers::ContainsSubstring;

struct tock {
  std::uint64_t publisher = 0;
  double number = 0;
  std::uint64_t check = 0;
};
BOOST_DESCRIBE_STRUCT(tock, (), (publisher, number, check))

}  // namespace

TEST_CASE("what is published once every subscriber reads where it lies") {
  market at;
  const auto other = at.join();
  auto here = at.prices.subscribe().value();
  auto there =
      shared_topic<tick>::open(other, "prices").value().subscribe().value();
  auto message = at.made(at.shared, 7);
  const auto* const written = message.data();
  REQUIRE(at.prices.publish(std::move(message)));
  CHECK(!message);

  const auto near = here.try_take();
  const auto far = there.try_take();

  REQUIRE(near);
  REQUIRE(far);
  CHECK(near.data() == written);
  CHECK(far->number == 7);
  CHECK(is_sound(*far));
  CHECK(far.publisher() == at.shared.engine()->slot());
  CHECK(at.count() == loan_count{0, 0, 0, 1});
  CHECK(!here.try_take());
}

TEST_CASE("a message of several elements is one span") {
  market at;
  auto wide =
      shared_topic<std::uint32_t>::open_or_create(at.shared, "wide").value();
  auto reader = wide.subscribe().value();
  auto many = try_loan<std::uint32_t>(at.shared, 50).value();
  many[49] = 5;
  REQUIRE(wide.publish(std::move(many)));
  const auto got = reader.try_take();
  REQUIRE(got.size() == 50);
  CHECK(got[49] == 5);
}

TEST_CASE("a block is free when it was overwritten and nobody holds it") {
  market at{{.depth = 2}};
  auto first = at.prices.subscribe().value();
  auto second = at.prices.subscribe().value();
  at.publish(1);
  auto held = first.try_take();
  auto also = second.try_take();
  at.publish(2, 3);
  CHECK(at.count().in_topic == 3);
  held.reset();
  CHECK(at.count().in_topic == 3);
  CHECK(also->number == 1);
  also.reset();
  CHECK(at.count() == loan_count{0, 0, 0, 2});
  at.publish(4, 100);
  CHECK(at.count() == loan_count{0, 0, 0, 2});
}

TEST_CASE("a sample is a message until its end, wherever that is") {
  market at{{.depth = 2}};
  sample<tick> kept;
  {
    auto reader = at.prices.subscribe().value();
    at.publish(5);
    kept = reader.try_take();
    at.publish(6, 9);
  }
  CHECK(kept->number == 5);
  CHECK(at.count().in_topic == 3);
  std::thread{[mine = std::move(kept)] { CHECK(mine->number == 5); }}.join();
  CHECK(at.count().in_topic == 2);
}

TEST_CASE("a topic has 64 subscribers, and the 65th is told why not") {
  market at;
  std::vector<subscription<tick>> all;
  for (int i = 0; i < 64; ++i)
    all.push_back(at.prices.subscribe().value());
  const auto refused = at.prices.subscribe();
  REQUIRE(!refused);
  CHECK(refused.error() == subscribe_error::too_many);
  CHECK_THAT(refused.error().message(), ContainsSubstring("64"));

  at.publish(1, 3);
  for (auto& one : all)
    CHECK(take_all(one) == numbers{1, 2, 3});
  CHECK(at.prices.statistics().subscribers.size() == 64);

  // A sample that is still out keeps its subscription's bit.
  at.publish(4);
  auto held = all[40].try_take();
  all.erase(all.begin() + 40);
  CHECK(!at.prices.subscribe());
  held.reset();
  CHECK(at.prices.subscribe().has_value());
}

TEST_CASE("all 64 may hold one block, and the last one frees it") {
  market at{{.depth = 2}};
  std::vector<subscription<tick>> all;
  std::vector<sample<tick>> held;
  for (int i = 0; i < 64; ++i)
    all.push_back(at.prices.subscribe().value());
  at.publish(1);
  for (auto& one : all)
    held.push_back(one.try_take());
  at.publish(2, 3);
  while (!held.empty()) {
    CHECK(at.count().in_topic == 3);
    CHECK(held.back()->number == 1);
    held.pop_back();
  }
  CHECK(at.count().in_topic == 2);
}

TEST_CASE("who comes late gets the last messages, as many as both say") {
  market at{{.depth = 8, .history = 5}};
  auto early = at.prices.subscribe().value();
  at.publish(1, 3);
  auto second = at.prices.subscribe().value();
  CHECK(take_all(second) == numbers{1, 2, 3});
  at.publish(4, 30);
  auto third = at.prices.subscribe().value();
  auto fourth = at.prices.subscribe({.history = 2}).value();
  auto fifth = at.prices.subscribe({.history = 0}).value();
  at.publish(31);
  CHECK(take_all(third) == numbers{26, 27, 28, 29, 30, 31});
  CHECK(take_all(fourth) == numbers{29, 30, 31});
  CHECK(take_all(fifth) == numbers{31});
  CHECK(third.statistics().missed == 0);
}

TEST_CASE("a slow reader loses its oldest messages and is told how many") {
  market at{{.depth = 8}};
  auto slow = at.prices.subscribe().value();
  auto fast = at.prices.subscribe().value();
  for (std::uint64_t i = 1; i <= 20; ++i) {
    at.publish(i);
    CHECK(take_all(fast) == numbers{i});
  }
  auto next = slow.try_take();
  CHECK(next->number == 13);
  CHECK(next.missed() == 12);
  CHECK(slow.try_take().missed() == 0);
  CHECK(at.prices.statistics().subscribers[0].missed == 12);
  at.publish(21, 1000);
  next = slow.try_take();
  CHECK(next->number == 993);
  CHECK(next.missed() == 992 - 14);
  CHECK(take_all(slow) == numbers{994, 995, 996, 997, 998, 999, 1000});
  const auto said = slow.statistics();
  CHECK(said.taken + said.missed == 1000);
  CHECK(fast.statistics().missed == 0);
}

TEST_CASE("a topic that holds its publishers refuses, and keeps the loan") {
  market at{{.depth = 4, .slow = slow_reader::hold_publisher}};
  at.publish(1, 9);  // Nobody reads, nobody is waited for.
  auto slow = at.prices.subscribe().value();
  auto fast = at.prices.subscribe().value();
  at.publish(10, 13);
  CHECK(take_all(fast) == numbers{10, 11, 12, 13});
  auto message = at.made(at.shared, 14);
  const auto refused = at.prices.publish(std::move(message));
  REQUIRE(!refused);
  CHECK(refused.error() == publish_error::topic_full);
  REQUIRE(message);
  CHECK(message->number == 14);
  CHECK(at.prices.statistics().refused == 1);

  CHECK(slow.try_take()->number == 10);
  CHECK(at.prices.publish(std::move(message)).has_value());
  CHECK(take_all(slow) == numbers{11, 12, 13, 14});
  CHECK(slow.statistics().missed == 0);
}

TEST_CASE("who leaves holds no publisher up, whatever it still holds") {
  market at{{.depth = 2, .slow = slow_reader::hold_publisher}};
  sample<tick> held;
  {
    auto slow = at.prices.subscribe().value();
    at.publish(1, 2);
    held = slow.try_take();
  }
  at.publish(3, 20);
  CHECK(held->number == 1);
}

TEST_CASE("a subscriber that joins in between holds publishers at once") {
  market at{{.depth = 4, .slow = slow_reader::hold_publisher}};
  auto first = at.prices.subscribe().value();
  at.publish(1, 2);
  CHECK(take_all(first) == numbers{1, 2});
  at.publish(3);
  auto second = at.prices.subscribe().value();
  CHECK(take_all(first) == numbers{3});
  at.publish(4, 7);
  CHECK(take_all(first) == numbers{4, 5, 6, 7});
  CHECK(at.prices.publish(at.made(at.shared, 8)).error() ==
        publish_error::topic_full);
  CHECK(take_all(second) == numbers{4, 5, 6, 7});
}

TEST_CASE("many publish at once: each one's messages come in their order") {
  // Room for blocks that one reader may leave behind.
  memory::geometry sizes;
  sizes.capacity = 64U << 20U;
  market at{{.depth = 64, .slow = slow_reader::hold_publisher}, sizes};
  constexpr std::uint64_t each = 5000;
  std::vector<subscription<tick>> readers;
  for (int i = 0; i < 3; ++i)
    readers.push_back(at.prices.subscribe().value());
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::seconds{60};
  std::vector<std::thread> publishers;
  for (std::uint64_t p = 0; p < 3; ++p) {
    publishers.emplace_back([&at, p, deadline, to = at.prices]() mutable {
      for (std::uint64_t i = 1; i <= each; ++i) {
        to.publish(at.made(at.shared, i, p), deadline).value();
      }
    });
  }
  std::vector<std::thread> reading;
  std::atomic<int> wrong{0};
  for (auto& reader : readers) {
    reading.emplace_back([&reader, &wrong, deadline] {
      std::uint64_t last[3] = {};
      for (std::uint64_t got = 0; got < 3 * each;) {
        const auto next = reader.try_take();
        if (!next) {
          if (!reader.wait(deadline)) break;
          continue;
        }
        ++got;
        if (!is_sound(*next) || next.missed() != 0 ||
            next->number != ++last[next->publisher]) {
          ++wrong;
        }
      }
      if (last[0] != each || last[1] != each || last[2] != each) ++wrong;
    });
  }
  for (auto& t : publishers)
    t.join();
  for (auto& t : reading)
    t.join();
  CHECK(wrong == 0);
  CHECK(at.count() == loan_count{0, 0, 0, 64});
  CHECK(fsck(at.shared.engine()->img()).text() == "");
}

TEST_CASE("readers that fall behind count each message they do not get") {
  memory::geometry sizes;
  sizes.capacity = 64U << 20U;
  market at{{.depth = 16}, sizes};
  constexpr std::uint64_t all = 100'000;
  auto reader = at.prices.subscribe().value();
  std::thread publisher{[&at, to = at.prices]() mutable {
    for (std::uint64_t i = 1; i <= all; ++i)
      to.publish(at.made(at.shared, i)).value();
  }};
  std::uint64_t last = 0;
  std::uint64_t missed = 0;
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (last < all) {
    const auto next = reader.try_take();
    if (!next) {
      REQUIRE(reader.wait(deadline));
      continue;
    }
    REQUIRE(is_sound(*next));
    REQUIRE(next->number == last + 1 + next.missed());
    missed += next.missed();
    last = next->number;
  }
  publisher.join();
  CHECK(reader.statistics().missed == missed);
  CHECK(reader.statistics().taken + missed == all);
  CHECK(at.count() == loan_count{0, 0, 0, 16});
}

TEST_CASE("a topic of another type is refused with the field that differs") {
  market at;
  const auto refused = shared_topic<tock>::open(at.shared, "prices");
  REQUIRE(!refused);
  CHECK(refused.error() == open_error::type_mismatch);
  CHECK_THAT(refused.error().message(), ContainsSubstring("number f64"));
  CHECK_THAT(refused.error().message(), ContainsSubstring("number u64"));
  CHECK(shared_topic<tock>::open_or_create(at.shared, "prices").error() ==
        open_error::type_mismatch);
  CHECK(at.shared.open<shared_box<tick>>("prices").error() ==
        open_error::type_mismatch);
  CHECK(shared_topic<tick>::open(at.shared, "none").error() ==
        open_error::not_found);
}

TEST_CASE("who only reads a segment has no part in its topics") {
  market at;
  const auto view =
      segment::open_read_only("market", in_folder(at.folder, &at.sizes))
          .value();
  CHECK(shared_topic<tick>::open(view, "prices").error() ==
        open_error::read_only);
  CHECK_THAT(shared_topic<tick>::open_or_create(view, "x").error().message(),
             ContainsSubstring("both write"));
}

TEST_CASE("options that cannot be are refused, and say which") {
  market at;
  for (const std::uint32_t depth : {0U, 1U, 3U, 1U << 17U}) {
    const auto refused =
        shared_topic<tick>::open_or_create(at.shared, "x", {.depth = depth});
    REQUIRE(!refused);
    CHECK(refused.error() == open_error::refused);
    CHECK_THAT(refused.error().message(), ContainsSubstring("power of two"));
  }
  CHECK(shared_topic<tick>::open_or_create(at.shared, "x",
                                           {.depth = 4, .history = 5})
            .error() == open_error::refused);
}

TEST_CASE("a topic takes loans of its own segment only, and no empty ones") {
  market at;
  market elsewhere;
  auto foreign = elsewhere.made(elsewhere.shared, 1);
  CHECK(at.prices.publish(std::move(foreign)).error() ==
        publish_error::foreign_loan);
  CHECK(foreign);
  CHECK(at.prices.publish(loan<tick>{}).error() == publish_error::foreign_loan);
  // Of another attachment of this process: that one's to publish.
  const auto other = at.join();
  CHECK(at.prices.publish(at.made(other, 1)).error() ==
        publish_error::foreign_loan);
}

TEST_CASE("statistics say what became of the messages") {
  market at{{.depth = 8, .history = 3}};
  auto reader = at.prices.subscribe().value();
  at.publish(1, 10);
  const auto before = at.prices.statistics();
  CHECK(before.published == 10);
  CHECK(before.evicted == 2);
  CHECK(before.depth == 8);
  CHECK(before.history == 3);
  REQUIRE(before.subscribers.size() == 1);
  CHECK(before.subscribers[0].lag == 10);
  static_cast<void>(reader.try_take());
  const auto after = at.prices.statistics();
  CHECK(after.subscribers[0].lag == 7);
  CHECK(after.subscribers[0].missed == 2);
  CHECK(after.subscribers[0].participant == at.shared.engine()->slot());
  CHECK(at.shared.statistics().owned_bytes >= 8 * sizeof(tick));
}

TEST_CASE("statistics count what a publisher did not live to say") {
  market at{{.depth = 8}};
  auto reader = at.prices.subscribe().value();
  at.publish(1, 20);
  std::optional<memory::topic_view> topic;
  memory::for_each_topic(at.shared.engine()->img(),
                         [&](memory::offset, const memory::topic_view& found) {
                           topic = found;
                           return false;
                         });
  REQUIRE(topic);
  auto& tail = topic->header->tail;
  const auto end = tail.load();
  // Stored by one who was stopped after its claim, and went on much later.
  for (const auto late : {end - 1, end - 8, end - 9, end - 20}) {
    tail = late;
    const auto said = at.prices.statistics();
    CHECK(said.published == 20);
    CHECK(said.evicted == 12);
    CHECK(said.subscribers.at(0).lag == 20);
  }
  CHECK(take_all(reader) == numbers{13, 14, 15, 16, 17, 18, 19, 20});
}

TEST_CASE("a topic is no value, and the dynamic face says so") {
  market at;
  const auto refused = dynamic_object::open(at.shared, "prices");
  REQUIRE(!refused);
  CHECK(refused.error() == open_error::refused);
  CHECK_THAT(refused.error().message(), ContainsSubstring("subscribe"));
  const auto all = memory::list_objects(*at.shared.engine()).value();
  REQUIRE(all.size() == 1);
  CHECK(all[0].type.starts_with("topic<{publisher u64@0"));
}

TEST_CASE("a segment with topics in use is whole") {
  market at{{.depth = 4}};
  auto reader = at.prices.subscribe().value();
  at.publish(1, 3);
  const auto held = reader.try_take();
  at.publish(4, 9);
  const auto found = fsck(at.shared.engine()->img());
  CHECK(found.text().empty());
  CHECK(found.lent == 5);
}

TEST_CASE("a message that nothing names is found and given back") {
  market at{{.depth = 4}};
  at.publish(1, 4);
  const auto& img = at.shared.engine()->img();
  memory::for_each_topic(img, [](memory::offset, const auto& topic) {
    topic.cells[1].info = 0;
    return true;
  });
  const auto found = fsck(img);
  CHECK(found.findings == 2);
  CHECK_THAT(found.text(), ContainsSubstring("published nowhere"));
  CHECK_THAT(found.text(), ContainsSubstring("a message without a block"));
}

}  // namespace commy::test
