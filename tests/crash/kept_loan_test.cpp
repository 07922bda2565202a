// Loans that become a vector's elements, the victim killed after each
// instruction that changed a shared byte.
#include "explored.hpp"

#include <catch2/catch_test_macros.hpp>

#include <stdexcept>

namespace commy::test {
namespace {

constexpr int few = 3;      // In a block of a slab.
constexpr int many = 320;   // In a run of two pages.
constexpr int other = 330;  // As many pages.

constexpr auto lent(int count, int elements = 2) {
  return [count, elements](auto& w) {
    for (int i = 0; i < elements; ++i)
      must(w.list.push_back({i, 5 * i}));
    must(w.other_list.push_back({50, 50}));
    w.lend_samples(count);
  };
}
constexpr auto kept(int count) {
  return [count](auto& w) { must(w.keep_samples(w.list, count)); };
}
/// Elements of a loan already, and one more loan.
constexpr auto twice(int before, int count) {
  return [before, count](auto& w) {
    lent(before)(w);
    kept(before)(w);
    w.lend_samples(count);
  };
}
/// And the loan ends before the transaction does.
constexpr auto kept_and_ended(int count) {
  return [count](auto& w) {
    w.together_in_order([&] {
      must(w.keep_samples(w.list, count));
      w.lend_samples(1);
    });
  };
}

}  // namespace

TEST_CASE("a loan becomes a vector's elements or stays a loan") {
  explored("kept loan: for a few elements", lent(few), kept(few));
  explored("kept loan: of an empty vector", lent(few, 0), kept(few));
  explored("kept loan: large", lent(many), kept(many));
  explored("kept loan: large for small", twice(few, many), kept(many));
  explored("kept loan: small for large", twice(many, few), kept(few));
  explored("kept loan: large for large", twice(many, other), kept(other));
  explored("kept loan: with other changes", lent(many), [](auto& w) {
    w.together_in_order([&] {
      must(w.other_list.push_back({8, 8}));
      must(w.keep_samples(w.list, many));
      must(w.list.set(1, {9, 9}));
      must(w.words.push_back("kept"));
    });
  });
  explored("kept loan: and the vector grows", lent(few), [](auto& w) {
    w.together_in_order([&] {
      must(w.keep_samples(w.list, few));
      must(w.list.push_back({9, 9}));
    });
  });
  explored("kept loan: large, and the vector grows", lent(many), [](auto& w) {
    w.together_in_order([&] {
      must(w.keep_samples(w.list, many));
      must(w.list.push_back({9, 9}));
    });
  });
  explored("kept loan: its owner is done with it before the end", lent(few),
           kept_and_ended(few));
  explored("kept loan: the same, large", lent(many), kept_and_ended(many));
  explored(
      "kept loan: in a nested vector",
      [](auto& w) {
        must(w.deep.try_emplace(1));
        must(must(w.deep.at(1)).try_emplace(2));
        w.lend_samples(many);
      },
      [](auto& w) {
        must(w.keep_samples(must(must(w.deep.at(1)).at(2)), many));
      });
}

TEST_CASE("a loan that was kept is its owner's again when that is undone") {
  const auto in_vain = [](int count, bool grown) {
    return [count, grown](auto& w) {
      CHECK_THROWS_AS(w.together_in_order([&] {
        must(w.keep_samples(w.list, count));
        if (grown) must(w.list.push_back({9, 9}));
        throw std::runtime_error{"no"};
      }),
                      std::runtime_error);
    };
  };
  explored_undone(
      make_scenario("kept loan: undone", lent(few), in_vain(few, false)));
  explored_undone(make_scenario("kept loan: large, undone", lent(many),
                                in_vain(many, false)));
  explored_undone(make_scenario("kept loan: dropped again, undone", lent(few),
                                in_vain(few, true)));
  explored_undone(make_scenario("kept loan: large, dropped again, undone",
                                lent(many), in_vain(many, true)));
  explored("kept loan: in vain, then for good", lent(many), [&](auto& w) {
    in_vain(many, true)(w);
    must(w.keep_samples(w.list, many));
  });
}

TEST_CASE("elements that were a loan change and go as all others") {
  for (const int count : {few, many}) {
    const auto held = [count](auto& w) {
      lent(count)(w);
      kept(count)(w);
    };
    const auto size = count == few ? ", few" : ", many";
    const auto run = [&](const std::string& what, auto operate) {
      explored("elements of a loan: " + what + size, held, operate);
    };
    run("set", [](auto& w) { must(w.list.set(1, {7, 7})); });
    run("push_back", [](auto& w) { must(w.list.push_back({7, 7})); });
    run("pop_back", [](auto& w) { must(w.list.pop_back()); });
    run("shrink_to_fit", [](auto& w) {
      w.together_in_order([&] {
        must(w.list.resize(1));
        must(w.list.shrink_to_fit());
      });
    });
    run("swap", [](auto& w) { must(w.list.swap(w.other_list)); });
  }
  explored(
      "elements of a loan: the nested vector goes",
      [](auto& w) {
        must(w.deep.try_emplace(1));
        must(must(w.deep.at(1)).try_emplace(2));
        w.lend_samples(many);
        must(w.keep_samples(must(must(w.deep.at(1)).at(2)), many));
      },
      [](auto& w) { must(w.deep.erase(1)); });
}

}  // namespace commy::test
