// Questions: what does a transaction cost, what a lookup, without anybody in
// the way, beside what one would use instead?
#include "../report.hpp"
#include "../sampling.hpp"
#include "scratch.hpp"
#include <commy/containers/shared_box.hpp>
#include <commy/containers/shared_hash_map.hpp>
#include <commy/containers/shared_vec.hpp>
#include <commy/containers/transact.hpp>

#include <boost/functional/hash.hpp>
#include <boost/interprocess/allocators/allocator.hpp>
#include <boost/interprocess/managed_shared_memory.hpp>
#include <boost/interprocess/sync/interprocess_mutex.hpp>
#include <boost/interprocess/sync/scoped_lock.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered_map.hpp>

#include <pthread.h>

namespace commy::benchmark {
namespace {

namespace bip = boost::interprocess;

/// A robust process-shared mutex: what one would use to survive a holder's
/// death. It protects nothing and undoes nothing.
class robust_mutex {
public:
  robust_mutex() {
    pthread_mutexattr_t how;
    pthread_mutexattr_init(&how);
    pthread_mutexattr_setpshared(&how, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&how, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&mutex_, &how);
    pthread_mutexattr_destroy(&how);
  }
  robust_mutex(const robust_mutex&) = delete;
  robust_mutex& operator=(const robust_mutex&) = delete;
  ~robust_mutex() { pthread_mutex_destroy(&mutex_); }
  void lock() noexcept { pthread_mutex_lock(&mutex_); }
  void unlock() noexcept { pthread_mutex_unlock(&mutex_); }

private:
  pthread_mutex_t mutex_;
};

void add(report& into, const char* name, const char* peer,
         const std::pair<percentiles, percentiles>& times) {
  into.add({"memory", name, "ns", times.first.p50, times.first.p99, peer,
            times.second.p50, better::less});
}

void txn_1(report& into, segment& shared) {
  auto box =
      shared.open_or_create<shared_box<std::uint64_t>>("counter").value();
  robust_mutex mutex;
  std::uint64_t field = 0;
  add(into, "txn_1", "robust pthread mutex pair + store",
      beside([&](std::size_t i) { box.set(i).value(); },
             [&](std::size_t i) {
               mutex.lock();
               field = i;
               keep(field);
               mutex.unlock();
             }));
}

void txn_3(report& into, segment& shared) {
  using number = shared_box<std::uint64_t>;
  auto a = shared.open_or_create<number>("a").value();
  auto b = shared.open_or_create<number>("b").value();
  auto c = shared.open_or_create<number>("c").value();
  robust_mutex mutexes[3];
  std::uint64_t fields[3]{};
  add(into, "txn_3", "three robust pthread mutex pairs",
      beside(
          [&](std::size_t i) {
            transact(a, b, c, [&](transaction&) {
              a.set(i).value();
              b.set(i).value();
              c.set(i).value();
            }).value();
          },
          [&](std::size_t i) {
            for (auto& mutex : mutexes)
              mutex.lock();
            for (auto& field : fields)
              field = i;
            keep(fields);
            for (auto& mutex : mutexes)
              mutex.unlock();
          }));
}

/// Attaching to a gigabyte with a million objects, and looking one of them up.
void attach_1g(report& into) {
  // As many as fit into one directory, whose table lies in one run; the others
  // are nested.
  constexpr int objects = 350'000;
  constexpr int nested = 650'000;
  scratch shared{2ULL << 30U};
  auto& home = shared.get();
  for (int i = 0; i < objects; ++i) {
    home.create<shared_box<std::int64_t>>(std::to_string(i), i).value();
  }
  for (int i = 0; i < nested; i += 50'000) {
    auto rows = home.create<shared_hash_map<int, shared_vec<int>>>(
                        "rows " + std::to_string(i))
                    .value();
    for (int row = 0; row < 50'000; ++row)
      rows.try_emplace(row).value();
  }
  while (home.statistics().committed_bytes < 1ULL << 30U) {
    for (int i = 0; i < 10'000; ++i)
      keep(home.allocate(1000).value());
  }
  std::vector<double> times;
  for (int i = 0; i < 200; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const auto mine = shared.attach();
    const auto box =
        mine.open<shared_box<std::int64_t>>(std::to_string(7 * i)).value();
    keep(box.get().value());
    const std::chrono::duration<double, std::micro> took =
        std::chrono::steady_clock::now() - begin;
    times.push_back(took.count());
  }
  const auto mine = of(times);
  into.add({"memory", "attach_1g", "us", mine.p50, mine.p99, "aim: 1 ms", 1000,
            better::less});
}

constexpr std::int64_t entries = 10'000;
/// A walk over all keys without a pattern that a prefetcher knows.
std::int64_t key_of(std::size_t i) {
  return static_cast<std::int64_t>(i * 7919 % entries);
}

using ours_map = shared_hash_map<std::int64_t, std::int64_t>;

void point_read(report& into, segment& shared) {
  auto map = shared.open_or_create<ours_map>("map").value();
  map.reserve(entries).value();

  using node = std::pair<const std::int64_t, std::int64_t>;
  using allocator =
      bip::allocator<node, bip::managed_shared_memory::segment_manager>;
  using their_map =
      boost::unordered_map<std::int64_t, std::int64_t,
                           boost::hash<std::int64_t>,
                           std::equal_to<std::int64_t>, allocator>;
  const auto name = "commy-benchmark-" + std::to_string(::getpid());
  struct remover {
    const std::string& name;
    ~remover() { bip::shared_memory_object::remove(name.c_str()); }
  } const cleanup{name};
  bip::managed_shared_memory region{bip::create_only, name.c_str(), 16U << 20U};
  auto& theirs = *region.construct<their_map>("map")(
      entries, boost::hash<std::int64_t>{}, std::equal_to<std::int64_t>{},
      allocator{region.get_segment_manager()});
  auto& mutex = *region.construct<bip::interprocess_mutex>("mutex")();
  boost::unordered_flat_map<std::int64_t, std::int64_t> local;
  for (std::int64_t i = 0; i < entries; ++i) {
    map.insert_or_assign(i, i).value();
    theirs[i] = i;
    local[i] = i;
  }

  const auto ours = [&](std::size_t i) { keep(map.get(key_of(i)).value()); };
  add(into, "point_read", "Boost.Interprocess map + mutex",
      beside(ours, [&](std::size_t i) {
        const bip::scoped_lock<bip::interprocess_mutex> lock{mutex};
        keep(theirs.find(key_of(i))->second);
      }));
  add(into, "point_read", "the same, unguarded (unsafe)",
      beside(ours,
             [&](std::size_t i) { keep(theirs.find(key_of(i))->second); }));
  add(into, "point_read", "boost::unordered_flat_map, private",
      beside(ours,
             [&](std::size_t i) { keep(local.find(key_of(i))->second); }));
}

}  // namespace

void run_memory(report& into) {
  run_allocation(into);
  run_stress(into);
  {
    scratch shared;
    txn_1(into, shared.get());
    txn_3(into, shared.get());
    point_read(into, shared.get());
  }
  run_loans(into);
  attach_1g(into);
}

}  // namespace commy::benchmark
