// A market's prices, and viewers who come late: shared_topic with a history.
#include <commy/message/shared_topic.hpp>

#include <cstdio>
#include <cstdlib>
#include <string_view>

using namespace commy;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

struct tick {
  std::int64_t number;
  std::int64_t cents;
};
BOOST_DESCRIBE_STRUCT(tick, (), (number, cents))

int main(int count, char** arguments) try {
  const std::string_view what = count > 1 ? arguments[1] : "--help";
  const auto some = count > 2 ? std::strtoll(arguments[2], nullptr, 10) : 0;
  if ((what != "publish" && what != "watch") || some < 1) {
    std::printf(
        "Usage: ticks publish N | watch N\n\nPublishes N prices, or shows N of "
        "them, first the last four that were published before.\n");
    return what == "--help" ? 0 : 2;
  }
  auto market = segment::open_or_create("samples/market").value();
  auto prices = shared_topic<tick>::open_or_create(market, "prices",
                                                   {.depth = 16, .history = 4})
                    .value();
  if (what == "publish") {
    for (std::int64_t i = 1; i <= some; ++i) {
      // Written where all who have subscribed will read it.
      auto next = try_loan<tick>(market).value();
      *next = {.number = i, .cents = 4200 + i * i % 37};
      prices.publish(std::move(next)).value();
    }
    return 0;
  }
  auto news = prices.subscribe().value();
  std::printf("watching\n");
  std::fflush(stdout);
  for (auto left = some; left > 0 && news.wait(clock_type::now() + 60s);) {
    const auto next = news.try_take();
    if (!next) continue;
    // Who is slower than the market is told what it has missed.
    if (next.missed() > 0) {
      std::printf("missed %llu\n",
                  static_cast<unsigned long long>(next.missed()));
    }
    std::printf("%lld: %lld.%02lld\n", static_cast<long long>(next->number),
                static_cast<long long>(next->cents / 100),
                static_cast<long long>(next->cents % 100));
    std::fflush(stdout);
    --left;
  }
  return 0;
} catch (const std::exception& failure) {
  std::fprintf(stderr, "ticks: %s\n", failure.what());
  return 1;
}
