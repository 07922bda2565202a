// Objects that are removed: their names, handles, readers and blocks.
#include <commy/memory/object_removal.hpp>

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <support/block_trace.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>
#include <thread>

using namespace commy;
using namespace commy::test;
using namespace std::chrono_literals;

namespace {

using text_map = shared_hash_map<int, shared_string>;
using text_tree = shared_btree_map<shared_string, shared_string>;

struct home_of_objects {
  test_folder folder;
  segment_options options = in_folder(folder);
  segment home = must(segment::create("s", options));

  [[nodiscard]] std::uint64_t live() const {
    return home.statistics().live_bytes;
  }
};

}  // namespace

TEST_CASE("a removed object is gone by name and by handle") {
  const home_of_objects at;
  auto home = at.home;
  auto box = must(home.create<shared_box<std::int64_t>>("box", 7));

  must(home.remove_object("box"));

  CHECK(box.get().error() == read_error::removed);
  CHECK(box.set(1).error() == write_error::removed);
  CHECK(home.open<shared_box<std::int64_t>>("box").error() ==
        open_error::not_found);
  CHECK(home.remove_object("box").error() == open_error::not_found);
  // The name serves another one, of another type, and the old handle does not.
  auto text = must(home.create<shared_string>("box"));
  must(text.assign("a text"));
  CHECK(box.get().error() == read_error::removed);
  CHECK(must(text.get()) == "a text");
  CHECK(trace_blocks(home.engine()->img()).text() == "");
}

TEST_CASE("what a removed object held is given back, whatever its type") {
  const home_of_objects at;
  auto home = at.home;
  // The first round leaves tables and slabs that stay.
  std::uint64_t before = 0;
  for (int round = 0; round < 3; ++round) {
    if (round == 1) before = at.live();
    must(home.create<shared_box<std::int64_t>>("box", 7));
    auto queue = must(home.create<shared_vec_deque<sample>>("queue"));
    for (int i = 0; i < 100; ++i)
      must(queue.push_back({i, i}));
    must(must(home.create<shared_string>("text")).assign(std::string(99, 'x')));
    // More blocks than one journal has room for.
    auto map = must(home.create<text_map>("map"));
    for (int i = 0; i < 5000; ++i)
      must(map.insert(i, std::string(50, 't')));
    must(home.create<text_map>("empty map"));
    auto words = must(home.create<shared_vec<shared_string>>("words"));
    auto tree = must(home.create<text_tree>("tree"));
    auto index = must(home.create<shared_btree_set<int>>("index"));
    auto members = must(home.create<shared_hash_set<shared_string>>("members"));
    for (int i = 0; i < 3000; ++i) {
      must(words.push_back(std::string(50, 'w')));
      must(tree.insert(std::string(20, 'k') + std::to_string(i),
                       std::string(30, 'v')));
      must(index.insert(i));
      must(members.insert(std::string(20, 'm') + std::to_string(i)));
    }
    for (const auto* const name : {"box", "queue", "text", "map", "empty map",
                                   "words", "tree", "index", "members"})
      must(home.remove_object(name));
    CHECK(trace_blocks(home.engine()->img()).text() == "");
    CHECK(home.statistics().live_blocks > 0);
  }
  CHECK(at.live() == before);
}

TEST_CASE("a removal waits for readers' guards, and names who holds one") {
  home_of_objects at;
  at.options.patience = 20ms;
  const auto other = must(segment::open("s", at.options));
  auto map = must(at.home.create<text_map>("map"));
  must(map.insert(1, "one"));
  {
    const auto entries = must(map.read());
    CHECK(other.remove_object("map").error() == open_error::busy);
    CHECK(entries.begin() != entries.end());
  }
  CHECK(must(map.get(1)) == "one");
  must(other.remove_object("map"));
  CHECK(map.get(1).error() == read_error::removed);
}

TEST_CASE("a removal inside a transaction or through a reader is refused") {
  home_of_objects at;
  auto box = must(at.home.create<shared_box<std::int64_t>>("box", 7));
  must(transact(box, [&](transaction&) {
    CHECK(at.home.remove_object("box").error() == open_error::refused);
  }));
  const auto reader = must(segment::open_read_only("s", at.options));
  CHECK(reader.remove_object("box").error() == open_error::read_only);
  CHECK(must(box.get()) == 7);
}

TEST_CASE("readers beside one who removes and makes see one or the other") {
  home_of_objects at;
  const auto reader = must(segment::open_read_only("s", at.options));
  std::atomic<bool> stop{false};
  std::thread remover{[&] {
    for (int i = 0; i < 300; ++i) {
      auto map = must(at.home.create<text_map>("map"));
      must(map.insert(1, std::string(40, static_cast<char>('a' + i % 26))));
      must(at.home.remove_object("map"));
    }
    stop = true;
  }};
  std::uint64_t seen = 0;
  while (!stop) {
    auto map = reader.open<text_map>("map");
    if (!map) continue;
    const auto value = map->get(1);
    if (!value) continue;
    ++seen;
    REQUIRE(value->size() == 40);
    REQUIRE(value->find_first_not_of(value->front()) == std::string::npos);
  }
  remover.join();
  CHECK(trace_blocks(at.home.engine()->img()).text() == "");
}
