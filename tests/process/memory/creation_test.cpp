// Many who create at once, and creators that die.
#include <catch2/catch_test_macros.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <set>
#include <support/block_trace.hpp>
#include <support/forked.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;

TEST_CASE("of eight who create a segment at once one wins, and all share it") {
  using numbers = shared_hash_map<int, std::int64_t>;
  for (int round = 0; round < 20; ++round) {
    const test_folder folder;
    const auto options = in_folder(folder);
    int gate[2];
    REQUIRE(::pipe2(gate, O_CLOEXEC) == 0);
    std::vector<forked> all;
    for (int i = 0; i < 8; ++i) {
      all.emplace_back([&, i](const forked::teller&) {
        ::close(gate[1]);
        char none = 0;
        // Opens for all at once, when the parent closes its end.
        if (::read(gate[0], &none, 1) != 0) return 1;
        auto home = segment::open_or_create("tenant/s", options);
        if (!home) {
          std::cerr << home.error().message() << '\n';
          return 2;
        }
        auto map = home->open_or_create<numbers>("map");
        if (!map) {
          std::cerr << map.error().message() << '\n';
          return 3;
        }
        return must(map->insert(i, i)) ? 0 : 4;
      });
    }
    ::close(gate[0]);
    ::close(gate[1]);
    for (auto& one : all)
      REQUIRE(one.wait() == 0);

    auto home = must(segment::open("tenant/s", options));
    CHECK(must(must(home.open<numbers>("map")).size()) == 8);
    CHECK(trace_blocks(home.engine()->img()).text() == "");
    std::size_t entries = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(folder / "tenant")) {
      CAPTURE(entry.path().string());
      CHECK(entry.path().filename() == "s");
      ++entries;
    }
    CHECK(entries == 1);
  }
}

namespace {

/// Folders that creators and removers are at work in, or have left.
std::set<std::string> unfinished(const test_folder& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    auto name = entry.path().filename().string();
    if (name.starts_with(".new-")) names.insert(std::move(name));
  }
  return names;
}

/// Makes and removes one segment again and again, says 'E' when that fails.
forked make_and_remove(const segment_options& options) {
  return forked{[options](const forked::teller& tell) {
    tell.say('B');
    for (;;) {
      auto made = segment::open_or_create("s", options);
      if (!made) {
        std::cerr << made.error().message() << '\n';
        tell.say('E');
        return 1;
      }
      made = unexpected{segment_error::not_found};
      if (const auto gone = segment::remove("s", options); !gone) {
        std::cerr << gone.error().message() << '\n';
        tell.say('E');
        return 1;
      }
      tell.say('R');
    }
  }};
}

}  // namespace

TEST_CASE("who dies while making or removing a segment blocks no name") {
  const test_folder folder;
  const auto options = in_folder(folder);
  bool left_something = false;
  for (int i = 0; i < 60; ++i) {
    const auto before = unfinished(folder);
    auto maker = make_and_remove(options);
    REQUIRE(maker.next() == 'B');
    if (i % 3 == 0) {
      REQUIRE(maker.next() == 'R');
    } else {
      // In the middle of it.
      REQUIRE(eventually(
          [&] { return !std::ranges::includes(before, unfinished(folder)); }));
    }
    maker.signal(SIGKILL);
    for (auto said = maker.next(); said != '\0'; said = maker.next()) {
      REQUIRE(said == 'R');
    }
    maker.wait();
    left_something |= !unfinished(folder).empty();
  }
  CHECK(left_something);

  auto last = make_and_remove(options);
  REQUIRE(last.next() == 'B');
  REQUIRE(last.next() == 'R');
}

TEST_CASE("four who make, use and remove one segment never meet half of it") {
  const test_folder folder;
  const auto options = in_folder(folder);
  std::vector<forked> all;
  for (int i = 0; i < 4; ++i) {
    all.emplace_back([&](const forked::teller&) {
      for (int uses = 0; uses < 150;) {
        auto home = segment::open_or_create("s", options);
        // Somebody removes it again and again, as we do.
        if (!home && home.error() == segment_error::not_found) continue;
        if (!home) {
          std::cerr << home.error().message() << '\n';
          return 1;
        }
        auto map = must(home->open_or_create<shared_hash_map<int, int>>("map"));
        must(map.insert_or_assign(1, uses));
        // Whoever shares this segment shares its name as well.
        const auto same = segment::open("s", options);
        if (!same) {
          std::cerr << same.error().message() << '\n';
          return 2;
        }
        const auto mine = home->engine()->img().header().nonce;
        if (same->engine()->img().header().nonce != mine) return 3;
        ++uses;
        map = must(same->open<shared_hash_map<int, int>>("map"));
        home = unexpected{segment_error::not_found};
        const auto gone = segment::remove("s", options);
        if (gone) return 4;  // Two handles still hold it.
      }
      return 0;
    });
    all.emplace_back([&](const forked::teller&) {
      for (int round = 0; round < 1500; ++round) {
        const auto gone = segment::remove("s", options);
        if (!gone && gone.error() != segment_error::in_use &&
            gone.error() != segment_error::not_found) {
          std::cerr << gone.error().message() << '\n';
          return 5;
        }
      }
      return 0;
    });
  }
  for (auto& one : all)
    CHECK(one.wait() == 0);

  static_cast<void>(segment::remove("s", options));
  must(segment::open_or_create("s", options));
  CHECK(unfinished(folder).empty());
}

TEST_CASE("what a dead creator left is removed by the next one") {
  const test_folder folder;
  // As one who died before there was any file, and after the first.
  std::filesystem::create_directory(folder / ".new-0123456789abcdef");
  std::filesystem::create_directory(folder / ".new-0123456789abcde0");
  REQUIRE(platform::file::create(folder / ".new-0123456789abcde0/data"));

  auto home = must(segment::open_or_create("s", in_folder(folder)));

  CHECK(unfinished(folder).empty());
  CHECK(trace_blocks(home.engine()->img()).text() == "");
}
