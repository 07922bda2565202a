// Logs that go on in extents, their writers killed after each store.
#include "explored.hpp"

#include <catch2/catch_test_macros.hpp>

#include <iostream>
#include <stdexcept>

namespace commy::test {
namespace {

const std::string long_text = "a text of more than fifteen bytes, for a block";

/// A log of 1 KiB, so that a handful of changes goes beyond it; extents of one
/// page, then two.
scenario tight(scenario s) {
  s.sizes.journal_bytes = 1024;
  return s;
}

/// Thirty elements, of which an erasure in front moves and logs all: most are
/// zero, so that few of these words are a state of their own.
constexpr auto elements = [](auto& w) {
  std::vector<sample> made(30);
  made.front() = {1, 1};
  made.back() = {30, 30};
  must(w.list.append(made));
  for (int i = 0; i < 3; ++i) {
    must(w.words.push_back(long_text));
    must(w.ordered.insert(i, long_text));
  }
};

/// Logs some `count` times sixty words.
constexpr auto shift_elements = [](auto& w, int count) {
  for (int i = 0; i < count; ++i) {
    must(w.list.erase(0));
    must(w.list.push_back({0, 0}));
  }
};

/// Takes and gives back blocks, whose records come to lie in the extents.
constexpr auto change_blocks = [](auto& w) {
  must(w.words.push_back("another " + long_text));
  must(w.words.set(0, "short"));
  must(w.ordered.erase(1));
  must(w.ordered.insert(7, std::string(1100, 'r')));
};

constexpr auto overflow_and_commit = [](auto& w) {
  w.together_in_order([&] {
    shift_elements(w, 3);
    change_blocks(w);
  });
};

}  // namespace

TEST_CASE("a transaction beyond its log's base happens wholly or not at all") {
  explored(tight(make_scenario("log: an extent, committed", elements,
                               overflow_and_commit)));
  explored(
      tight(make_scenario("log: two extents, committed", elements, [](auto& w) {
        w.together_in_order([&] {
          shift_elements(w, 11);
          change_blocks(w);
        });
      })));
}

TEST_CASE("a transaction beyond its log's base is undone wholly") {
  explored_undone(
      tight(make_scenario("log: two extents, undone", elements, [](auto& w) {
        try {
          w.together_in_order([&] {
            change_blocks(w);
            shift_elements(w, 11);
            throw std::runtime_error{"no"};
          });
        } catch (const std::runtime_error&) {  // NOLINT(bugprone-empty-catch)
        }
      })));
}

TEST_CASE("a transaction whose log finds no room to go on is undone wholly") {
  explored_undone(tight(make_scenario(
      "log: an extent, and no room for the next",
      [](auto& w) {
        elements(w);
        w.leave_single_pages();
      },
      [](auto& w) {
        try {
          w.together_in_order([&] {
            shift_elements(w, 11);
            throw std::runtime_error{"full"};
          });
        } catch (const std::runtime_error& why) {
          const std::string text{why.what()};
          if (text != "full" && text.find("capacity") == std::string::npos) {
            throw;
          }
        }
      })));
}

TEST_CASE("the explorer finds an extent given back while the log counts it") {
  auto found = explore(tight(make_scenario("planted: extent kept in log",
                                           elements, overflow_and_commit)),
                       memory::planted_bug::extent_kept_in_log);
  std::cout << found.row("planted: extent kept in log") << '\n';
  CHECK(found.violations > 0);
}

}  // namespace commy::test
