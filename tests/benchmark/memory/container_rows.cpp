// Questions: what do a million keys cost in a shared hash map and in a shared
// tree, what a shared vector and a shared queue, each change being a
// transaction, beside private containers and Boost.Interprocess with a mutex?
#include "../report.hpp"
#include "../sampling.hpp"
#include "boost_region.hpp"
#include "scratch.hpp"
#include <commy/containers/shared_btree_map.hpp>
#include <commy/containers/shared_hash_map.hpp>
#include <commy/containers/shared_vec.hpp>
#include <commy/containers/shared_vec_deque.hpp>

#include <absl/container/btree_map.h>
#include <boost/interprocess/containers/deque.hpp>
#include <boost/interprocess/containers/vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <deque>
#include <numeric>
#include <ranges>

namespace commy::benchmark {
namespace {

using number = std::int64_t;

constexpr std::size_t keys = 1'000'000;

/// Keys without a pattern, none twice: an odd factor permutes 64-bit numbers.
number key_of(std::size_t i) {
  return static_cast<number>(i * 0x9e37'79b9'7f4a'7c15U);
}
/// The same keys in another order.
number some_key(std::size_t i) { return key_of(i * 7919 % keys); }

constexpr std::size_t region_bytes = 512U << 20U;

void add(report& into, const char* name, const char* peer,
         const std::pair<percentiles, percentiles>& times) {
  into.add({"memory", name, "ns", times.first.p50, times.first.p99, peer,
            times.second.p50, better::less});
}

/// Nanoseconds of one of `count` calls in a row, of things that grow: the mean
/// of all, because what growing costs falls on a few of them.
template <class Work>
double mean(std::size_t count, Work&& work) {
  using clock = std::chrono::steady_clock;
  const auto begin = clock::now();
  for (std::size_t i = 0; i < count; ++i)
    work(i);
  const std::chrono::duration<double, std::nano> took = clock::now() - begin;
  return took.count() / static_cast<double>(count);
}

/// Both sides filled anew in turn; `ours` and `theirs` answer nanoseconds.
template <class Ours, class Theirs>
std::pair<percentiles, percentiles> rounds(Ours&& ours, Theirs&& theirs) {
  std::vector<double> mine;
  std::vector<double> other;
  for (int r = 0; r < 5; ++r) {
    mine.push_back(ours());
    other.push_back(theirs());
  }
  return {of(mine), of(other)};
}

void hash_get(report& into) {
  scratch home;
  auto made = home.get().create<shared_hash_map<number, number>>("map").value();
  boost_region region{region_bytes};
  auto& theirs = region.make_map(keys);
  boost::unordered_flat_map<number, number> local;
  for (std::size_t i = 0; i < keys; ++i) {
    made.insert(key_of(i), 1).value();
    theirs.emplace(key_of(i), 1);
    local.emplace(key_of(i), 1);
  }
  // Through a mapping of its own, as a second process has it.
  const auto other = home.attach();
  const auto map = other.open<shared_hash_map<number, number>>("map").value();
  const auto ours = [&](std::size_t i) { keep(map.get(some_key(i)).value()); };
  add(into, "hash_get", "boost::unordered_flat_map, private",
      beside(ours,
             [&](std::size_t i) { keep(local.find(some_key(i))->second); }));
  add(into, "hash_get", "Boost.Interprocess map + mutex",
      beside(ours, [&](std::size_t i) {
        region.locked([&] { keep(theirs.find(some_key(i))->second); });
      }));
}

double insert_into_flat() {
  boost::unordered_flat_map<number, number> local;
  return mean(keys, [&](std::size_t i) { local.emplace(key_of(i), 1); });
}

double insert_ours(bool reserved) {
  scratch home;
  auto map = home.get().create<shared_hash_map<number, number>>("map").value();
  if (reserved) map.reserve(keys).value();
  return mean(keys, [&](std::size_t i) { map.insert(key_of(i), 1).value(); });
}

void hash_insert(report& into) {
  add(into, "hash_insert (from empty)", "boost::unordered_flat_map, private",
      rounds([] { return insert_ours(false); }, insert_into_flat));
  add(into, "hash_insert (reserved)", "the same, reserved",
      rounds([] { return insert_ours(true); },
             [] {
               boost::unordered_flat_map<number, number> local;
               local.reserve(keys);
               return mean(keys,
                           [&](std::size_t i) { local.emplace(key_of(i), 1); });
             }));
  add(into, "hash_insert (from empty)", "Boost.Interprocess map + mutex",
      rounds([] { return insert_ours(false); },
             [] {
               boost_region region{region_bytes};
               auto& theirs = region.make_map(16);
               return mean(keys, [&](std::size_t i) {
                 region.locked([&] { theirs.emplace(key_of(i), 1); });
               });
             }));
}

void btree_find(report& into) {
  scratch home;
  auto made =
      home.get().create<shared_btree_map<number, number>>("map").value();
  boost_region region{region_bytes};
  boost_region::tree theirs{std::less<number>{}, region.get()};
  absl::btree_map<number, number> local;
  for (std::size_t i = 0; i < keys; ++i) {
    made.insert(key_of(i), 1).value();
    theirs.emplace(key_of(i), 1);
    local.emplace(key_of(i), 1);
  }
  const auto other = home.attach();
  const auto map = other.open<shared_btree_map<number, number>>("map").value();
  const auto ours = [&](std::size_t i) { keep(map.get(some_key(i)).value()); };
  add(into, "btree_find", "absl::btree_map, private",
      beside(ours,
             [&](std::size_t i) { keep(local.find(some_key(i))->second); }));
  add(into, "btree_find", "Boost.Interprocess map + mutex",
      beside(ours, [&](std::size_t i) {
        region.locked([&] { keep(theirs.find(some_key(i))->second); });
      }));
}

double insert_into_tree() {
  scratch home;
  auto map = home.get().create<shared_btree_map<number, number>>("map").value();
  return mean(keys, [&](std::size_t i) { map.insert(key_of(i), 1).value(); });
}

void btree_insert(report& into) {
  add(into, "btree_insert", "absl::btree_map, private",
      rounds(insert_into_tree, [] {
        absl::btree_map<number, number> local;
        return mean(keys, [&](std::size_t i) { local.emplace(key_of(i), 1); });
      }));
  add(into, "btree_insert", "Boost.Interprocess map + mutex",
      rounds(insert_into_tree, [] {
        boost_region region{region_bytes};
        boost_region::tree theirs{std::less<number>{}, region.get()};
        return mean(keys, [&](std::size_t i) {
          region.locked([&] { theirs.emplace(key_of(i), 1); });
        });
      }));
}

double push_ours() {
  scratch home;
  auto vec = home.get().create<shared_vec<number>>("vec").value();
  return mean(keys, [&](std::size_t i) {
    vec.push_back(static_cast<number>(i)).value();
  });
}

void vec_push(report& into) {
  add(into, "vec_push", "std::vector, private", rounds(push_ours, [] {
        std::vector<number> local;
        return mean(keys, [&](std::size_t i) {
          local.push_back(static_cast<number>(i));
          keep(local.data());
        });
      }));
  add(into, "vec_push", "Boost.Interprocess vector + mutex",
      rounds(push_ours, [] {
        boost_region region{region_bytes};
        bip::vector<number, boost_region::allocator<number>> theirs{
            region.get()};
        return mean(keys, [&](std::size_t i) {
          region.locked([&] { theirs.push_back(static_cast<number>(i)); });
        });
      }));
}

/// A million elements in a row, in one call; nanoseconds of one element.
template <class Work>
double each_of_all(Work&& work) {
  return mean(1, [&](std::size_t) { work(); }) / static_cast<double>(keys);
}

void vec_bulk(report& into) {
  std::vector<number> values(keys);
  std::iota(values.begin(), values.end(), number{0});
  scratch home;
  auto vec = home.get().create<shared_vec<number>>("vec").value();
  vec.append(values).value();
  add(into, "vec_push_bulk", "std::vector, private",
      rounds(
          [&] {
            vec.clear().value();
            return each_of_all([&] { vec.append(values).value(); });
          },
          [&] {
            std::vector<number> local;
            local.reserve(keys);
            return each_of_all([&] {
              local.insert(local.end(), values.begin(), values.end());
              keep(local.data());
            });
          }));
  add(into, "vec_iterate", "std::vector, private",
      rounds(
          [&] {
            return each_of_all([&] {
              const auto all = vec.read().value();
              keep(std::accumulate(all.begin(), all.end(), number{0}));
            });
          },
          [&] {
            return each_of_all([&] {
              keep(std::accumulate(values.begin(), values.end(), number{0}));
            });
          }));
}

void deque_push_pop(report& into) {
  scratch home;
  auto queue = home.get().create<shared_vec_deque<number>>("queue").value();
  boost_region region{16U << 20U};
  bip::deque<number, boost_region::allocator<number>> theirs{region.get()};
  for (number i = 0; i < 100; ++i) {
    queue.push_back(i).value();
    theirs.push_back(i);
  }
  const auto ours = [&](std::size_t i) {
    queue.push_back(static_cast<number>(i)).value();
    keep(queue.pop_front().value());
  };
  add(into, "deque_push_pop", "Boost.Interprocess deque + mutex",
      beside(ours, [&](std::size_t i) {
        region.locked([&] { theirs.push_back(static_cast<number>(i)); });
        region.locked([&] {
          keep(theirs.front());
          theirs.pop_front();
        });
      }));
}

}  // namespace

void run_containers(report& into) {
  vec_push(into);
  vec_bulk(into);
  deque_push_pop(into);
  hash_get(into);
  hash_insert(into);
  btree_find(into);
  btree_insert(into);
  run_readers(into);
}

}  // namespace commy::benchmark
