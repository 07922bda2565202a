// Containers of containers.
#include "random_steps.hpp"
#include <commy/containers/dynamic_object.hpp>

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

using track = shared_vec<sample>;
using tracks = shared_hash_map<shared_string, track>;
using by_day = shared_btree_map<int, tracks>;
using archive = shared_vec<by_day>;

// What may nest where.
static_assert(nested_container<track> && nested_container<archive> == false);
static_assert(by_day::nesting == 3 && archive::nesting == 4);
static_assert(!shared_key<track> && !ordered_key<track>);
static_assert(!nested_container<shared_string>);
static_assert(!nested_container<shared_box<int>>);
static_assert(shared_element<shared_hash_set<int>>);
static_assert(shared_element<shared_btree_set<shared_string>>);
static_assert(shared_element<shared_vec_deque<int>>);

template <class Container>
struct one {
  test_folder folder;
  segment home = must(segment::open_or_create("s", in_folder(folder)));
  Container held = must(home.open_or_create<Container>("held"));

  [[nodiscard]] std::string trace() const {
    return trace_blocks(home.engine()->img()).text();
  }
};

const std::string long_text = "a text of more than fifteen bytes, for a block";

}  // namespace

TEST_CASE("a map of vectors gives handles, which are vectors") {
  one<tracks> here;
  auto& map = here.held;

  CHECK(tracks::type_descriptor() ==
        "hash_map<text, vec<{at i64@0, value i64@8}:16>>");
  CHECK(must(map.try_emplace("a")));
  CHECK_FALSE(must(map.try_emplace("a")));
  auto a = must(map.at("a"));
  must(a.push_back({1, 2}));
  must(a.push_back({3, 4}));

  CHECK(must(a.size()) == 2);
  CHECK(must(a.get(1)) == sample{3, 4});
  CHECK(must(map.get("a")) == std::vector<sample>{{1, 2}, {3, 4}});
  CHECK(must(must(map.at("a")).copy()).size() == 2);
  CHECK(map.at("b").error() == read_error::absent);
  CHECK(a.level() == 1);
  CHECK(here.trace() == sound);
}

TEST_CASE("copies of a nested container go in and come out") {
  one<tracks> here;
  auto& map = here.held;

  CHECK(must(map.insert_or_assign("a", {{1, 1}, {2, 2}})));
  CHECK_FALSE(must(map.insert_or_assign("a", {{5, 5}})));
  CHECK(must(map.insert("b", {{7, 7}})));
  CHECK_FALSE(must(map.insert("b", {})));
  must(map.bulk_load(std::map<std::string, std::vector<sample>>{
      {"b", {{8, 8}}}, {"c", {}}, {"d", {{9, 9}}}, {"e", {}}, {"f", {}}}));

  CHECK(must(map.get("a")) == std::vector<sample>{{5, 5}});
  CHECK(must(map.get("b")) == std::vector<sample>{{8, 8}});
  CHECK(must(map.copy()).size() == 6);
  CHECK(must(map.values()).size() == 6);
  CHECK(here.trace() == sound);
  CHECK(must(map.extract("a")) == std::vector<sample>{{5, 5}});
  CHECK(must(map.take()).size() == 5);
  CHECK(must(map.size()) == 0);
  CHECK(here.trace() == sound);
}

TEST_CASE(
    "a nested container is edited in place, and undone when that throws") {
  one<tracks> here;
  auto& map = here.held;
  must(map.insert("a", {{1, 1}}));

  CHECK(must(map.update("a", [](track& list) {
    list.push_back({2, 2}).value();
    CHECK(list.size().value() == 2);
    CHECK(list.copy().value().back() == sample{2, 2});
    CHECK(list.get(0).value() == sample{1, 1});
  })));
  CHECK_FALSE(must(map.update("none", [](track&) {})));
  CHECK_THROWS(must(map.update("a", [](track& list) {
    list.clear().value();
    throw std::runtime_error{"no"};
  })));

  CHECK(must(map.get("a")) == std::vector<sample>{{1, 1}, {2, 2}});
  CHECK(here.trace() == sound);
}

TEST_CASE("containers nest three levels below an object") {
  one<archive> here;
  auto& all = here.held;
  must(all.resize(2));
  auto days = must(all.at(1));
  must(days.try_emplace(7));
  auto day = must(days.at(7));
  must(day.insert("a", {{1, 1}}));
  auto list = must(day.at("a"));
  must(list.push_back({2, 2}));

  CHECK(list.level() == 3);
  CHECK(must(list.copy()) == std::vector<sample>{{1, 1}, {2, 2}});
  CHECK(must(all.back()).at(0).second.at(0).second.size() == 2);
  CHECK(must(days.front()).second.at(0).first == "a");
  CHECK(here.trace() == sound);

  SECTION("a handle ends with its element") {
    must(day.erase("a"));
    CHECK(list.get(0).error() == read_error::removed);
    CHECK(list.copy().error() == read_error::removed);
    CHECK(list.push_back({3, 3}).error() == write_error::removed);
    CHECK(list.read().error() == read_error::removed);
    CHECK(must(day.size()) == 0);
  }
  SECTION("with what the element lies in") {
    must(days.erase(7));
    CHECK(list.get(0).error() == read_error::removed);
    CHECK(list.size().error() == read_error::removed);
    CHECK(day.size().error() == read_error::removed);
    CHECK(must(days.size()) == 0);
  }
  SECTION("with a clear of any of these") {
    must(all.clear());
    CHECK(list.get(0).error() == read_error::removed);
    CHECK(day.contains("a").error() == read_error::removed);
    CHECK(days.erase(7).error() == write_error::removed);
  }
  SECTION("with the object") {
    must(here.home.remove_object("held"));
    CHECK(list.get(0).error() == read_error::removed);
    CHECK(list.push_back({3, 3}).error() == write_error::removed);
  }
  SECTION("but not with another element") {
    must(day.insert("b", {}));
    must(day.erase("b"));
    must(all.erase(0));
    CHECK(must(list.get(0)) == sample{1, 1});
  }
  CHECK(here.trace() == sound);
}

TEST_CASE("a clear of nested containers ends all their handles") {
  one<by_day> here;
  auto& days = here.held;
  for (int i = 0; i < 40; ++i)
    must(days.insert(i, {{"a", {{i, i}}}, {long_text, {}}}));
  auto first = must(days.at(0));
  auto list = must(first.at("a"));

  SECTION("of the outermost") {
    must(days.clear());
    CHECK(first.size().error() == read_error::removed);
    must(days.insert(0, {{"a", {{9, 9}}}}));
    CHECK(list.get(0).error() == read_error::removed);
    CHECK(must(must(must(days.at(0)).at("a")).get(0)) == sample{9, 9});
  }
  SECTION("of one in the middle") {
    for (int i = 0; i < 9; ++i)
      must(first.try_emplace(std::to_string(i)));
    must(first.clear());
    CHECK(list.get(0).error() == read_error::removed);
    CHECK(must(first.size()) == 0);
    CHECK(must(must(days.at(1)).size()) == 2);
  }
  SECTION("undone, it ends none") {
    CHECK_THROWS(transact(days, [&](transaction&) {
      must(days.clear());
      CHECK(list.get(0).error() == read_error::removed);
      throw std::runtime_error{"no"};
    }));
    CHECK(must(list.get(0)) == sample{0, 0});
    must(list.push_back({1, 1}));
  }
  CHECK(here.trace() == sound);
}

TEST_CASE("maps of containers exchange them, and handles find out") {
  one<tracks> here;
  auto& map = here.held;
  auto other = must(here.home.create<tracks>("other"));
  must(map.insert("a", {{1, 1}}));
  must(other.insert("b", {{2, 2}, {3, 3}}));
  auto a = must(map.at("a"));
  auto b = must(other.at("b"));

  must(map.swap(other));

  // Their lock is another one now.
  CHECK(a.push_back({}).error() == write_error::removed);
  CHECK(b.get(0).error() == read_error::removed);
  CHECK(must(map.get("b")).size() == 2);
  CHECK(must(other.get("a")).size() == 1);
  auto x = must(map.at("b"));
  auto y = must(other.at("a"));
  must(x.swap(y));
  CHECK(must(map.get("b")) == std::vector<sample>{{1, 1}});
  CHECK(must(x.copy()).size() == 1);
  must(map.insert("c", {{4, 4}}));
  auto c = must(map.at("c"));
  must(x.swap(c));
  CHECK(must(map.get("b")) == std::vector<sample>{{4, 4}});
  CHECK(here.trace() == sound);
}

TEST_CASE("every kind of container nests in a map, a tree and a vector") {
  one<shared_hash_map<int, shared_vec_deque<int>>> queues;
  must(queues.held.insert(1, {1, 2}));
  auto queue = must(queues.held.at(1));
  must(queue.push_front(0));
  CHECK(must(queue.pop_back()) == 2);
  CHECK(must(queue.pop_front_wait(0s)) == 0);
  CHECK(must(queue.pop_front_wait(0s)) == 1);
  CHECK(must(queue.pop_front_wait(1ms)) == std::nullopt);
  CHECK(queues.trace() == sound);

  one<shared_btree_map<shared_string, shared_hash_set<shared_string>>> sets;
  must(sets.held.insert("x", {"a", long_text}));
  auto set = must(sets.held.at("x"));
  CHECK(must(set.contains(long_text)));
  CHECK(must(set.insert("b")));
  CHECK(must(sets.held.get("x")).size() == 3);
  CHECK(must(sets.held.lower_bound("a")).second.size() == 3);
  CHECK(must(sets.held.pop_front())->second.size() == 3);
  CHECK(sets.trace() == sound);

  one<shared_vec<shared_btree_set<int>>> list;
  must(list.held.push_back({3, 1, 2}));
  must(list.held.emplace_back());
  must(list.held.insert(0, {7}));
  CHECK(must(list.held.get(1)) == std::vector<int>{1, 2, 3});
  CHECK(must(must(list.held.at(1)).front()) == 1);
  must(list.held.sort([](const auto& a, const auto& b) {
    return a.begin() == a.end() && b.begin() != b.end();
  }));
  CHECK(must(list.held.front()).empty());
  CHECK(must(list.held.pop_back()) == std::vector<int>{1, 2, 3});
  must(list.held.assign(std::vector<std::vector<int>>{{1}, {2}, {}}));
  CHECK(must(list.held.update(1, [](auto& s) { must(s.insert(5)); })));
  CHECK(must(list.held.set(0, {8, 9})));
  CHECK(must(list.held.extract(0)) == std::vector<int>{8, 9});
  CHECK(must(list.held.copy()) == std::vector<std::vector<int>>{{2, 5}, {}});
  CHECK(must(list.held.erase_if(
            [](const auto& s) { return s.begin() == s.end(); })) == 1);
  CHECK(list.trace() == sound);
}

TEST_CASE("under a guard nested containers are ranges") {
  one<tracks> here;
  must(here.held.insert("a", {{1, 1}, {2, 2}}));
  must(here.held.insert("b", {{3, 3}}));
  std::int64_t sum = 0;
  {
    const auto all = must(here.held.read());
    for (const auto& [key, list] : all) {
      for (const auto& s : list)
        sum += s.value;
    }
    auto map = here.held;
    map.set_patience(1ms);
    auto a = must(map.at("a"));
    CHECK(a.push_back({}).error() == write_error::guarded_by_self);
  }
  CHECK(sum == 6);
  sum = 0;
  must(must(here.held.at("b")).for_each([&](const sample& s) {
    sum += s.value;
  }));
  CHECK(sum == 3);

  one<by_day> deep;
  must(deep.held.insert(1, {{"x", {{4, 4}}}}));
  must(deep.held.for_each([&](const auto& day) {
    for (const auto& [key, list] : day.second) {
      for (const auto& s : list)
        sum += s.value;
    }
  }));
  CHECK(sum == 7);
  one<shared_vec<shared_vec_deque<int>>> queues;
  must(queues.held.push_back({1, 2, 3}));
  const auto seen = must(queues.held.read());
  CHECK(seen[0].size() == 3);
  CHECK(seen[0][2] == 3);
}

TEST_CASE("changes of nested containers join a transaction on the object") {
  one<tracks> here;
  auto log = must(here.home.create<shared_vec<int>>("log"));
  must(here.held.insert("a", {{1, 1}}));
  auto a = must(here.held.at("a"));
  const auto version = here.held.version();

  must(transact(a, log, [&](transaction&) {
    must(a.push_back({2, 2}));
    must(log.push_back(1));
    must(here.held.try_emplace("b"));
    auto b = must(here.held.at("b"));
    must(b.push_back({3, 3}));
    CHECK(must(b.get(0)) == sample{3, 3});
    CHECK(must(here.held.get("b")).size() == 1);
    CHECK(must(a.copy()).size() == 2);
    must(here.held.erase("b"));
    CHECK(b.get(0).error() == read_error::removed);
  }));

  CHECK(here.held.version() == version + 1);
  CHECK(a.version() == here.held.version());
  CHECK(must(here.held.copy()).size() == 1);
  must(a.push_back({3, 3}));
  CHECK(here.held.wait_for_change(version + 1, 0s));
  CHECK(here.trace() == sound);
}

TEST_CASE("nested containers are read through a read-only mapping") {
  one<by_day> here;
  must(here.held.insert(3, {{"a", {{1, 1}}}}));
  auto reader = must(segment::open_read_only("s", in_folder(here.folder)));
  auto days = must(reader.open<by_day>("held"));

  CHECK(must(must(must(days.at(3)).at("a")).get(0)) == sample{1, 1});
  CHECK(must(days.get(3)).size() == 1);
  CHECK(must(days.copy()).size() == 1);
  CHECK(must(days.at(3)).erase("a").error() == write_error::read_only);
}

TEST_CASE("what nested containers held comes back") {
  one<shared_vec<int>> here;
  const auto empty = trace_blocks(here.home.engine()->img());
  auto fill = [&](auto& map) {
    for (int i = 0; i < 300; ++i) {
      must(map.insert(i, {{"a", {{i, i}}}, {long_text + "k", {}}}));
    }
  };
  auto days = must(here.home.create<by_day>("days"));
  fill(days);

  SECTION("by clear and sweep") {
    must(days.clear());
    CHECK(here.trace() == sound);
    must(days.insert(1, {{"a", {}}}));
    for (int i = 0; i < 20; ++i) {
      here.home.sweep();
      REQUIRE(here.trace() == sound);
    }
    must(days.erase(1));
    CHECK(must(days.size()) == 0);
  }
  SECTION("by the next changes") {
    must(days.clear());
    for (int i = 0; i < 100; ++i)
      must(must(here.home.open<by_day>("days")).erase(1));
    CHECK(here.trace() == sound);
  }
  SECTION("by removing the object with its trash") {
    must(days.clear());
    fill(days);
    must(days.erase(7));
  }
  must(here.home.remove_object("days"));
  CHECK(here.trace() == sound);
  for (int i = 0; i < 20; ++i)
    here.home.sweep();
  CHECK(here.trace() == sound);
  CHECK(trace_blocks(here.home.engine()->img()).live_blocks ==
        empty.live_blocks);
}

TEST_CASE("clearing many texts is one short transaction") {
  one<shared_hash_map<int, shared_string>> map;
  one<shared_btree_map<int, shared_string>> tree;
  one<shared_vec<shared_string>> vec;
  // More blocks than a journal has room for.
  constexpr int many = 20'000;
  for (int i = 0; i < many; ++i) {
    must(map.held.insert(i, long_text));
    must(tree.held.insert(i, long_text));
    must(vec.held.push_back(long_text));
  }
  must(map.held.clear());
  CHECK(must(tree.held.take()).size() == many);
  must(vec.held.assign(std::vector<std::string>{"x"}));

  CHECK(must(map.held.size()) == 0);
  CHECK(must(tree.held.size()) == 0);
  CHECK(must(vec.held.copy()) == std::vector<std::string>{"x"});
  for (const auto& trace : {map.trace(), tree.trace(), vec.trace()})
    CHECK(trace == sound);
  must(map.held.insert(1, long_text));
  must(tree.held.insert(1, long_text));
  for (int i = 0; i < 4; ++i) {
    map.home.sweep();
    tree.home.sweep();
    vec.home.sweep();
  }
  for (const auto& trace : {map.trace(), tree.trace(), vec.trace()})
    CHECK(trace == sound);
  CHECK(trace_blocks(map.home.engine()->img()).live_blocks < 20);
  CHECK(trace_blocks(tree.home.engine()->img()).live_blocks < 20);
  CHECK(trace_blocks(vec.home.engine()->img()).live_blocks < 20);
}

TEST_CASE("cells that lie about nested containers are refused") {
  one<shared_vec<shared_vec<int>>> here;
  must(here.held.push_back({1, 2, 3}));
  must(here.held.push_back({4}));
  auto& img = here.home.engine()->img();
  const auto& root = img.root_at(here.held.place().root);
  const auto state = memory::vec_state::load(root);
  const auto cell = state.at(memory::vec_block::of(16), 0);
  auto& offset = img.word(cell);
  auto& generation = img.word(cell + 8);
  const auto other = img.word(cell + 16).load();

  SECTION("an offset outside") { offset.store(~std::uint64_t{0} - 7); }
  SECTION("an offset into a block") { offset.store(offset.load() + 8); }
  SECTION("a block that is no root") { offset.store(state.block); }
  SECTION("zero") { offset.store(0); }
  SECTION("another generation") { generation.store(generation.load() + 2); }
  SECTION("a cell twice") { offset.store(other); }
  SECTION("the object itself") {
    offset.store(here.held.place().root);
    generation.store(here.held.place().generation);
  }

  here.held.set_patience(0s);
  // Errors, or what is there; never more.
  for (int i = 0; i < 2; ++i) {
    static_cast<void>(here.held.get(0));
    static_cast<void>(here.held.copy());
    if (auto nested = here.held.at(0)) {
      static_cast<void>(nested->get(0));
      static_cast<void>(nested->copy());
      static_cast<void>(nested->push_back(1));
      static_cast<void>(nested->clear());
    }
    static_cast<void>(here.held.for_each([](const auto& range) {
      for (const int n : range)
        static_cast<void>(n);
    }));
    static_cast<void>(here.held.set(0, {7}));
    static_cast<void>(here.held.erase(0));
    here.home.sweep();
  }
  static_cast<void>(here.home.remove_object("held"));
  here.home.sweep();
}

TEST_CASE("nested containers that all are the same one end a copy") {
  one<shared_vec<shared_vec<shared_vec<int>>>> here;
  constexpr std::size_t many = 3000;
  must(here.held.append(std::vector<std::vector<std::vector<int>>>(100)));
  auto first = must(here.held.at(0));
  for (int i = 0; i < 30; ++i)
    must(first.append(std::vector<std::vector<int>>(many / 30)));
  must(must(first.at(0)).append(std::vector<int>(100'000)));
  auto& img = here.home.engine()->img();
  const auto lie = [&](const object_handle& handle, std::uint64_t count) {
    const auto state =
        memory::vec_state::load(img.root_at(handle.place().root));
    const auto shape = memory::vec_block::of(16);
    for (std::uint64_t i = 1; i < count; ++i) {
      for (const auto word : {0U, 8U}) {
        img.word(state.at(shape, i) + word)
            .store(img.word(state.at(shape, 0) + word).load());
      }
    }
  };
  lie(here.held, 100);
  lie(first, many);

  CHECK(here.held.copy().error() == read_error::damaged);
  CHECK(trace_blocks(img).text() != sound);
}

TEST_CASE("a reader never sees a mix while nested containers come and go") {
  one<shared_hash_map<int, shared_vec<std::int64_t>>> here;
  std::atomic<bool> done{false};
  std::atomic<int> reads{0};
  std::string wrong;
  // All elements of a vector are alike, whichever life of the key it is.
  std::thread reader{[&] {
    auto own = must(segment::open("s", in_folder(here.folder)));
    auto map =
        must(own.open<shared_hash_map<int, shared_vec<std::int64_t>>>("held"));
    std::optional<shared_vec<std::int64_t>> old;
    while (!done.load() || reads.load() < 200) {
      for (int key = 0; key < 4; ++key) {
        const auto values = map.get(key);
        if (!values && values.error() != read_error::absent) {
          wrong = values.error().message();
        }
        if (values) {
          for (const auto v : *values)
            if (v != values->front()) wrong = "a copy is mixed";
        }
        if (old) {
          const auto x = old->get(1);
          const auto y = old->copy();
          if (!x && x.error() != read_error::removed &&
              x.error() != read_error::absent) {
            wrong = x.error().message();
          }
          if (!y && y.error() != read_error::removed) {
            wrong = y.error().message();
          }
          if (y && !y->empty() && x && *x % 4 != y->front() % 4) {
            wrong = "a handle has changed its key";
          }
        }
        if (auto handle = map.at(key)) old = *handle;
        if (done.load() && !wrong.empty()) break;
        reads.fetch_add(1);
      }
      if (!wrong.empty()) break;
    }
  }};
  auto& map = here.held;
  for (std::int64_t i = 0; i < 20'000; ++i) {
    const int key = static_cast<int>(i % 4);
    must(map.erase(key));
    must(map.insert(key, std::vector<std::int64_t>(
                             static_cast<std::size_t>(1 + i % 7), i)));
    if (i % 64 == 0) must(map.clear());
  }
  done.store(true);
  reader.join();
  CHECK(wrong == "");
  CHECK(here.trace() == sound);
}

TEST_CASE("nested containers are read by their descriptor") {
  one<by_day> here;
  must(here.held.insert(3, {{"a", {{1, 2}}}, {"b", {}}}));
  const auto object = must(dynamic_object::open(here.home, "held"));
  using record = dynamic_value::record;
  using list = dynamic_value::list;
  const dynamic_value element{
      record{{"at", {std::int64_t{1}}}, {"value", {std::int64_t{2}}}}};

  const auto all = must(object.read()).value;
  const auto day = std::get<record>(all.held).at(0);
  CHECK(day.first == "3");
  CHECK(must(object.get("3")) == day.second);
  for (const auto& [key, value] : std::get<record>(day.second.held)) {
    CHECK(value == dynamic_value{key == "a" ? list{element} : list{}});
  }
  CHECK(object.get("4").error() == read_error::absent);
}

TEST_CASE("a descriptor nests containers where an object could") {
  const auto good = [](const std::string& line) {
    return type_tree::parse(line).has_value();
  };
  CHECK(good("hash_map<text, vec<f64>>"));
  CHECK(good("vec<btree_map<i32, hash_map<u8, hash_set<text>>>>"));
  CHECK_FALSE(good("vec<vec<vec<vec<vec<i8>>>>>"));
  CHECK_FALSE(good("hash_map<vec<i8>, i8>"));
  CHECK_FALSE(good("hash_set<vec<i8>>"));
  CHECK_FALSE(good("btree_set<vec<i8>>"));
  CHECK_FALSE(good("box<vec<i8>>"));
  CHECK_FALSE(good("vec_deque<vec<i8>>"));
  CHECK_FALSE(good("vec<box<i8>>"));
  CHECK_FALSE(good("vec<{a vec<i8>@0}:16>"));
  CHECK_FALSE(good("vec<[2 x vec<i8>]>"));
}
