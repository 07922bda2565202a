// Objects that exchange what they hold, and queues that are waited for.
#include "random_steps.hpp"
#include <commy/containers/shared_btree_map.hpp>
#include <commy/containers/shared_hash_map.hpp>
#include <commy/containers/shared_vec.hpp>
#include <commy/containers/shared_vec_deque.hpp>

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <deque>
#include <numeric>
#include <random>
#include <support/block_trace.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>
#include <thread>

using namespace commy;
using namespace commy::test;
using namespace std::chrono_literals;

namespace {

struct opened {
  test_folder folder;
  segment home = must(segment::create("s", in_folder(folder)));
  template <class Container>
  Container make(const char* name) {
    return must(home.create<Container>(name));
  }
  [[nodiscard]] std::string traced() const {
    return trace_blocks(home.engine()->img()).text();
  }
};

}  // namespace

TEST_CASE("two objects exchange what they hold, whatever it is") {
  opened here;
  auto a = here.make<shared_hash_map<int, shared_string>>("a");
  auto b = here.make<shared_hash_map<int, shared_string>>("b");
  must(a.insert(1, "a text of more than fifteen bytes"));
  for (int i = 0; i < 100; ++i)
    must(b.insert(i, "b"));

  must(a.swap(b));
  CHECK(must(a.size()) == 100);
  CHECK(must(a.get(50)) == "b");
  CHECK(must(b.get(1)) == "a text of more than fifteen bytes");
  must(a.swap(a));
  must(b.insert(2, "two"));

  auto v = here.make<shared_vec<int>>("v");
  auto w = here.make<shared_vec<int>>("w");
  must(v.push_back(1));
  auto m = here.make<shared_btree_map<int, int>>("m");
  auto n = here.make<shared_btree_map<int, int>>("n");
  must(m.insert(1, 1));
  must(transact(v, w, m, n, [&](transaction&) {
    must(v.swap(w));
    must(w.push_back(2));
    must(m.swap(n));
    must(n.insert(2, 2));
  }));
  CHECK(must(v.copy()).empty());
  CHECK(must(w.copy()) == std::vector<int>{1, 2});
  CHECK(must(n.size()) == 2);
  CHECK(here.traced() == sound);
}

TEST_CASE("an exchange inside a transaction wants both objects in it") {
  opened here;
  auto v = here.make<shared_vec<int>>("v");
  auto w = here.make<shared_vec<int>>("w");
  must(w.push_back(1));

  const auto done = transact(v, [&](transaction&) { must(v.swap(w)); });

  CHECK(done.error() == write_error::not_in_transaction);
  CHECK(must(w.size()) == 1);
}

TEST_CASE("an exchange that is undone leaves both as they were") {
  opened here;
  auto v = here.make<shared_vec<int>>("v");
  auto w = here.make<shared_vec<int>>("w");
  for (int i = 0; i < 5; ++i)
    must(w.push_back(i));

  CHECK_THROWS(transact(v, w, [&](transaction&) {
    must(w.pop_back());
    must(v.swap(w));
    must(v.push_back(9));
    must(v.push_back(9));
    throw std::runtime_error{"no"};
  }));

  CHECK(must(v.copy()).empty());
  CHECK(must(w.copy()) == std::vector<int>{0, 1, 2, 3, 4});
}

TEST_CASE("a queue changes many elements at once as std::deque does") {
  opened here;
  auto queue = here.make<shared_vec_deque<std::int64_t>>("queue");
  std::deque<std::int64_t> model;
  const auto seed = pick_seed();
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  const auto below = [&](int end) {
    return static_cast<int>(random() % static_cast<unsigned>(end));
  };
  const auto apply = [&] {
    switch (below(9)) {
      case 0: {
        std::vector<std::int64_t> more(static_cast<std::size_t>(below(40)));
        std::iota(more.begin(), more.end(), below(100));
        must(queue.append(more));
        model.insert(model.end(), more.begin(), more.end());
        break;
      }
      case 1: {
        const auto limit = below(100);
        const auto less = [&](std::int64_t n) { return n < limit; };
        REQUIRE(must(queue.erase_if(less)) == std::erase_if(model, less));
        break;
      }
      case 2:
        if (below(5) == 0) {
          must(queue.clear());
          model.clear();
        }
        break;
      case 3:
        if (below(5) == 0) {
          REQUIRE(must(queue.take()) ==
                  std::vector<std::int64_t>(model.begin(), model.end()));
          model.clear();
        }
        break;
      case 4:
        must(queue.reserve(static_cast<std::uint64_t>(below(200))));
        break;
      case 5: {
        const auto at = static_cast<std::size_t>(below(50));
        REQUIRE(must(queue.set(at, 7)) == (at < model.size()));
        if (at < model.size()) model[at] = 7;
        break;
      }
      case 6:
        must(queue.emplace_front(below(100)));
        model.push_front(must(queue.front()));
        break;
      case 7:
        if (below(10) == 0) {
          must(queue.assign(std::vector<int>{3, 1, 2}));
          model = {3, 1, 2};
        }
        break;
      default:
        if (must(queue.pop_front())) model.pop_front();
    }
  };
  for (int i = 0; i < 100'000; ++i) {
    if (i % 50 == 0) {
      const auto before = model;
      try {
        must(transact(queue, [&](transaction&) {
          for (int n = 0; n < 4; ++n)
            apply();
          if (i % 100 == 0) throw std::runtime_error{"half way"};
        }));
      } catch (const std::runtime_error&) {
        model = before;
      }
    } else {
      apply();
    }
    if (i % 1000 == 0) {
      REQUIRE(must(queue.copy()) ==
              std::vector<std::int64_t>(model.begin(), model.end()));
      REQUIRE(here.traced() == sound);
    }
  }
}

TEST_CASE("who waits for a queue gets what another one pushes") {
  opened here;
  auto queue = here.make<shared_vec_deque<int>>("queue");
  constexpr int count = 2000;
  std::atomic<std::int64_t> sum{0};
  std::atomic<int> taken{0};
  std::vector<std::thread> workers;
  for (int w = 0; w < 2; ++w) {
    workers.emplace_back([&, w] {
      auto mine = queue;
      while (taken.load() < count) {
        const auto job =
            must(w == 0 ? mine.pop_front_wait(20ms) : mine.pop_back_wait(20ms));
        if (!job) continue;
        sum += *job;
        ++taken;
      }
    });
  }
  for (int i = 1; i <= count; ++i)
    must(queue.push_back(i));
  for (auto& worker : workers)
    worker.join();

  CHECK(sum.load() == std::int64_t{count} * (count + 1) / 2);
}

TEST_CASE("an empty queue is waited for until the time is up, and no longer") {
  opened here;
  auto queue = here.make<shared_vec_deque<int>>("queue");
  const auto begun = std::chrono::steady_clock::now();

  CHECK_FALSE(must(queue.pop_front_wait(30ms)));
  CHECK(std::chrono::steady_clock::now() - begun >= 30ms);
  must(transact(queue, [&](transaction&) {
    // Nobody could push meanwhile: waiting would be in vain.
    CHECK_FALSE(must(queue.pop_front_wait(1h)));
  }));
}
