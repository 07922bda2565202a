// tests/unit/message/topics.hpp: a topic of numbers that prove themselves.
#pragma once

#include <commy/message/shared_topic.hpp>

#include <boost/describe.hpp>

#include <cstdint>
#include <support/loan_count.hpp>
#include <support/test_folder.hpp>
#include <vector>

namespace commy::test {

struct tick {
  std::uint64_t publisher = 0;
  std::uint64_t number = 0;
  std::uint64_t check = 0;
};
BOOST_DESCRIBE_STRUCT(tick, (), (publisher, number, check))

/// A segment with a topic of ticks.
struct market {
  explicit market(topic_options options = {.depth = 8},
                  memory::geometry geometry = small_geometry())
      : sizes{geometry}, how{options} {}

  test_folder folder;
  memory::geometry sizes;
  topic_options how;
  segment shared = segment::create("market", in_folder(folder, &sizes)).value();
  shared_topic<tick> prices =
      shared_topic<tick>::open_or_create(shared, "prices", how).value();

  /// Another participant of this process.
  [[nodiscard]] segment join() const {
    return segment::open("market", in_folder(folder, &sizes)).value();
  }
  [[nodiscard]] static loan<tick> made(const segment& in, std::uint64_t number,
                                       std::uint64_t publisher = 0) {
    auto next = try_loan<tick>(in).value();
    *next = {publisher, number, ~(number * 1000 + publisher)};
    return next;
  }
  void publish(std::uint64_t number) {
    prices.publish(made(shared, number)).value();
  }
  void publish(std::uint64_t from, std::uint64_t to) {
    for (auto i = from; i <= to; ++i)
      publish(i);
  }
  [[nodiscard]] loan_count count() const {
    return count_loans(shared.engine()->img());
  }
};

[[nodiscard]] inline bool is_sound(const tick& t) {
  return t.check == ~(t.number * 1000 + t.publisher);
}

/// What is to be had now; 0 for what makes no sense.
[[nodiscard]] inline std::vector<std::uint64_t> take_all(
    subscription<tick>& from) {
  std::vector<std::uint64_t> numbers;
  while (const auto next = from.try_take())
    numbers.push_back(is_sound(*next) ? next->number : 0);
  return numbers;
}

using numbers = std::vector<std::uint64_t>;

}  // namespace commy::test
