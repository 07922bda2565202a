#include "modules/gateway/feed.hpp"

#include "scripted_source.hpp"

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using commy::gateway::feed;
using commy::tests::queue_source;
using commy::tests::record_source;

/// Takes what a feed says, at once unless told to be slow.
class receiver {
public:
  explicit receiver(bool takes = true) : takes_{takes} {}

  feed::outlet outlet() {
    return {
        .event = [this](const feed::tail& e) { note(e ? *e : "lost"); },
        .snapshot =
            [this](feed::joiner who, const std::vector<feed::tail>& pages) {
              note("snapshot " + std::to_string(who) + " " + *pages.front());
            },
        .end = [this](const feed::tail& e) { note(*e); }};
  }
  void watch(feed& from) {
    const std::lock_guard hold{mutex_};
    from_ = &from;
  }
  /// All that was said, once there are `count` lines of it.
  std::vector<std::string> wait_for(std::size_t count) {
    std::unique_lock hold{mutex_};
    REQUIRE(more_.wait_for(hold, 10s, [&] { return said_.size() >= count; }));
    return said_;
  }
  void take_all() {
    const std::lock_guard hold{mutex_};
    takes_ = true;
    for (; untaken_ > 0; --untaken_)
      from_->taken();
  }

private:
  void note(std::string text) {
    const std::lock_guard hold{mutex_};
    said_.push_back(std::move(text));
    if (takes_ && from_ != nullptr) {
      from_->taken();
    } else {
      ++untaken_;
    }
    more_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable more_;
  bool takes_;
  int untaken_ = 0;
  feed* from_ = nullptr;
  std::vector<std::string> said_;
};

}  // namespace

TEST_CASE("who joins gets a snapshot, and then the changes after it") {
  const auto things =
      std::make_shared<record_source>(record_source::content{{"a", 1}});
  receiver to;
  feed told{things, {}, 1000, to.outlet()};
  to.watch(told);

  told.join(7, 0);
  CHECK(to.wait_for(1)[0] ==
        "snapshot 7 \"phase\":\"snap\",\"version\":1,\"set\":{\"a\":1},"
        "\"more\":false}}");
  things->set({{"a", 2}});
  CHECK(to.wait_for(2)[1] ==
        "\"phase\":\"live\",\"version\":2,\"set\":{\"a\":2},\"gone\":[]}}");
}

TEST_CASE("a second joiner's snapshot comes after the event it has in it") {
  const auto things = std::make_shared<queue_source>();
  things->push_back(1);
  receiver to;
  feed told{things, {}, 1000, to.outlet()};
  to.watch(told);
  told.join(1, 10);
  static_cast<void>(to.wait_for(1));

  things->push_back(2);
  told.join(2, 10);

  // The change is an event of its own or comes with the join: never after it.
  const auto said = to.wait_for(3);
  CHECK(said[1].find("\"push\":[2]") != std::string::npos);
  CHECK(said[2].find("\"push\":[1,2]") != std::string::npos);
}

TEST_CASE("a receiver that lags gets fewer events, not a queue of them") {
  const auto things =
      std::make_shared<record_source>(record_source::content{{"a", 0}});
  receiver to{false};
  feed told{things, {}, 1000, to.outlet()};
  to.watch(told);
  told.join(1, 0);
  static_cast<void>(to.wait_for(1));

  things->set({{"a", 1}});
  static_cast<void>(to.wait_for(2));
  for (int i = 2; i <= 5000; ++i)
    things->set({{"a", i}});
  to.take_all();

  auto said = to.wait_for(3);
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (said.back().find("\"a\":5000") == std::string::npos) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    said = to.wait_for(said.size());
    std::this_thread::yield();
  }
  CHECK(said.size() < 100);
}

TEST_CASE("events of one feed keep to its rate") {
  const auto things =
      std::make_shared<record_source>(record_source::content{{"a", 0}});
  receiver to;
  feed told{things, {}, 20, to.outlet()};
  to.watch(told);
  told.join(1, 0);
  static_cast<void>(to.wait_for(1));

  const auto begin = std::chrono::steady_clock::now();
  std::atomic<bool> stop{false};
  std::thread writer{[&] {
    for (std::int64_t i = 1; !stop; ++i)
      things->set({{"a", i}});
  }};
  static_cast<void>(to.wait_for(11));
  const auto took = std::chrono::steady_clock::now() - begin;
  stop = true;
  writer.join();

  // Ten events need nine pauses of 50 ms at least.
  CHECK(took >= 450ms);
}

TEST_CASE("a thing that is removed ends its feed and says why") {
  const auto things =
      std::make_shared<record_source>(record_source::content{{"a", 1}});
  receiver to;
  feed told{things, {}, 1000, to.outlet()};
  to.watch(told);
  told.join(1, 0);
  static_cast<void>(to.wait_for(1));

  things->fail_with(commy::read_error::removed);

  CHECK(to.wait_for(2)[1].starts_with("\"phase\":\"end\",\"why\":"));
}

TEST_CASE("a joiner waits while a writer holds the object, and then joins") {
  const auto things =
      std::make_shared<record_source>(record_source::content{{"a", 1}});
  things->fail_with(commy::read_error::busy);
  receiver to;
  feed told{things, {}, 1000, to.outlet()};
  to.watch(told);
  told.join(1, 0);

  things->free();

  CHECK(to.wait_for(1)[0].starts_with("snapshot 1"));
}
