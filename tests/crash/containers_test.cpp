// Every changing operation of every container, its victim killed after each
// instruction that changed a shared byte.
#include "explored.hpp"

#include <catch2/catch_test_macros.hpp>

#include <stdexcept>

namespace commy::test {
namespace {

const std::string long_text = "a text of more than fifteen bytes, for a block";

std::vector<sample> samples(int count, int from = 0) {
  std::vector<sample> made;
  for (int i = 0; i < count; ++i)
    made.push_back({from + i, std::int64_t{10} * i});
  return made;
}

constexpr auto less = [](const sample& a, const sample& b) {
  return a.value > b.value;
};

std::string word(int i) {
  return (i % 2 == 0 ? "w" : "a word of more than fifteen bytes ") +
         std::to_string(100 + i);
}

/// Some elements in each, so many in the vectors and the tree.
constexpr auto filled(int elements, int entries) {
  return [elements, entries](auto& world) {
    must(world.list.append(samples(elements)));
    must(world.other_list.append(samples(2, 50)));
    for (int i = 0; i < 3; ++i) {
      must(world.words.push_back(word(i)));
      must(world.members.insert(i));
      must(world.index.insert(word(i)));
      must(world.texts.insert_or_assign(i, word(i)));
      must(world.queue.push_back({i, i}));
    }
    for (int i = 0; i < entries; ++i)
      must(world.ordered.insert(10 * i, word(i)));
  };
}
const auto some = filled(3, 5);

}  // namespace

TEST_CASE("an element of a vector comes or goes wholly or not at all") {
  explored("vec: push_back", some,
           [](auto& w) { must(w.list.push_back({4, 4})); });
  explored("vec: first push_back", filled(0, 0),
           [](auto& w) { must(w.list.push_back({4, 4})); });
  explored("vec: push_back that moves the elements", filled(4, 0),
           [](auto& w) { must(w.list.push_back({4, 4})); });
  explored("vec: push_back of a text", some,
           [](auto& w) { must(w.words.push_back(long_text)); });
  explored("vec: pop_back", some, [](auto& w) { must(w.list.pop_back()); });
  explored("vec: pop_back of a text", some, [](auto& w) {
    w.together_in_order([&] {
      must(w.words.pop_back());
      must(w.words.pop_back());
    });
  });
  explored("vec: set", some, [](auto& w) { must(w.list.set(1, {7, 7})); });
  explored("vec: set, text for text", some,
           [](auto& w) { must(w.words.set(1, long_text)); });
  explored("vec: insert in place", some,
           [](auto& w) { must(w.list.insert(1, {7, 7})); });
  explored("vec: insert, built aside", filled(40, 0),
           [](auto& w) { must(w.list.insert(1, {7, 7})); });
  explored("vec: erase in place", some, [](auto& w) { must(w.list.erase(1)); });
  explored("vec: erase, built aside", filled(40, 0),
           [](auto& w) { must(w.list.erase(1)); });
  explored("vec: extract of a text", some,
           [](auto& w) { must(w.words.extract(1)); });
  explored("vec: swap_elements", some,
           [](auto& w) { must(w.list.swap_elements(0, 2)); });
}

TEST_CASE("many elements of a vector change together or not at all") {
  explored("vec: append in place", filled(5, 0),
           [](auto& w) { must(w.list.append(samples(3))); });
  explored("vec: append that moves the elements", some,
           [](auto& w) { must(w.list.append(samples(30))); });
  explored("vec: append behind a clear", filled(60, 0), [](auto& w) {
    w.together_in_order([&] {
      must(w.list.clear());
      must(w.list.append(samples(50, 7)));
    });
  });
  explored("vec: assign of texts", some, [](auto& w) {
    must(w.words.assign(std::vector<std::string>{long_text, "x"}));
  });
  explored("vec: resize to more", some,
           [](auto& w) { must(w.words.resize(5, long_text)); });
  explored("vec: resize to less", some,
           [](auto& w) { must(w.words.resize(1)); });
  explored("vec: clear", some, [](auto& w) { must(w.list.clear()); });
  explored("vec: reserve", some, [](auto& w) { must(w.list.reserve(50)); });
  explored("vec: shrink_to_fit", some,
           [](auto& w) { must(w.list.shrink_to_fit()); });
  explored("vec: erase_if", some, [](auto& w) {
    must(w.words.erase_if([](const auto& text) { return text.size() > 15; }));
  });
  explored("vec: sort", filled(20, 0),
           [](auto& w) { must(w.list.sort(less)); });
  explored("vec: reverse", some, [](auto& w) { must(w.words.reverse()); });
  explored(
      "vec: unique",
      [](auto& w) {
        must(w.words.append(
            std::vector<std::string>{long_text, long_text, "x"}));
      },
      [](auto& w) { must(w.words.unique()); });
  explored("vec: take", some, [](auto& w) { must(w.words.take()); });
  explored("vec: swap", some, [](auto& w) { must(w.list.swap(w.other_list)); });
}

TEST_CASE("an entry of a tree comes or goes wholly or not at all") {
  explored("tree: first insert", filled(0, 0),
           [](auto& w) { must(w.ordered.insert(5, long_text)); });
  explored("tree: insert", some,
           [](auto& w) { must(w.ordered.insert(5, long_text)); });
  explored("tree: insert_or_assign, text for text", some,
           [](auto& w) { must(w.ordered.insert_or_assign(10, long_text)); });
  explored("tree: update", some, [](auto& w) {
    must(w.ordered.update(10, [](std::string& text) { text += "!"; }));
  });
  explored("tree: erase", some, [](auto& w) { must(w.ordered.erase(10)); });
  explored("tree: erase of the last one", filled(0, 1),
           [](auto& w) { must(w.ordered.erase(0)); });
  explored("tree: extract", some, [](auto& w) { must(w.ordered.extract(10)); });
  explored("tree: pop_front", some,
           [](auto& w) { must(w.ordered.pop_front()); });
  explored("tree: pop_back", some, [](auto& w) { must(w.ordered.pop_back()); });
  explored("tree: insert of a text key", some,
           [](auto& w) { must(w.index.insert(long_text)); });
  explored("tree: erase of a text key", some,
           [](auto& w) { must(w.index.erase(word(1))); });
}

TEST_CASE("a tree's nodes split wholly or not at all") {
  explored("tree: a leaf splits, the first", filled(0, 15),
           [](auto& w) { must(w.ordered.insert(55, long_text)); });
  explored("tree: a leaf splits at the end", filled(0, 15),
           [](auto& w) { must(w.ordered.insert(999, long_text)); });
  explored("tree: a leaf splits below a parent", filled(0, 45),
           [](auto& w) { must(w.ordered.insert(95, long_text)); });
  explored(
      "tree: a leaf of texts splits",
      [](auto& w) {
        for (int i = 0; i < 15; ++i)
          must(w.index.insert(word(2 * i + 1)));
      },
      [](auto& w) { must(w.index.insert(word(8))); });
  explored(
      "tree: the topmost inner node splits",
      [](auto& w) {
        // 31 leaves, the most that one inner node has.
        std::vector<std::pair<int, std::string>> entries;
        for (int i = 0; i < 31 * 15; ++i)
          entries.emplace_back(10 * i, "t");
        must(w.ordered.bulk_load(entries));
      },
      [](auto& w) { must(w.ordered.insert(2005, "new")); });
}

TEST_CASE("a tree's nodes join wholly or not at all") {
  explored(
      "tree: two leaves join, and the tree gets lower",
      [](auto& w) {
        filled(0, 20)(w);
        for (int i = 4; i < 18; ++i)
          must(w.ordered.erase(10 * i));
      },
      [](auto& w) { must(w.ordered.erase(0)); });
  explored(
      "tree: a leaf goes with its last entry",
      [](auto& w) {
        filled(0, 45)(w);
        for (int i = 31; i < 45; ++i)
          must(w.ordered.erase(10 * i));
      },
      [](auto& w) { must(w.ordered.erase(300)); });
  explored(
      "tree: a leaf of texts goes with its separator",
      [](auto& w) {
        for (int i = 0; i < 20; ++i)
          must(w.index.insert("a word of more than fifteen bytes " +
                              std::to_string(100 + i)));
        for (int i = 4; i < 18; ++i)
          must(w.index.erase("a word of more than fifteen bytes " +
                             std::to_string(100 + i)));
      },
      [](auto& w) {
        must(w.index.erase("a word of more than fifteen bytes 101"));
      });
}

TEST_CASE("many entries of a tree change together or not at all") {
  const auto fresh = [] {
    std::vector<std::pair<int, std::string>> entries;
    for (int i = 0; i < 40; ++i)
      entries.emplace_back(7 * i, i % 5 == 0 ? long_text : "f");
    return entries;
  }();
  explored("tree: bulk_load", filled(0, 20),
           [&](auto& w) { must(w.ordered.bulk_load(fresh)); });
  explored("tree: erase_range", filled(0, 40),
           [](auto& w) { must(w.ordered.erase_range(95, 305)); });
  explored("tree: erase_if of a few", filled(0, 20), [](auto& w) {
    must(w.ordered.erase_if([](const auto& e) { return e.first % 70 == 0; }));
  });
  explored("tree: clear", filled(0, 20),
           [](auto& w) { must(w.ordered.clear()); });
  explored("tree: take", filled(0, 20),
           [](auto& w) { must(w.ordered.take()); });
}

TEST_CASE("sets change wholly or not at all") {
  explored("set: insert", some, [](auto& w) { must(w.members.insert(5)); });
  explored(
      "set: first insert", [](auto&) {},
      [](auto& w) { must(w.members.insert(5)); });
  explored("set: erase", some, [](auto& w) { must(w.members.erase(1)); });
  explored("set: clear", some, [](auto& w) { must(w.members.clear()); });
  explored("set: bulk_load", some, [](auto& w) {
    must(w.members.bulk_load(std::vector<int>{1, 4, 5, 6, 7, 500}));
  });
  explored(
      "set: erase_if, built aside",
      [](auto& w) {
        for (int i = 0; i < 40; ++i)
          must(w.members.insert(i));
      },
      [](auto& w) {
        must(w.members.erase_if([](int n) { return n % 3 == 0; }));
      });
  explored("set: ordered, bulk_load", some, [](auto& w) {
    must(w.index.bulk_load(
        std::vector<std::string>{"1", "2", long_text, "3", "4", "5"}));
  });
}

TEST_CASE("many entries of maps and queues change together or not at all") {
  explored("map: bulk_load", some, [](auto& w) {
    must(w.texts.bulk_load(std::map<int, std::string>{
        {1, "x"}, {2, long_text}, {7, "y"}, {8, "z"}, {9, long_text}}));
  });
  explored("map: erase_if of a few", some, [](auto& w) {
    must(w.texts.erase_if([](const auto& e) { return e.first != 1; }));
  });
  explored("map: clear", some, [](auto& w) { must(w.texts.clear()); });
  explored("map: take", some, [](auto& w) { must(w.texts.take()); });
  explored("map: extract", some, [](auto& w) { must(w.texts.extract(1)); });
  explored("queue: append", some,
           [](auto& w) { must(w.queue.append(samples(6))); });
  explored("queue: assign", some,
           [](auto& w) { must(w.queue.assign(samples(6))); });
  explored("queue: erase_if", some, [](auto& w) {
    must(w.queue.erase_if([](const sample& s) { return s.at == 1; }));
  });
  explored("queue: set", some, [](auto& w) { must(w.queue.set(1, {9, 9})); });
  explored("queue: clear", some, [](auto& w) { must(w.queue.clear()); });
  explored("queue: take, and append", some, [](auto& w) {
    w.together([&] {
      must(w.queue.take());
      must(w.queue.append(samples(9)));
    });
  });
}

TEST_CASE("objects of every new kind change together or not at all") {
  explored("transact: vector, tree, sets", filled(6, 16), [](auto& w) {
    w.together_in_order([&] {
      must(w.list.erase(1));
      must(w.list.push_back({9, 9}));
      must(w.list.swap(w.other_list));
      must(w.list.push_back({8, 8}));
      must(w.words.pop_back());
      must(w.words.push_back(long_text));
      must(w.ordered.erase(30));
      must(w.ordered.insert(35, long_text));
      must(w.index.erase(word(1)));
      must(w.members.insert(9));
    });
  });
  explored_undone(make_scenario("transact: undone, vector, tree, sets",
                                filled(6, 16), [](auto& w) {
                                  try {
                                    w.together_in_order([&] {
                                      must(w.list.pop_back());
                                      must(w.list.push_back({9, 9}));
                                      must(w.list.push_back({8, 8}));
                                      must(w.words.set(0, long_text));
                                      must(w.ordered.pop_front());
                                      must(w.ordered.insert(35, long_text));
                                      must(w.ordered.insert(36, "x"));
                                      must(w.members.erase(1));
                                      must(w.members.insert(9));
                                      throw std::runtime_error{"no"};
                                    });
                                  } catch (const std::runtime_error& planned) {
                                    static_cast<void>(planned);
                                  }
                                }));
}

}  // namespace commy::test
