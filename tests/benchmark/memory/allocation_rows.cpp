// Questions: what does a block of 64 bytes cost, alone and among processes,
// and what when another process gives it back? Beside mimalloc in private
// memory and Boost.Interprocess in shared memory.
#include "../report.hpp"
#include "../sampling.hpp"
#include "boost_region.hpp"
#include "crew.hpp"
#include "scratch.hpp"

#include <mimalloc.h>

#include <dlfcn.h>

#include <cstring>
#include <optional>
#include <stdexcept>

namespace commy::benchmark {
namespace {

[[gnu::always_inline]] inline void pair(segment& shared, std::uint64_t bytes) {
  const auto block = *shared.allocate(bytes);
  *reinterpret_cast<std::uint64_t*>(
      shared.engine()->img().bytes(block.block())) = 1;
  keep(shared.deallocate(block).has_value());
}

/// Loaded, not linked: a linked mimalloc would also serve everybody's `new`,
/// and all rows of the program would be about it.
class private_mimalloc {
public:
  private_mimalloc() {
    auto* const library = ::dlopen(COMMY_BENCHMARK_MIMALLOC, RTLD_NOW);
    if (library == nullptr) throw std::runtime_error{::dlerror()};
    take = reinterpret_cast<decltype(take)>(::dlsym(library, "mi_malloc"));
    give_back =
        reinterpret_cast<decltype(give_back)>(::dlsym(library, "mi_free"));
    if (take == nullptr || give_back == nullptr) {
      throw std::runtime_error{"mimalloc lacks mi_malloc or mi_free"};
    }
  }
  decltype(&mi_malloc) take = nullptr;
  decltype(&mi_free) give_back = nullptr;
};

void alloc_64(report& into) {
  scratch shared;
  boost_region theirs{64U << 20U};
  auto& ours = shared.get();
  const auto mine = [&](std::size_t) { pair(ours, 64); };
  const auto add = [&](const char* peer, const auto& times) {
    into.add({"memory", "alloc_64", "ns", times.first.p50, times.first.p99,
              peer, times.second.p50, better::less});
  };
  const private_mimalloc mi;
  add("mimalloc, private", beside(mine, [&](std::size_t) {
        auto* const at = static_cast<std::uint64_t*>(mi.take(64));
        *at = 1;
        keep(at);
        mi.give_back(at);
      }));
  add("Boost.Interprocess", beside(mine, [&](std::size_t) {
        auto* const at =
            static_cast<std::uint64_t*>(theirs.region().allocate(64));
        *at = 1;
        keep(at);
        theirs.region().deallocate(at);
      }));
}

constexpr std::size_t pairs = 2'000'000;

/// Million pairs a second over all processes.
double ours_together(scratch& shared, crew& all, std::size_t processes) {
  const auto seconds = all.run(
      processes, [&](std::size_t) { return shared.attach(); },
      [](segment& mine) {
        for (std::size_t i = 0; i < pairs; ++i)
          pair(mine, 64);
        return true;
      });
  return static_cast<double>(pairs * processes) / seconds / 1e6;
}

double theirs_together(boost_region& shared, crew& all, std::size_t processes) {
  constexpr std::size_t fewer = pairs / 20;
  const auto seconds = all.run(
      processes, [&](std::size_t) { return shared.attach(); },
      [](std::unique_ptr<bip::managed_shared_memory>& mine) {
        for (std::size_t i = 0; i < fewer; ++i) {
          auto* const at = static_cast<std::uint64_t*>(mine->allocate(64));
          *at = 1;
          keep(at);
          mine->deallocate(at);
        }
        return true;
      });
  return static_cast<double>(fewer * processes) / seconds / 1e6;
}

void alloc_64_together(report& into) {
  crew all;
  scratch shared;
  boost_region region{64U << 20U};
  const auto alone = ours_together(shared, all, 1);
  for (const std::size_t processes : {2U, 8U}) {
    const auto name = "alloc_64_x" + std::to_string(processes);
    const auto ours = ours_together(shared, all, processes);
    into.add({"memory", name, "M pairs/s", ours, ours, "one process", alone,
              better::more});
    into.add({"memory", name, "M pairs/s", ours, ours, "Boost.Interprocess",
              theirs_together(region, all, processes), better::more});
  }
}

/// Handles that one process allocates and another one frees, or the same one.
struct exchange {
  static constexpr std::size_t batch = 1000;
  static constexpr std::size_t rounds = 2000;
  std::atomic<std::size_t> turn{0};  // 2 r: allocate; 2 r + 1: free.
  std::int64_t spent_ns[2]{};
  loan_handle blocks[batch]{};
};

double exchange_ns(scratch& shared, crew& all, exchange& board, bool remote) {
  board.turn.store(0);
  board.spent_ns[0] = board.spent_ns[1] = 0;
  const auto now = [] {
    return std::chrono::steady_clock::now().time_since_epoch().count();
  };
  const auto one = [&](const segment& mine, std::size_t side) {
    const auto begin = now();
    if (side == 0) {
      for (auto& block : board.blocks)
        block = *mine.allocate(64);
    } else {
      for (const auto& block : board.blocks)
        keep(mine.deallocate(block).has_value());
    }
    board.spent_ns[side] += now() - begin;
  };
  all.run(
      remote ? 2 : 1,
      [&](std::size_t index) { return std::pair{shared.attach(), index}; },
      [&](std::pair<segment, std::size_t>& mine) {
        for (std::size_t r = 0; r < exchange::rounds; ++r) {
          for (std::size_t side = 0; side < 2; ++side) {
            if (remote && side != mine.second) continue;
            while (board.turn.load(std::memory_order_acquire) != 2 * r + side)
              ::sched_yield();
            one(mine.first, side);
            board.turn.store(2 * r + side + 1, std::memory_order_release);
          }
        }
        return true;
      });
  return static_cast<double>(board.spent_ns[0] + board.spent_ns[1]) /
         (exchange::rounds * exchange::batch);
}

void free_remote(report& into) {
  crew all;
  scratch shared;
  void* const at = ::mmap(nullptr, sizeof(exchange), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto& board = *new (at) exchange{};
  const auto local = exchange_ns(shared, all, board, false);
  const auto remote = exchange_ns(shared, all, board, true);
  into.add({"memory", "free_remote", "ns", remote, remote,
            "freed by the same process", local, better::less});
  ::munmap(at, sizeof(exchange));
}

/// Committed bytes above what was asked for, in per cent, for a million blocks.
void overhead_32(report& into) {
  constexpr std::size_t blocks = 1'000'000;
  scratch shared;
  auto& mine = shared.get();
  const auto free_bytes = [&] {
    const auto now = mine.statistics();
    return now.committed_bytes - now.free_page_bytes;
  };
  const auto before = free_bytes();
  for (std::size_t i = 0; i < blocks; ++i)
    keep(mine.allocate(32).value());
  const auto ours =
      100.0 * (static_cast<double>(free_bytes() - before) / (32.0 * blocks)) -
      100;
  boost_region theirs{128U << 20U};
  const auto room = theirs.region().get_free_memory();
  for (std::size_t i = 0; i < blocks; ++i)
    keep(theirs.region().allocate(32));
  const auto other =
      100.0 * (static_cast<double>(room - theirs.region().get_free_memory()) /
               (32.0 * blocks)) -
      100;
  into.add({"memory", "overhead_32", "%", ours, ours, "Boost.Interprocess",
            other, better::less});
}

}  // namespace

void run_allocation(report& into) {
  alloc_64(into);
  alloc_64_together(into);
  free_remote(into);
  overhead_32(into);
}

}  // namespace commy::benchmark
