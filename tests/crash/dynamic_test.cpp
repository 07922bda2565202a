// Changes by descriptor, whose victim dies after each store.
#include "explored.hpp"

#include <catch2/catch_test_macros.hpp>

#include <support/dynamic_faces.hpp>

namespace commy::test {
namespace {

const std::string long_text = "a text of more than fifteen bytes, for a block";

constexpr auto some = [](auto& w) {
  for (int i = 0; i < 3; ++i) {
    must(w.texts.insert(i, long_text));
    must(w.ordered.insert(i, long_text));
    must(w.index.insert(std::to_string(i) + long_text));
    must(w.members.insert(i));
    must(w.list.push_back({i, i}));
    must(w.words.push_back(long_text));
    must(w.queue.push_back({i, i}));
    must(w.groups.insert(i, std::vector<std::string>{long_text}));
  }
  must(w.box.set(point{1, 2, "x"}));
  must(w.text.assign(long_text));
};

}  // namespace

TEST_CASE("maps and sets are changed by descriptor wholly") {
  explored("dynamic: map, new key", some, [](auto& w) {
    must(seen(w, w.texts, "texts").insert_or_assign(7, long_text));
  });
  explored("dynamic: map, text for text", some, [](auto& w) {
    must(seen(w, w.texts, "texts").insert_or_assign(1, long_text + "2"));
  });
  explored("dynamic: map, erase", some,
           [](auto& w) { must(seen(w, w.texts, "texts").erase(1)); });
  explored("dynamic: tree, new key", some, [](auto& w) {
    must(seen(w, w.ordered, "ordered").insert_or_assign(7, long_text));
  });
  explored("dynamic: tree, text for text", some, [](auto& w) {
    must(seen(w, w.ordered, "ordered").insert_or_assign(1, long_text + "2"));
  });
  explored("dynamic: set, insert", some, [](auto& w) {
    must(seen(w, w.index, "index").insert("9" + long_text));
  });
  explored("dynamic: set, erase", some, [](auto& w) {
    must(seen(w, w.index, "index").erase("1" + long_text));
  });
  explored("dynamic: map, clear", some,
           [](auto& w) { must(seen(w, w.texts, "texts").clear()); });
}

TEST_CASE("vectors and queues are changed by descriptor wholly") {
  explored("dynamic: vec, push_back", some, [](auto& w) {
    must(seen(w, w.words, "words").push_back(long_text));
  });
  explored("dynamic: vec, set of a text", some, [](auto& w) {
    must(seen(w, w.words, "words").set(std::size_t{1}, long_text + "2"));
  });
  explored("dynamic: vec, pop_back", some,
           [](auto& w) { must(seen(w, w.words, "words").pop_back()); });
  explored("dynamic: vec, insert", some, [](auto& w) {
    must(seen(w, w.list, "list").insert(1, sample{9, 9}));
  });
  explored("dynamic: vec, erase of a text", some,
           [](auto& w) { must(seen(w, w.words, "words").erase(1)); });
  explored("dynamic: vec, assign", some, [](auto& w) {
    must(seen(w, w.words, "words")
             .assign(std::vector<std::string>{long_text, "x"}));
  });
  explored("dynamic: queue, push_front", some, [](auto& w) {
    must(seen(w, w.queue, "queue").push_front(sample{9, 9}));
  });
  const auto full = [](auto& w) {
    some(w);
    must(w.queue.push_back({3, 3}));  // Four, as many as the first ring has.
  };
  explored("dynamic: queue, push_back that moves the ring", full, [](auto& w) {
    must(seen(w, w.queue, "queue").push_back(sample{9, 9}));
  });
  explored("dynamic: queue, pop_front", some,
           [](auto& w) { must(seen(w, w.queue, "queue").pop_front()); });
  explored("dynamic: queue, pop_back", some,
           [](auto& w) { must(seen(w, w.queue, "queue").pop_back()); });
  explored("dynamic: queue, set", some, [](auto& w) {
    must(seen(w, w.queue, "queue").set(std::size_t{1}, sample{9, 9}));
  });
  explored("dynamic: queue, assign", some, [](auto& w) {
    must(seen(w, w.queue, "queue").assign(std::vector<sample>{{7, 7}, {8, 8}}));
  });
  explored("dynamic: queue, clear", some,
           [](auto& w) { must(seen(w, w.queue, "queue").clear()); });
}

TEST_CASE("boxes, texts and what nests are changed by descriptor wholly") {
  explored("dynamic: box", some,
           [](auto& w) { must(seen(w, w.box, "box").set(point{3, 4, "y"})); });
  explored("dynamic: text", some, [](auto& w) {
    must(seen(w, w.text, "text").assign(long_text + "2"));
  });
  explored("dynamic: nested, new and old", some, [](auto& w) {
    must(seen(w, w.groups, "groups")
             .insert_or_assign(1, std::vector<std::string>{"x", long_text}));
  });
  explored("dynamic: nested, by its own handle", some, [](auto& w) {
    auto&& groups = seen(w, w.groups, "groups");
    auto&& list = groups.at(1);
    must(list.push_back(long_text));
  });
  explored("dynamic: nested, erase", some,
           [](auto& w) { must(seen(w, w.groups, "groups").erase(1)); });
  explored("dynamic: in one transaction", some, [](auto& w) {
    w.together_in_order([&] {
      must(seen(w, w.ordered, "ordered").erase(0));
      must(seen(w, w.words, "words").push_back(long_text));
      must(seen(w, w.groups, "groups").erase(2));
    });
  });
}

}  // namespace commy::test
