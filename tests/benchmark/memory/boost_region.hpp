// tests/benchmark/memory/boost_region.hpp: shared memory of Boost.Interprocess.
#pragma once

#include <boost/functional/hash.hpp>
#include <boost/interprocess/allocators/allocator.hpp>
#include <boost/interprocess/containers/map.hpp>
#include <boost/interprocess/managed_shared_memory.hpp>
#include <boost/interprocess/sync/interprocess_mutex.hpp>
#include <boost/interprocess/sync/scoped_lock.hpp>
#include <boost/unordered_map.hpp>

#include <unistd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace commy::benchmark {

namespace bip = boost::interprocess;

/// A managed region with the mutex that its users need, gone at the program's
/// end. A forked child may use it: the mapping is shared.
class boost_region {
public:
  using manager = bip::managed_shared_memory::segment_manager;
  using number = std::int64_t;
  template <class T>
  using allocator = bip::allocator<T, manager>;
  using map = boost::unordered_map<number, number, boost::hash<number>,
                                   std::equal_to<number>,
                                   allocator<std::pair<const number, number>>>;
  using tree = bip::map<number, number, std::less<number>,
                        allocator<std::pair<const number, number>>>;

  explicit boost_region(std::size_t bytes)
      : name_{"commy-benchmark-" + std::to_string(::getpid())},
        region_{bip::create_only, name_.c_str(), bytes},
        mutex_{region_.construct<bip::interprocess_mutex>("mutex")()} {}
  boost_region(const boost_region&) = delete;
  boost_region& operator=(const boost_region&) = delete;
  ~boost_region() { bip::shared_memory_object::remove(name_.c_str()); }

  [[nodiscard]] bip::managed_shared_memory& region() { return region_; }
  [[nodiscard]] manager* get() { return region_.get_segment_manager(); }
  /// A mapping of another process.
  [[nodiscard]] std::unique_ptr<bip::managed_shared_memory> attach() const {
    return std::make_unique<bip::managed_shared_memory>(bip::open_only,
                                                        name_.c_str());
  }
  /// A map inside the region, for about so many entries.
  [[nodiscard]] map& make_map(std::size_t entries) {
    return *region_.construct<map>("map")(entries, boost::hash<number>{},
                                          std::equal_to<number>{}, get());
  }
  template <class Work>
  auto locked(Work&& work) {
    const bip::scoped_lock<bip::interprocess_mutex> lock{*mutex_};
    return work();
  }

private:
  std::string name_;
  bip::managed_shared_memory region_;
  bip::interprocess_mutex* mutex_;
};

}  // namespace commy::benchmark
