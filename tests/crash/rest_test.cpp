// Changing operations that share their steps with others, and come in no other
// scenario; memory/COVERAGE.md says which operation is walked through where.
#include "explored.hpp"

#include <catch2/catch_test_macros.hpp>

namespace commy::test {
namespace {

const std::string long_text = "a text of more than fifteen bytes, for a block";

constexpr auto some = [](auto& w) {
  for (int i = 0; i < 3; ++i) {
    must(w.texts.insert(i, std::to_string(i)));
    must(w.ordered.insert(i, long_text));
    must(w.list.push_back({i, i}));
    must(w.queue.push_back({i, i}));
  }
  must(w.box.set(point{1, 2, "x"}));
  must(w.text.assign(long_text));
};

}  // namespace

TEST_CASE("boxes and texts are set, exchanged and cleared wholly") {
  explored("box: set", some,
           [](auto& w) { must(w.box.set(point{3, 4, "y"})); });
  explored("box: compare_exchange", some, [](auto& w) {
    must(w.box.compare_exchange(point{1, 2, "x"}, point{5, 6, "z"}));
  });
  explored("text: append", some,
           [](auto& w) { must(w.text.append(long_text)); });
  explored("text: update", some, [](auto& w) {
    must(w.text.update([](std::string& text) { text.erase(3, 5); }));
  });
  explored("text: compare_exchange", some,
           [](auto& w) { must(w.text.compare_exchange(long_text, "short")); });
  explored("text: clear", some, [](auto& w) { must(w.text.clear()); });
}

TEST_CASE("values are exchanged for expected ones wholly") {
  explored("map: compare_exchange", some,
           [](auto& w) { must(w.texts.compare_exchange(1, "1", long_text)); });
  explored("tree: compare_exchange", some, [](auto& w) {
    must(w.ordered.compare_exchange(1, long_text, "short"));
  });
  explored("vec: compare_exchange", some,
           [](auto& w) { must(w.list.compare_exchange(1, {1, 1}, {9, 9})); });
}

TEST_CASE("elements are made in place, waited for and made room for") {
  explored("map: try_emplace", some,
           [](auto& w) { must(w.texts.try_emplace(7, long_text)); });
  explored("tree: try_emplace", some,
           [](auto& w) { must(w.ordered.try_emplace(7, long_text)); });
  explored("map: reserve", some, [](auto& w) { must(w.texts.reserve(40)); });
  explored("queue: reserve", some, [](auto& w) { must(w.queue.reserve(9)); });
  explored("queue: update", some, [](auto& w) {
    must(w.queue.update(1, [](sample& s) { s.value = 7; }));
  });
  explored("queue: pop_front_wait", some, [](auto& w) {
    must(w.queue.pop_front_wait(std::chrono::nanoseconds{0}));
  });
  explored("queue: pop_back_wait", some, [](auto& w) {
    must(w.queue.pop_back_wait(std::chrono::nanoseconds{0}));
  });
}

}  // namespace commy::test
