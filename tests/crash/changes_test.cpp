// Changes that a log is kept of, the victim killed after each instruction that
// changed a shared byte: the log tells of all that was committed, and of
// nothing else.
#include "explored.hpp"

#include <catch2/catch_test_macros.hpp>

namespace commy::test {
namespace {

const std::string long_text = "a text of more than fifteen bytes, for a block";

constexpr auto observed = [](auto& w) {
  for (int i = 0; i < 6; ++i) {
    must(w.texts.insert(i, "old"));
    must(w.ordered.insert(i, long_text));
    must(w.list.push_back({i, i}));
    must(w.queue.push_back({i, i}));
  }
  must(w.words.push_back(long_text));
  must(w.groups.insert(0, std::vector<std::string>{"a", long_text}));
  must(w.texts.keep_changes(4));
  must(w.numbers.keep_changes(4));
  must(w.queue.keep_changes(4));
  must(w.box.keep_changes(4));
  must(w.list.keep_changes(4));
  must(w.words.keep_changes(4));
  must(w.ordered.keep_changes(4));
  must(w.groups.keep_changes(4));
};
/// The logs have come round before, so cells are overwritten.
constexpr auto come_round = [](auto& w) {
  observed(w);
  for (int i = 0; i < 5; ++i) {
    must(w.texts.insert_or_assign(0, std::to_string(i)));
    must(w.numbers.insert_or_assign(std::string(40, 'k'), i));
  }
};

}  // namespace

TEST_CASE("a change and its log entry come together or not at all") {
  explored("log: set of a key", observed,
           [](auto& w) { must(w.texts.insert_or_assign(2, long_text)); });
  explored("log: erase of a key", observed,
           [](auto& w) { must(w.texts.erase(2)); });
  explored("log: set in order", observed,
           [](auto& w) { must(w.ordered.insert_or_assign(9, "new")); });
  explored("log: erase in order", observed,
           [](auto& w) { must(w.ordered.erase(3)); });
  explored("log: push to a vector", observed,
           [](auto& w) { must(w.list.push_back({7, 7})); });
  explored("log: pop from a queue", observed,
           [](auto& w) { must(w.queue.pop_front()); });
  explored("log: a box", observed,
           [](auto& w) { must(w.box.update([](point& p) { p.y += 1; })); });
  explored("log: clear", observed, [](auto& w) { must(w.words.clear()); });
  explored("log: beneath", observed,
           [](auto& w) { must(must(w.groups.at(0)).push_back("z")); });
}

TEST_CASE("entries that are overwritten come back with an undo") {
  explored("log: overwrite", come_round,
           [](auto& w) { must(w.texts.insert_or_assign(1, "new")); });
  explored("log: overwrite, long key", come_round, [](auto& w) {
    must(w.numbers.insert_or_assign(std::string(50, 'q'), 1));
  });
  explored("log: round the whole ring", come_round, [](auto& w) {
    w.together([&] {
      for (int i = 0; i < 6; ++i) {
        must(w.texts.insert_or_assign(i, "x"));
        must(w.numbers.insert_or_assign(std::string(30 + 4 * i, 'r'), i));
      }
    });
  });
}

TEST_CASE("a log itself comes or goes wholly or not at all") {
  explored(
      "log: keep", [](auto& w) { must(w.texts.insert(1, "a")); },
      [](auto& w) { must(w.texts.keep_changes(4)); });
  explored("log: keep more", observed,
           [](auto& w) { must(w.texts.keep_changes(8)); });
  explored(
      "log: remove", [](auto& w) { w.create_observed("observed"); },
      [](auto& w) { w.remove("observed"); });
  explored("log: keep none", observed,
           [](auto& w) { must(w.texts.keep_changes(0)); });
}

}  // namespace commy::test
