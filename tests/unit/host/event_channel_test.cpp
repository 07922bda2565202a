#include <commy/host/event_channel.hpp>

#include <catch2/catch_test_macros.hpp>

#include <memory>
#include <thread>
#include <vector>

TEST_CASE("each subscriber gets each event published while it is subscribed") {
  commy::event_channel<int> channel;
  std::vector<int> first;
  std::vector<int> second;
  channel.publish(1);
  {
    const auto a = channel.subscribe([&](int e) { first.push_back(e); });
    channel.publish(2);
    const auto b = channel.subscribe([&](int e) { second.push_back(e); });
    channel.publish(3);
  }
  channel.publish(4);
  CHECK(first == std::vector{2, 3});
  CHECK(second == std::vector{3});
}

TEST_CASE("a subscription may outlive its channel") {
  auto channel = std::make_unique<commy::event_channel<int>>();
  const auto held = channel->subscribe([](int) {});
  channel.reset();
  SUCCEED();
}

TEST_CASE("a subscription that has ended is not called any more") {
  commy::event_channel<int> channel;
  for (int round = 0; round < 1'000; ++round) {
    auto calls = std::make_unique<int>(0);
    auto held = channel.subscribe([&](int) { ++*calls; });
    std::thread publisher{[&] { channel.publish(1); }};
    held = {};
    calls.reset();  // A later call would write to freed memory.
    publisher.join();
  }
  SUCCEED();
}
