// Segments: made, found, shared, listed, removed.
#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <support/block_trace.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;

namespace {

using numbers = shared_hash_map<int, std::int64_t>;

}  // namespace

TEST_CASE("what one opener writes another one reads") {
  const test_folder folder;
  const auto options = in_folder(folder);
  auto first = must(segment::open_or_create("shop/stock", options));
  auto second = must(segment::open_or_create("shop/stock", options));
  auto map = must(first.open_or_create<numbers>("map"));
  auto same = must(second.open_or_create<numbers>("map"));

  must(map.insert(1, 10));
  must(same.insert(2, 20));

  CHECK(first.engine()->img().bytes(0) != second.engine()->img().bytes(0));
  CHECK(must(same.get(1)) == 10);
  CHECK(must(map.get(2)) == 20);
  CHECK(same.version() == map.version());
}

TEST_CASE("a segment outlives its openers, and goes when it is removed") {
  const test_folder folder;
  const auto options = in_folder(folder);
  {
    auto home = must(segment::create("s", options));
    must(must(home.create<numbers>("map")).insert(1, 10));
  }
  {
    auto home = must(segment::open("s", options));
    CHECK(must(must(home.open<numbers>("map")).get(1)) == 10);
    const auto busy = segment::remove("s", options);
    REQUIRE_FALSE(busy);
    CHECK(busy.error() == segment_error::in_use);
    CHECK(busy.error().message().starts_with("s: a process still has"));
  }

  must(segment::remove("s", options));

  CHECK(std::filesystem::is_empty(folder.path()));
  CHECK(segment::open("s", options).error() == segment_error::not_found);
  CHECK(segment::remove("s", options).error() == segment_error::not_found);
}

TEST_CASE("a handle keeps a segment attached after its segment is gone") {
  const test_folder folder;
  const auto options = in_folder(folder);
  auto map = must(must(segment::create("s", options)).create<numbers>("map"));

  must(map.insert(1, 1));

  CHECK(must(map.get(1)) == 1);
  CHECK(segment::remove("s", options).error() == segment_error::in_use);
}

TEST_CASE("segments are listed by name, with those below them") {
  const test_folder folder;
  const auto options = in_folder(folder);
  CHECK(must(segment::list(options)).empty());
  for (const auto* name : {"b", "a/x", "a/y/z", "a.b_c-9"}) {
    must(segment::create(name, options));
  }
  std::filesystem::create_directory(folder / "not-a-segment");
  std::filesystem::create_directory(folder / ".new-dead");

  CHECK(must(segment::list(options)) ==
        std::vector<std::string>{"a.b_c-9", "a/x", "a/y/z", "b"});
}

TEST_CASE("objects are listed with their types") {
  const test_folder folder;
  auto home = must(segment::create("s", in_folder(folder)));
  CHECK(must(home.objects()).empty());
  must(home.create<numbers>("map"));
  must(home.create<shared_string>("a name of more than fifteen bytes"));

  auto objects = must(home.objects());

  std::ranges::sort(objects, {}, &memory::object_entry::name);
  REQUIRE(objects.size() == 2);
  CHECK(objects[0].name == "a name of more than fifteen bytes");
  CHECK(objects[0].type == "text");
  CHECK(objects[1].name == "map");
  CHECK(objects[1].type == "hash_map<i32, i64>");
}

TEST_CASE("an object is created once") {
  const test_folder folder;
  auto home = must(segment::create("s", in_folder(folder)));
  auto box = must(home.create<shared_box<std::int64_t>>("box", 5));

  const auto again = home.create<shared_box<std::int64_t>>("box", 6);
  auto opened = must(home.open_or_create<shared_box<std::int64_t>>("box", 7));

  REQUIRE_FALSE(again);
  CHECK(again.error() == open_error::exists);
  CHECK(must(opened.get()) == 5);
  CHECK(must(box.get()) == 5);
  CHECK(home.open<numbers>("nothing").error() == open_error::not_found);
  for (const auto& bad : {std::string{}, std::string(256, 'n'),
                          std::string{"a\nb"}, std::string{"a\0b", 3}}) {
    CHECK(home.create<numbers>(bad).error() == open_error::bad_name);
  }
}

TEST_CASE("a hundred objects are all found, and nothing leaks") {
  const test_folder folder;
  auto home = must(segment::create("s", in_folder(folder)));
  for (int i = 0; i < 100; ++i) {
    must(home.create<shared_box<int>>("box number " + std::to_string(i), i));
  }

  for (int i = 0; i < 100; ++i) {
    const auto name = "box number " + std::to_string(i);
    CHECK(must(must(home.open<shared_box<int>>(name)).get()) == i);
  }
  CHECK(must(home.objects()).size() == 100);
  CHECK(trace_blocks(home.engine()->img()).text() == "");
}

TEST_CASE("growth is seen through a mapping that was there before") {
  const test_folder folder;
  const auto options = in_folder(folder);
  auto first = must(segment::create("s", options));
  auto second = must(segment::open("s", options));
  auto map = must(first.create<shared_hash_map<int, shared_string>>("map"));
  auto same = must(second.open<shared_hash_map<int, shared_string>>("map"));
  const auto before = second.statistics().committed_bytes;
  const std::string text(10'000, 'g');

  for (int i = 0; i < 1000; ++i)
    must(map.insert(i, text));

  CHECK(second.statistics().committed_bytes > before + 9'000'000);
  for (int i = 0; i < 1000; ++i)
    REQUIRE(must(same.get(i)) == text);
  must(same.insert(1000, text));
  CHECK(must(map.get(1000)) == text);
}

TEST_CASE("a segment opened for reading reads, and refuses every change") {
  const test_folder folder;
  const auto options = in_folder(folder);
  auto w = shared_world::open_or_create("s", options);
  must(w.texts.insert(1, "one"));
  must(w.queue.push_back({1, 2}));
  auto home = must(segment::open_read_only("s", options));
  auto seen = shared_objects::at(home.engine(), w.where());

  CHECK_FALSE(home.writable());
  CHECK(must(seen.texts.get(1)) == "one");
  CHECK(must(seen.queue.front()) == sample{1, 2});
  CHECK(must(seen.box.get()) == point{});
  CHECK(must(home.objects()).size() == 15);
  must(w.texts.insert(2, "two"));
  CHECK(must(seen.texts.get(2)) == "two");
  for (const auto& refused :
       {seen.texts.insert(3, "x").error(), seen.texts.erase(1).error(),
        seen.queue.push_back({}).error(), seen.box.set({}).error(),
        seen.text.assign("x").error(),
        transact(seen.box, [](transaction&) {}).error()}) {
    CHECK(refused == write_error::read_only);
  }
  CHECK(home.open_or_create<numbers>("new").error() == open_error::read_only);
  CHECK(home.open<shared_string>("text"));
  // It takes no slot of those who write.
  CHECK(w.home.participants().size() == 1);
}

TEST_CASE("participants are listed while they are attached") {
  const test_folder folder;
  auto options = in_folder(folder);
  options.participant = "first";
  auto home = must(segment::create("s", options));
  options.participant = std::string(100, 'n');
  auto second = std::optional{must(segment::open("s", options))};
  second->beat();

  auto listed = home.participants();

  REQUIRE(listed.size() == 2);
  CHECK(listed[0].name == "first");
  CHECK(listed[0].alive);
  CHECK(listed[0].pid == platform::this_process().pid);
  CHECK(listed[0].heartbeat_ns == 0);
  CHECK(listed[1].name == std::string(63, 'n'));
  CHECK(listed[1].heartbeat_ns > 0);
  second.reset();
  CHECK(home.participants().size() == 1);
}

TEST_CASE("statistics count what is live, and it comes back when it is freed") {
  const test_folder folder;
  auto home = must(segment::create("s", in_folder(folder)));
  auto text = must(home.create<shared_string>("text"));
  const auto before = home.statistics();
  must(text.assign(std::string(5000, 'x')));
  const auto during = home.statistics();
  must(text.clear());
  const auto after = home.statistics();

  CHECK(before.capacity_bytes == 64U << 20U);
  CHECK(during.live_blocks == before.live_blocks + 1);
  CHECK(during.live_bytes == before.live_bytes + 5120);
  CHECK(after.live_blocks == before.live_blocks);
  CHECK(after.live_bytes == before.live_bytes);
  CHECK(before.live_bytes + before.free_block_bytes + before.free_page_bytes <=
        before.committed_bytes);
}
