// Questions: what does a lookup in a shared hash map of a million keys cost at
// its first touch, beside a long transaction on other keys, and in two
// processes while a third one writes?
#include "../report.hpp"
#include "../sampling.hpp"
#include "boost_region.hpp"
#include "crew.hpp"
#include "scratch.hpp"
#include <commy/containers/shared_hash_map.hpp>
#include <commy/containers/transact.hpp>

#include <cstdio>

namespace commy::benchmark {
namespace {

using number = std::int64_t;
using ours_map = shared_hash_map<number, number>;

constexpr std::size_t keys = 1'000'000;

/// Keys without a pattern, none twice: an odd factor permutes 64-bit numbers.
number key_of(std::size_t i) {
  return static_cast<number>(i * 0x9e37'79b9'7f4a'7c15U);
}
number some_key(std::size_t i) { return key_of(i * 7919 % keys); }

ours_map filled(segment& home) {
  auto map = home.create<ours_map>("map").value();
  for (std::size_t i = 0; i < keys; ++i)
    map.insert(key_of(i), 1).value();
  return map;
}

double mean_get(const ours_map& map, const std::vector<number>& wanted) {
  const auto begin = std::chrono::steady_clock::now();
  for (const auto key : wanted)
    keep(map.get(key).value());
  const std::chrono::duration<double, std::nano> took =
      std::chrono::steady_clock::now() - begin;
  return took.count() / static_cast<double>(wanted.size());
}

void add(report& into, const char* name, const char* peer,
         std::vector<double>& ours, std::vector<double>& theirs) {
  const auto mine = of(ours);
  into.add({"memory", name, "ns", mine.p50, mine.p99, peer, of(theirs).p50,
            better::less});
}

/// A mapping of its own, whose every page is new to this process.
void first_touch(report& into, scratch& home) {
  std::vector<number> all;
  for (std::size_t i = 0; i < keys; ++i)
    all.push_back(some_key(i));
  std::vector<double> first;
  std::vector<double> again;
  for (int round = 0; round < 5; ++round) {
    const auto mine = home.attach();
    const auto map = mine.open<ours_map>("map").value();
    first.push_back(mean_get(map, all));
    again.push_back(mean_get(map, all));
  }
  add(into, "hash_get (first touch)", "the same, warm", first, again);
}

/// A process that keeps a transaction open until it is told to end it.
class long_transaction {
public:
  long_transaction(const scratch& home, std::size_t changes) {
    if (::pipe(to_child_) != 0 || ::pipe(to_parent_) != 0) {
      throw std::runtime_error{"no pipe"};
    }
    child_ = ::fork();
    if (child_ == 0) ::_exit(hold(home, changes));
    char ready = 0;
    if (::read(to_parent_[0], &ready, 1) != 1 || ready != 'r') {
      throw std::runtime_error{"the long transaction failed"};
    }
  }
  long_transaction(const long_transaction&) = delete;
  long_transaction& operator=(const long_transaction&) = delete;
  ~long_transaction() {
    static_cast<void>(::write(to_child_[1], "e", 1));
    ::waitpid(child_, nullptr, 0);
    for (const int end :
         {to_child_[0], to_child_[1], to_parent_[0], to_parent_[1]}) {
      ::close(end);
    }
  }

private:
  int hold(const scratch& home, std::size_t changes) const {
    const auto mine = home.attach();
    auto map = mine.open<ours_map>("map").value();
    const auto done = transact(map, [&](transaction&) {
      for (std::size_t i = 0; i < changes; ++i) {
        map.insert_or_assign(key_of(i), 2).value();
      }
      static_cast<void>(::write(to_parent_[1], "r", 1));
      char end = 0;
      static_cast<void>(::read(to_child_[0], &end, 1));
    });
    if (!done) {
      std::fputs((done.error().message() + "\n").c_str(), stderr);
      static_cast<void>(::write(to_parent_[1], "f", 1));
    }
    return 0;
  }

  int to_child_[2]{};
  int to_parent_[2]{};
  pid_t child_ = 0;
};

/// Keys that share no group with what the transaction changes: those others
/// have to wait for it.
std::vector<number> undisturbed(ours_map map) {
  map.set_patience(std::chrono::nanoseconds{0});
  std::vector<number> free;
  std::size_t waiting = 0;
  for (std::size_t i = 0; i < keys / 2; ++i) {
    const auto key = some_key(i);
    if (map.get(key)) {
      free.push_back(key);
    } else {
      ++waiting;
    }
  }
  std::printf(
      "  (hash_get_long_txn: %.2f %% of the keys share a group with one "
      "of the 1,000 and wait)\n",
      100.0 * static_cast<double>(waiting) / (keys / 2.0));
  return free;
}

void long_txn(report& into, scratch& home) {
  const auto mine = home.attach();
  const auto map = mine.open<ours_map>("map").value();
  std::vector<double> beside_it;
  std::vector<double> alone;
  std::vector<number> wanted;
  for (int round = 0; round < 7; ++round) {
    {
      const long_transaction open{home, 1000};
      if (wanted.empty()) wanted = undisturbed(map);
      beside_it.push_back(mean_get(map, wanted));
    }
    alone.push_back(mean_get(map, wanted));
  }
  add(into, "hash_get_long_txn", "the same without it", beside_it, alone);
}

/// Million lookups a second by two processes while a third one writes as fast
/// as it can.
template <class Prepare, class Get, class Set>
double two_readers(crew& all, std::size_t lookups, Prepare&& prepare, Get&& get,
                   Set&& set) {
  struct board {
    std::atomic<int> reading{2};
    std::atomic<std::int64_t> spent_ns{0};
  };
  void* const at = ::mmap(nullptr, sizeof(board), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) throw std::runtime_error{"no memory to share"};
  auto& state = *new (at) board{};
  all.run(
      3, [&](std::size_t index) { return std::pair{prepare(), index}; },
      [&](auto& mine) {
        if (mine.second == 2) {
          for (std::size_t i = 0; state.reading.load() > 0; ++i)
            set(mine.first, some_key(i));
          return true;
        }
        const auto begin = std::chrono::steady_clock::now();
        for (std::size_t i = 0; i < lookups; ++i)
          get(mine.first, some_key(i + mine.second * keys / 2));
        state.spent_ns += (std::chrono::steady_clock::now() - begin).count();
        --state.reading;
        return true;
      });
  // Each reader at its own time: with fewer cores than processes they overlap
  // only in part.
  const auto seconds = static_cast<double>(state.spent_ns.load()) / 2 * 1e-9;
  ::munmap(at, sizeof(board));
  return 2 * static_cast<double>(lookups) / seconds / 1e6;
}

void two_readers(report& into, scratch& home) {
  boost_region region{512U << 20U};
  auto& theirs = region.make_map(keys);
  for (std::size_t i = 0; i < keys; ++i)
    theirs.emplace(key_of(i), 1);
  crew all;
  std::vector<double> ours;
  std::vector<double> other;
  for (int round = 0; round < 5; ++round) {
    ours.push_back(two_readers(
        all, keys,
        [&] {
          auto mine = home.attach();
          auto map = mine.open<ours_map>("map").value();
          return std::pair{std::move(mine), std::move(map)};
        },
        [](auto& mine, number key) { keep(mine.second.get(key).value()); },
        [](auto& mine, number key) {
          mine.second.insert_or_assign(key, key).value();
        }));
    other.push_back(two_readers(
        all, keys / 10, [] { return 0; },
        [&](int, number key) {
          region.locked([&] { keep(theirs.find(key)->second); });
        },
        [&](int, number key) {
          region.locked([&] { theirs.find(key)->second = key; });
        }));
  }
  const auto mine = of(ours);
  into.add({"memory", "hash_get_x2", "M/s", mine.p50, mine.p50,
            "Boost.Interprocess map + mutex", of(other).p50, better::more});
}

}  // namespace

void run_readers(report& into) {
  scratch home;
  static_cast<void>(filled(home.get()));
  first_touch(into, home);
  long_txn(into, home);
  two_readers(into, home);
}

}  // namespace commy::benchmark
