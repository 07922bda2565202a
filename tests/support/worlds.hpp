// tests/support/worlds.hpp: objects of every kind, and their twins in std.
#pragma once

#include "models.hpp"
#include <commy/containers/shared_box.hpp>
#include <commy/containers/shared_btree_map.hpp>
#include <commy/containers/shared_btree_set.hpp>
#include <commy/containers/shared_hash_map.hpp>
#include <commy/containers/shared_hash_set.hpp>
#include <commy/containers/shared_string.hpp>
#include <commy/containers/shared_vec.hpp>
#include <commy/containers/shared_vec_deque.hpp>
#include <commy/containers/transact.hpp>
#include <commy/memory/loan.hpp>
#include <commy/memory/segment.hpp>

#include <boost/describe.hpp>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace commy::test {

struct sample {
  std::int64_t at = 0;
  std::int64_t value = 0;
  friend bool operator==(const sample&, const sample&) = default;
};
BOOST_DESCRIBE_STRUCT(sample, (), (at, value))

struct point {
  double x = 0;
  std::int64_t y = 0;
  char name[24] = {};
  friend bool operator==(const point&, const point&) = default;
};
BOOST_DESCRIBE_STRUCT(point, (), (x, y, name))

/// What a loan of so many holds.
[[nodiscard]] inline std::vector<sample> lent_samples(int count) {
  std::vector<sample> made;
  for (int i = 0; i < count; ++i)
    made.push_back({i, std::int64_t{7} * i});
  return made;
}

/// The value of a result; anything else passes.
template <class Outcome>
decltype(auto) must(Outcome&& outcome) {
  if constexpr (requires { outcome.error(); }) {
    return std::forward<Outcome>(outcome).value();
  } else {
    return std::forward<Outcome>(outcome);
  }
}

/// What the shared world holds, in types that need no proof.
struct model_world {
  model_map<int, std::string> texts;
  model_map<std::string, std::int64_t> numbers;
  model_queue<sample> queue;
  model_box<point> box;
  model_text text;
  model_text spare;
  model_vec<sample> list;
  model_vec<sample> other_list;
  model_vec<std::string> words;
  model_map<int, std::string> ordered;
  model_set<std::string> index;
  model_set<int> members;
  model_map<int, model_vec<std::string>> groups;
  model_map<int, model_map<int, model_vec<sample>>> deep;
  std::set<std::string> made;

  void create(const std::string& name) { made.insert(name); }
  void create_observed(const std::string& name) { create(name); }
  void create_doomed() {}
  void create_doomed_tree() {}
  void create_doomed_words() {}
  void remove(const std::string& name) { made.erase(name); }
  void fill_pages(std::uint64_t /*committed*/ = 0) {}
  void leave_single_pages() {}
  void map_again() {}
  void attach_again() {}
  void detach_again() {}
  void hold_box() {}
  void meet_box_in_vain(const std::string& /*text*/) {}
  void hold_guard() {}
  void look() {}
  void take_loan(std::uint64_t /*bytes*/ = 100) {}
  void drop_loan() {}
  void lend_all(std::uint64_t /*bytes*/) {}
  void drop_all() {}
  void lose_lender(std::uint64_t /*bytes*/) {}
  void lend_samples(int /*count*/) {}
  bool keep_samples(model_vec<sample>& in, int count) {
    in = lent_samples(count);
    return true;
  }
  void take_bare(std::uint64_t /*bytes*/) {}
  void take_bare_of_other() {}
  void drop_bare() {}
  void sweep() {}
  /// Another participant changes texts and box and dies before its commit, or
  /// right behind it.
  void lose_participant(bool committed) {
    if (!committed) return;
    texts.insert_or_assign(5, lost_text);
    texts.erase(1);
    box.value.y += 1;
  }
  static inline const std::string lost_text = std::string(50, 'l');
  void start_thread() { spare.append("+"); }
  /// `body` changes texts, numbers, queue and box together, or not at all.
  template <class Body>
  void together(Body&& body) {
    const auto before = *this;
    try {
      body();
    } catch (...) {
      *this = before;
      throw;
    }
  }
  /// The same for lists, words, ordered, index, members and what nests.
  template <class Body>
  void together_in_order(Body&& body) {
    together(std::forward<Body>(body));
  }
  /// The same for all objects.
  template <class Body>
  void meet(Body&& body) {
    together(std::forward<Body>(body));
  }
  friend bool operator==(const model_world&, const model_world&) = default;
};

/// Where two worlds differ, in one line.
[[nodiscard]] std::string difference(const model_world& wanted,
                                     const model_world& found);

/// The same objects in a segment.
struct shared_objects {
  shared_hash_map<int, shared_string> texts;
  shared_hash_map<shared_string, std::int64_t> numbers;
  shared_vec_deque<sample> queue;
  shared_box<point> box;
  shared_string text;
  shared_string spare;
  shared_vec<sample> list;
  shared_vec<sample> other_list;
  shared_vec<shared_string> words;
  shared_btree_map<int, shared_string> ordered;
  shared_btree_set<shared_string> index;
  shared_hash_set<int> members;
  shared_hash_map<int, shared_vec<shared_string>> groups;
  shared_btree_map<int, shared_btree_map<int, shared_vec<sample>>> deep;

  /// Opens them without a look at the directory, where they are known to be.
  struct places {
    memory::object_place texts, numbers, queue, box, text, spare, list,
        other_list, words, ordered, index, members, groups, deep;
  };
  static shared_objects at(const std::shared_ptr<memory::engine>& engine,
                           const places& where);
  [[nodiscard]] places where() const;

  template <class Body>
  void together(Body&& body) {
    auto done =
        transact(texts, numbers, queue, box, [&](transaction&) { body(); });
    done.value();
  }
  template <class Body>
  void together_in_order(Body&& body) {
    auto done = transact(list, other_list, words, ordered, index, members,
                         groups, deep, [&](transaction&) { body(); });
    done.value();
  }
  void set_patience(std::chrono::nanoseconds patience);
};

/// A world that a process writes; made by the first one.
struct shared_world : shared_objects {
  static shared_world open_or_create(const std::string& name,
                                     const segment_options& options);

  segment home;
  segment_options options;
  std::unique_ptr<memory::backing> mapped{};
  std::vector<std::shared_ptr<memory::engine>> again{};
  std::unique_ptr<transaction> locked{};
  std::unique_ptr<shared_hash_map<int, shared_string>::entries> guarded{};
  memory::loan_block loan{};
  std::vector<memory::loan_block> loans{};
  commy::loan<sample> samples{};
  loan_handle bare{};

  void create(const std::string& name) {
    must(home.create<shared_box<std::int64_t>>(name, 7));
  }
  /// A box that keeps a change log.
  void create_observed(const std::string& name) {
    must(must(home.create<shared_box<std::int64_t>>(name, 7)).keep_changes(4));
  }
  /// A map of long texts that no comparison looks at.
  void create_doomed();
  void create_doomed_tree();
  void create_doomed_words();
  void remove(const std::string& name) { must(home.remove_object(name)); }
  /// Fills every free page with texts that no comparison looks at, and goes on
  /// until the segment has at least `committed` bytes.
  void fill_pages(std::uint64_t committed = 0);
  /// Fills the whole segment, and then frees every second page.
  void leave_single_pages();
  /// Maps the files once more, and attaches to what was mapped last.
  void map_again();
  void attach_again() {
    again.push_back(must(memory::engine::attach(std::move(mapped), "again")));
  }
  void detach_again() { again.pop_back(); }
  template <class Body>
  void meet(Body&& body) {
    transact(home, [&](transaction&) { body(); }).value();
  }
  /// Requires: `hold_box` came before.
  void meet_box_in_vain(const std::string& by);
  /// Another participant of this process keeps the box locked, or the texts
  /// under a guard; this one waits for a moment only.
  void hold_box();
  void hold_guard();
  /// Reads all texts under a guard of its own.
  void look();
  /// The one from before goes back afterwards.
  void take_loan(std::uint64_t bytes = 100) {
    loan = must(memory::loan_block::take(home.engine(), bytes, 1));
  }
  void drop_loan() { loan = {}; }
  /// As many as the segment has room for.
  void lend_all(std::uint64_t bytes) { lend_some(bytes, ~std::size_t{0}); }
  void lend_some(std::uint64_t bytes, std::size_t at_most);
  void drop_all() { loans.clear(); }
  void lend_samples(int count) {
    samples = must(
        try_loan_for_overwrite<sample>(home, static_cast<std::size_t>(count)));
    std::ranges::copy(lent_samples(count), samples.data());
  }
  /// Lets a vector become what has been lent.
  auto keep_samples(shared_vec<sample> in, int /*count*/) {
    return in.assign(std::move(samples));
  }
  void take_bare(std::uint64_t bytes) { bare = must(home.allocate(bytes)); }
  /// A block of another participant of this process.
  void take_bare_of_other() {
    map_again();
    attach_again();
    bare = must(memory::allocate_slowly(*again.back(), 100));
  }
  void drop_bare() { must(home.deallocate(bare)); }
  void sweep() { home.sweep(); }
  void lose_participant(bool committed);
  /// Another one dies with two loans, one of which has lost its run.
  void lose_lender(std::uint64_t bytes);
  /// Runs a thread that writes, so that it leases a lane of its own.
  void start_thread();
};

/// Everything in a segment at rest. Fails with a sentence when something cannot
/// be read.
[[nodiscard]] result<model_world, read_error> read_world(
    const std::shared_ptr<memory::engine>& engine,
    const shared_objects::places& where);

}  // namespace commy::test
