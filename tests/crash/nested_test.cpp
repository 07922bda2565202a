// Every operation that changes nested containers or trash, its victim killed
// after each instruction that changed a shared byte.
#include "explored.hpp"

#include <catch2/catch_test_macros.hpp>

#include <stdexcept>

namespace commy::test {
namespace {

const std::string long_text = "a text of more than fifteen bytes, for a block";
using words = std::vector<std::string>;
using inner = std::vector<std::pair<int, std::vector<sample>>>;

constexpr auto some = [](auto& w) {
  must(w.groups.insert(0, words{"a", long_text}));
  must(w.groups.insert(1, words{long_text}));
  must(w.groups.insert(2, words{}));
  must(w.deep.insert(0, inner{{1, {{1, 1}, {2, 2}}}, {2, {}}}));
  must(w.deep.insert(1, inner{{7, {{7, 7}}}}));
};
constexpr auto many = [](auto& w) {
  some(w);
  for (int i = 3; i < 8; ++i)
    must(w.groups.insert(i, words{long_text, "x"}));
  for (int i = 2; i < 18; ++i)
    must(w.deep.insert(i, inner{}));
};

}  // namespace

TEST_CASE("a nested container comes or goes wholly or not at all") {
  explored("nested: try_emplace", some,
           [](auto& w) { must(w.groups.try_emplace(5)); });
  explored("nested: insert of a copy", some,
           [](auto& w) { must(w.groups.insert(5, words{long_text, "y"})); });
  explored("nested: copy for copy", some,
           [](auto& w) { must(w.groups.insert_or_assign(0, words{"z"})); });
  explored("nested: erase", some, [](auto& w) { must(w.groups.erase(0)); });
  explored("nested: extract", some, [](auto& w) { must(w.groups.extract(1)); });
  explored("nested: insert, two levels", some, [](auto& w) {
    must(w.deep.insert(5, inner{{1, {{1, 1}}}, {2, {}}}));
  });
  explored("nested: erase, two levels", some,
           [](auto& w) { must(w.deep.erase(0)); });
  explored("nested: pop_back", some, [](auto& w) { must(w.deep.pop_back()); });
}

TEST_CASE("a nested container changes wholly or not at all") {
  explored("nested: push_back by a handle", some,
           [](auto& w) { must(must(w.groups.at(1)).push_back(long_text)); });
  explored("nested: clear by a handle", some,
           [](auto& w) { must(must(w.groups.at(0)).clear()); });
  explored("nested: update in place", some, [](auto& w) {
    must(w.groups.update(0, [](auto& list) {
      must(list.pop_back());
      must(list.push_back("new"));
      must(list.push_back(long_text));
    }));
  });
  explored("nested: erase beneath a handle", some,
           [](auto& w) { must(must(w.deep.at(0)).erase(1)); });
  explored("nested: two levels down", some, [](auto& w) {
    must(must(must(w.deep.at(0)).at(1)).push_back({3, 3}));
  });
}

TEST_CASE("many nested containers change together or not at all") {
  explored("nested: clear of a table", many,
           [](auto& w) { must(w.groups.clear()); });
  explored("nested: clear of a few", some,
           [](auto& w) { must(w.groups.clear()); });
  explored("nested: clear of a tree", many,
           [](auto& w) { must(w.deep.clear()); });
  explored("nested: take", many, [](auto& w) { must(w.groups.take()); });
  explored("nested: bulk_load", some, [](auto& w) {
    must(w.groups.bulk_load(std::map<int, words>{
        {0, {"q"}}, {4, {long_text}}, {5, {}}, {6, {}}, {7, {"r"}}}));
  });
  explored("nested: erase_if, built aside", many, [](auto& w) {
    must(w.deep.erase_if([](const auto& e) { return e.first % 2 == 0; }));
  });
  explored("nested: erase, clear and insert in one", many, [](auto& w) {
    w.together_in_order([&] {
      must(w.groups.erase(0));
      must(must(w.groups.at(1)).push_back("more"));
      must(w.groups.clear());
      must(w.groups.insert(0, words{long_text}));
      must(w.deep.erase(0));
      must(w.deep.try_emplace(0));
    });
  });
}

TEST_CASE("texts that go as trash go wholly or not at all") {
  const auto texts = [](auto& w) {
    for (int i = 0; i < 6; ++i) {
      must(w.texts.insert(i, long_text));
      must(w.words.push_back(long_text));
    }
    for (int i = 0; i < 20; ++i)
      must(w.ordered.insert(i, long_text));
  };
  explored("trash: clear of a table of texts", texts,
           [](auto& w) { must(w.texts.clear()); });
  explored("trash: clear of a vector of texts", texts,
           [](auto& w) { must(w.words.clear()); });
  explored("trash: assign over texts", texts,
           [](auto& w) { must(w.words.assign(words{"x", long_text})); });
  explored("trash: clear of a tree of texts", texts,
           [](auto& w) { must(w.ordered.clear()); });
  explored("trash: a tree's shell", texts, [](auto& w) {
    must(w.ordered.erase_if([](const auto& e) { return e.first % 2 == 0; }));
  });
}

TEST_CASE("what nested containers change is undone whole") {
  explored_undone(make_scenario("nested: undone", many, [](auto& w) {
    try {
      w.together_in_order([&] {
        must(w.groups.erase(0));
        must(w.groups.insert(0, words{long_text}));
        must(must(w.groups.at(1)).clear());
        must(w.groups.clear());
        must(w.deep.clear());
        must(w.deep.insert(3, inner{{1, {{1, 1}}}}));
        throw std::runtime_error{"no"};
      });
    } catch (const std::runtime_error& planned) {
      static_cast<void>(planned);
    }
  }));
}

}  // namespace commy::test
