// Questions: how many blocks a second do several processes take and give back
// in one heap, every byte written and verified (form C), and how much of a
// short-lived process's time is its start (form B)?
#include "../report.hpp"
#include "crew.hpp"
#include "scratch.hpp"
#include "stress_child.hpp"

#include <cstdio>
#include <cstdlib>
#include <thread>

namespace commy::benchmark {
namespace {

/// What a child does between attach and detach, as often as `rounds` says.
struct shape {
  const char* name;
  std::size_t processes;
  std::size_t allocations;
  std::size_t keep;   // Frees begin above so many live blocks,
  std::size_t every;  // at every so-manieth allocation,
  std::size_t frees;  // the newest so many.
};
constexpr shape shapes[] = {{"4x50", 4, 50, 5, 7, 1},
                            {"8x200", 8, 200, 10, 11, 3}};

constexpr std::size_t words = 16;

struct held {
  loan_handle block;
  std::uint64_t mark;
};

/// Writes a pattern into all 128 bytes.
void fill(const segment& mine, const held& one) {
  auto* const at = reinterpret_cast<std::uint64_t*>(
      mine.engine()->img().bytes(one.block.block()));
  for (std::size_t w = 0; w < words; ++w)
    at[w] = one.mark + w;
}

/// Gives a block back, unless a byte of it has changed.
bool verify_and_free(const segment& mine, const held& one) {
  const auto* const at = reinterpret_cast<const std::uint64_t*>(
      mine.engine()->img().bytes(one.block.block()));
  std::uint64_t wrong = 0;
  for (std::size_t w = 0; w < words; ++w)
    wrong |= at[w] ^ (one.mark + w);
  return wrong == 0 && mine.deallocate(one.block).has_value();
}

bool one_round(const segment& mine, const shape& form, std::uint64_t mark,
               std::vector<held>& live) {
  bool good = true;
  for (std::size_t i = 0; i < form.allocations; ++i) {
    live.push_back({*mine.allocate(8 * words), mark + i * words});
    fill(mine, live.back());
    if (live.size() <= form.keep || i % form.every != 0) continue;
    for (std::size_t n = 0; n < form.frees; ++n) {
      good &= verify_and_free(mine, live.back());
      live.pop_back();
    }
  }
  for (const auto& one : live)
    good &= verify_and_free(mine, one);
  live.clear();
  return good;
}

/// Form C: processes meet at a barrier, then only the loop is timed.
void stress_c(report& into, const shape& form) {
  constexpr std::size_t allocations = 1'000'000;  // Of each process.
  crew all;
  scratch shared;
  const auto rounds = allocations / form.allocations;
  const auto seconds = all.run(
      form.processes,
      [&](std::size_t index) { return std::pair{shared.attach(), index}; },
      [&](std::pair<segment, std::size_t>& mine) {
        std::vector<held> live;
        live.reserve(form.allocations);
        bool good = true;
        for (std::size_t r = 0; r < rounds; ++r) {
          good &= one_round(mine.first, form, (mine.second << 56U) + (r << 24U),
                            live);
        }
        return good;
      });
  if (shared.get().statistics().owned_bytes != 0) {
    throw std::runtime_error{"stress_c: the heap is not empty at the end"};
  }
  const auto rate =
      static_cast<double>(rounds * form.allocations * form.processes) /
      seconds / 1e6;
  into.add({"memory", std::string{"stress_c "} + form.name, "M/s", rate, rate,
            "aim: 20 M allocations/s", 20, better::more});
}

/// Form B: the same shape with the start of every process in the timed part.
double start_all(const scratch& shared, const shape& form, bool work) {
  ::setenv(stress_child_variable, work ? form.name : "idle", 1);
  ::setenv("COMMY_STRESS_FOLDER", shared.folder().c_str(), 1);
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> starters;
  for (std::size_t i = 0; i < form.processes; ++i) {
    starters.emplace_back([] {
      const auto child = ::fork();
      if (child == 0) {
        ::execl("/proc/self/exe", "commy_benchmark", nullptr);
        ::_exit(9);
      }
      int status = 0;
      ::waitpid(child, &status, 0);
      if (status != 0) std::fputs("stress_b: a child failed\n", stderr);
    });
  }
  for (auto& starter : starters)
    starter.join();
  const std::chrono::duration<double> took =
      std::chrono::steady_clock::now() - begin;
  ::unsetenv(stress_child_variable);
  return took.count();
}

void stress_b(report& into, const shape& form, double published) {
  const scratch shared;
  double with = 1e9;
  double without = 1e9;
  for (int round = 0; round < 7; ++round) {
    with = std::min(with, start_all(shared, form, true));
    without = std::min(without, start_all(shared, form, false));
  }
  const auto count = static_cast<double>(form.processes * form.allocations);
  const auto name = std::string{"stress_b "} + form.name;
  into.add({"memory", name, "k/s", count / with / 1e3, count / with / 1e3,
            "the original, no sleep (measured)", published, better::more});
  into.add({"memory", name, "% start", 100 * without / with,
            100 * without / with, "all of it", 100, better::less});
}

}  // namespace

void run_stress(report& into) {
  // Middle of the ranges that were measured for the original's programs.
  stress_b(into, shapes[0], 14);
  stress_b(into, shapes[1], 130);
  for (const auto& form : shapes)
    stress_c(into, form);
}

int stress_child(const char* name) {
  segment_options options;
  options.folder = std::getenv("COMMY_STRESS_FOLDER");
  const auto mine = segment::open("scratch", options).value();
  std::vector<held> live;
  for (const auto& form : shapes) {
    if (std::string_view{form.name} == name) {
      return one_round(mine, form,
                       static_cast<std::uint64_t>(::getpid()) << 32U, live)
                 ? 0
                 : 1;
    }
  }
  return 0;
}

}  // namespace commy::benchmark
