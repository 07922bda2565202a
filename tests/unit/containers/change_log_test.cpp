// Following the changes of an object.
#include <commy/containers/change_log.hpp>

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <map>
#include <support/block_trace.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>
#include <thread>

using namespace commy;
using namespace commy::test;
using namespace std::chrono_literals;

namespace {

struct world {
  test_folder folder;
  segment home = must(segment::create("s", in_folder(folder)));

  template <class Container>
  Container make(std::uint64_t entries) {
    auto made = must(home.create<Container>("object"));
    must(made.keep_changes(entries));
    return made;
  }
};

/// All that a log has to say now: "set 1", "erased 2 1"...
template <class Container>
std::vector<std::string> all_of(change_log<Container>& log) {
  constexpr std::array kinds{"?",        "set",      "erased",
                             "inserted", "replaced", "beneath"};
  std::vector<std::string> lines;
  for (;;) {
    const auto next = must(log.try_next());
    if (!next) return lines;
    std::string line = kinds.at(static_cast<std::size_t>(next->kind()));
    if constexpr (requires { next->key(); }) {
      if (const auto key = next->key()) {
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(*key)>,
                                     std::string>) {
          line += " " + *key;
        } else {
          line += " " + std::to_string(*key);
        }
      }
    } else if (next->kind() != change_kind::replaced &&
               next->kind() != change_kind::beneath) {
      line += " " + std::to_string(next->index()) + " " +
              std::to_string(next->count());
    }
    lines.push_back(std::move(line));
  }
}

using lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a map's log names each key that was set or erased") {
  world w;
  auto map = w.make<shared_hash_map<int, shared_string>>(64);
  must(map.insert(1, "before"));
  change_log log{map};
  CHECK(all_of(log) == lines{});

  must(map.insert(2, "b"));
  must(map.insert_or_assign(1, "a"));
  must(map.update(2, [](std::string& text) { text += "!"; }));
  must(map.insert(2, "not done"));
  must(map.erase(1));
  must(map.erase(77));
  must(map.extract(2));
  CHECK(all_of(log) ==
        lines{"set 2", "set 1", "set 2", "erased 1", "erased 2"});

  must(map.bulk_load(std::map<int, std::string>{
      {1, "a"}, {2, "b"}, {3, "c"}, {4, "d"}, {5, "e"}}));
  must(map.erase_if([](const auto& entry) { return entry.first == 3; }));
  must(map.clear());
  must(map.take());
  CHECK(all_of(log) == lines{"replaced", "erased 3", "replaced"});
}

TEST_CASE("an ordered map's log, with keys of texts") {
  world w;
  auto map = w.make<shared_btree_map<shared_string, int>>(64);
  change_log log{map};
  const std::string uuid = "123e4567-e89b-12d3-a456-426614174000";
  const std::string longest(96, 'l');
  const std::string longer(97, 'l');
  must(map.insert(uuid, 1));
  must(map.insert(longest, 2));
  must(map.insert(longer, 3));
  must(map.insert("", 4));
  must(map.erase(uuid));
  must(map.pop_front());
  // Of a key that is too long the entry says that some key was meant.
  CHECK(all_of(log) == lines{"set " + uuid, "set " + longest, "set", "set ",
                             "erased " + uuid, "erased "});
  must(map.clear());
  CHECK(all_of(log) == lines{"replaced"});
}

TEST_CASE("logs of sets") {
  world w;
  auto set = w.make<shared_btree_set<double>>(8);
  auto bits = must(w.home.create<shared_hash_set<bool>>("bits"));
  must(bits.keep_changes(8));
  change_log log{set};
  change_log bit_log{bits};
  must(set.insert(2.5));
  must(set.erase(2.5));
  must(bits.insert(true));
  CHECK(all_of(log) == lines{"set 2.500000", "erased 2.500000"});
  CHECK(all_of(bit_log) == lines{"set 1"});
}

TEST_CASE("a vector's and a queue's log name elements") {
  world w;
  auto list = w.make<shared_vec<std::int64_t>>(64);
  change_log log{list};
  must(list.push_back(1));
  must(list.append(std::vector<std::int64_t>{2, 3, 4, 5}));
  must(list.insert(1, 9));
  must(list.set(0, 8));
  must(list.set(100, 8));
  must(list.erase(1, 2));
  must(list.pop_back());
  must(list.swap_elements(0, 1));
  must(list.sort());
  must(list.resize(1));
  must(list.clear());
  must(list.clear());
  CHECK(all_of(log) == lines{"inserted 0 1", "inserted 1 4", "inserted 1 1",
                             "set 0 1", "erased 1 2", "erased 3 1", "set 0 1",
                             "set 1 1", "replaced", "erased 1 2",
                             "erased 0 1"});

  auto queue = must(w.home.create<shared_vec_deque<int>>("queue"));
  must(queue.keep_changes(64));
  change_log queue_log{queue};
  must(queue.push_back(1));
  must(queue.push_back(2));
  must(queue.push_front(0));
  must(queue.set(1, 5));
  must(queue.pop_back());
  must(queue.pop_front());
  must(queue.append(std::vector<int>{1, 2}));
  must(queue.clear());
  must(queue.pop_front());
  CHECK(all_of(queue_log) == lines{"inserted 0 1", "inserted 1 1",
                                   "inserted 0 1", "set 1 1", "erased 2 1",
                                   "erased 0 1", "inserted 1 2", "replaced"});
}

TEST_CASE("boxes and texts say that they are another value") {
  world w;
  auto box = w.make<shared_box<int>>(8);
  auto text = must(w.home.create<shared_string>("text"));
  must(text.keep_changes(8));
  change_log log{box};
  change_log text_log{text};
  must(box.set(5));
  must(box.compare_exchange(4, 6));
  must(box.compare_exchange(5, 6));
  must(text.append("and so on"));
  CHECK(all_of(log) == lines{"replaced", "replaced"});
  CHECK(all_of(text_log) == lines{"replaced"});
}

TEST_CASE("changes of nested containers are the outermost one's") {
  world w;
  auto map = w.make<shared_hash_map<int, shared_vec<int>>>(64);
  change_log log{map};
  must(map.insert(1, {1, 2, 3}));
  auto inner = must(map.at(1));
  must(inner.push_back(4));
  must(map.update(1, [](auto& list) { must(list.push_back(5)); }));
  const auto next = must(log.try_next());
  REQUIRE(next);
  CHECK(next->kind() == change_kind::set);
  CHECK(next->key() == 1);
  for (int i = 0; i < 2; ++i) {
    const auto beneath = must(log.try_next());
    REQUIRE(beneath);
    CHECK(beneath->kind() == change_kind::beneath);
    CHECK(!beneath->key());
    CHECK(beneath->place() == inner.place());
  }
  change_log inner_log{inner};
  must(inner.keep_changes(1));
  must(inner.pop_back());
  CHECK(all_of(log) == lines{"beneath"});
  CHECK(all_of(inner_log) == lines{"beneath"});
}

TEST_CASE("changes come with the version, in transactions all at once") {
  world w;
  auto map = w.make<shared_hash_map<int, int>>(64);
  auto list = must(w.home.create<shared_vec<int>>("list"));
  must(list.keep_changes(8));
  change_log log{map};
  change_log list_log{list};
  transact(map, list, [&](transaction&) {
    must(map.insert(1, 1));
    must(map.insert(2, 2));
    must(list.push_back(1));
    // Nothing is said before the commit, not even to oneself.
    CHECK(!must(log.try_next()));
  }).value();
  const auto first = must(log.try_next());
  const auto second = must(log.try_next());
  REQUIRE((first && second));
  CHECK(first->version() == map.version());
  CHECK(second->version() == map.version());
  CHECK(all_of(list_log) == lines{"inserted 0 1"});

  const auto undone = [&] {
    transact(map, list, [&](transaction&) {
      must(map.insert(3, 3));
      must(list.push_back(2));
      throw 1;
    }).value();
  };
  CHECK_THROWS(undone());
  CHECK(all_of(log) == lines{});
  must(map.insert(4, 4));
  const auto third = must(log.try_next());
  REQUIRE(third);
  CHECK(third->key() == 4);
  CHECK(third->version() == map.version());
}

TEST_CASE("who is too slow is told, once, and goes on from the present") {
  world w;
  auto map = w.make<shared_hash_map<int, int>>(4);
  change_log log{map};
  for (int i = 0; i < 4; ++i)
    must(map.insert(i, i));
  // The oldest that is still there.
  CHECK(must(log.try_next())->key() == 0);
  must(map.insert(4, 4));
  CHECK(must(log.try_next())->key() == 1);
  must(map.insert(5, 5));
  must(map.insert(6, 6));
  const auto lost = log.try_next();
  REQUIRE(!lost);
  CHECK(lost.error() == read_error::behind);
  CHECK(lost.error().message() ==
        "entries up to the found one may be lost: changes were overwritten "
        "before they were read: look at the whole object, then go on from here "
        "(wanted 3, found 8)");
  CHECK(all_of(log) == lines{});
  must(map.erase(6));
  CHECK(all_of(log) == lines{"erased 6"});

  SECTION("by one transaction larger than the log") {
    transact(map, [&](transaction&) {
      for (int i = 0; i < 100; ++i)
        must(map.insert_or_assign(i, i));
    }).value();
    CHECK(log.try_next().error() == read_error::behind);
    CHECK(all_of(log) == lines{});
  }
  SECTION("by a longer log") {
    must(map.keep_changes(100));
    CHECK(log.try_next().error() == read_error::behind);
    must(map.insert(9, 9));
    CHECK(all_of(log) == lines{"set 9"});
    // A shorter one is there already.
    must(map.keep_changes(10));
    must(map.insert(10, 9));
    CHECK(all_of(log) == lines{"set 10"});
  }
  CHECK(trace_blocks(w.home.engine()->img()).text() == "");
}

TEST_CASE("a log that came round is restored by an undo") {
  world w;
  auto map = w.make<shared_hash_map<shared_string, int>>(4);
  const std::string long_key(90, 'k');
  must(map.insert("a", 0));
  must(map.insert(long_key, 0));
  change_log log{map, {change_log{map}.mark().log, 1}};
  const auto undone = [&] {
    transact(map, [&](transaction&) {
      for (int i = 0; i < 40; ++i)
        must(map.insert_or_assign(
            std::string(static_cast<std::size_t>(i) + 50, 'x'), i));
      throw 1;
    }).value();
  };
  CHECK_THROWS(undone());
  CHECK(all_of(log) == lines{"set a", "set " + long_key});
}

TEST_CASE("a mark goes on where it was taken, also elsewhere") {
  world w;
  auto map = w.make<shared_hash_map<int, int>>(16);
  auto kept = must(w.home.create<shared_box<change_mark>>("mark"));
  change_log log{map};
  must(map.insert(1, 1));
  must(map.insert(2, 2));
  must(log.try_next());
  must(kept.set(log.mark()));

  const auto reading = must(segment::open_read_only("s", in_folder(w.folder)));
  const auto same = must(reading.open<shared_hash_map<int, int>>("object"));
  change_log other{
      same, must(must(reading.open<shared_box<change_mark>>("mark")).get())};
  CHECK(all_of(other) == lines{"set 2"});
  CHECK(all_of(log) == lines{"set 2"});
}

TEST_CASE("what cannot be followed says why") {
  world w;
  auto map = must(w.home.create<shared_hash_map<int, int>>("map"));
  change_log log{map};
  CHECK(log.try_next().error() == read_error::absent);
  must(map.keep_changes(4));
  CHECK(all_of(log) == lines{});
  must(map.insert(1, 1));
  CHECK(all_of(log) == lines{"set 1"});
  must(map.keep_changes(0));
  CHECK(log.try_next().error() == read_error::absent);
  must(map.insert(2, 1));
  must(map.keep_changes(4));
  CHECK(log.try_next().error() == read_error::behind);
  CHECK(all_of(log) == lines{});

  const auto many = map.keep_changes((std::uint64_t{1} << 18U) + 1);
  CHECK(many.error() == write_error::too_large);
  must(map.keep_changes(std::uint64_t{1} << 18U));

  transact(map, [&](transaction&) {
    must(map.insert(3, 1));
    change_log inside{map};
    CHECK(inside.try_next().error() == read_error::busy);
  }).value();

  must(w.home.remove_object("map"));
  CHECK(log.try_next().error() == read_error::removed);
  CHECK(map.keep_changes(4).error() == write_error::removed);
  CHECK(trace_blocks(w.home.engine()->img()).text() == "");
}

TEST_CASE("swapped objects both say so") {
  world w;
  auto a = w.make<shared_vec<int>>(4);
  auto b = must(w.home.create<shared_vec<int>>("b"));
  must(b.keep_changes(4));
  change_log of_a{a};
  change_log of_b{b};
  must(a.swap(b));
  CHECK(all_of(of_a) == lines{"replaced"});
  CHECK(all_of(of_b) == lines{"replaced"});
}

TEST_CASE("next sleeps for a change, and no longer than it may") {
  world w;
  auto map = w.make<shared_hash_map<int, int>>(1024);
  change_log log{map};
  CHECK(!must(log.next(1ms)));
  std::thread writer{[&] { must(map.insert(1, 1)); }};
  const auto next = must(log.next(60s));
  writer.join();
  REQUIRE(next);
  CHECK(next->key() == 1);
}

TEST_CASE("a follower beside a writer at full speed builds the same map") {
  world w;
  auto map = w.make<shared_hash_map<int, std::int64_t>>(1 << 16U);
  change_log log{map};
  std::atomic<bool> done = false;
  std::thread writer{[&] {
    for (int i = 0; i < 200'000; ++i) {
      if (i % 3 == 0) {
        must(map.erase(i % 64));
      } else {
        must(map.insert_or_assign(i % 64, i));
      }
    }
    done = true;
  }};
  std::map<int, std::int64_t> twin;
  std::uint64_t followed = 0;
  std::uint64_t version = 0;
  const auto follow = [&] {
    const auto next = log.next(1ms);
    if (!next) {
      REQUIRE(next.error() == read_error::behind);
      twin.clear();
      for (const auto& [key, value] : must(map.copy()))
        twin[key] = value;
      return true;
    }
    if (!*next) return false;
    ++followed;
    CHECK((**next).version() > version);
    version = (**next).version();
    const auto key = (**next).key();
    REQUIRE(key);
    const auto value = map.get(*key);
    if (value) {
      twin[*key] = *value;
    } else {
      twin.erase(*key);
    }
    return true;
  };
  while (!done || follow())
    follow();
  writer.join();
  while (follow()) {
  }
  CHECK(followed > 0);
  std::map<int, std::int64_t> all;
  for (const auto& [key, value] : must(map.copy()))
    all[key] = value;
  CHECK(twin == all);
}
