// Questions: what does a message between actors cost, a question, an actor; how
// do whole programs fare; and what does it cost when nothing happens?
// Method: each contestant in turn, each repetition in a fresh process, warm-up
// dropped, as many workers and messages for all. A row also stands beside its
// aim, and, where there is one, beside what bounds any runtime.
#include "../report.hpp"
#include "../sampling.hpp"
#include "fresh_process.hpp"
#include "work.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>

namespace commy::benchmark {
namespace {

enum class shown : std::uint8_t { as_measured, millions_per_second };

struct actor_row {
  const char* name;
  const char* unit;
  /// In `unit`; 0: none but to be faster than the peers.
  double aim;
  int repetitions;
  shown how = shown::as_measured;
};

// More repetitions for what is short, or depends on how two threads happen to
// meet.
constexpr actor_row rows[] = {
    {"ping_pong", "ns", 30, 10},
    {"ping_pong_x2", "ns", 0, 10},
    {"ping_pong_pin", "ns", 0, 5},
    {"ask", "ns", 90, 10},
    {"fan_in", "M/s", 10, 10, shown::millions_per_second},
    {"fan_in_x2", "M/s", 10, 10, shown::millions_per_second},
    {"outside_in", "M/s", 8, 10, shown::millions_per_second},
    {"ring_503", "M/s", 20, 10, shown::millions_per_second},
    {"spawn", "ns", 500, 10},
    {"actor_bytes", "bytes", 256, 1},
    {"told_bytes", "bytes", 0, 1},
    {"skynet", "ms", 400, 5},
    {"savina_ring", "ms", 0, 5},
    {"savina_count", "ms", 0, 5},
    {"savina_forkj", "ms", 0, 5},
    {"savina_create", "ms", 0, 5},
    {"savina_big", "ms", 0, 5},
    {"savina_buffer", "ms", 0, 5},
    {"savina_dining", "ms", 0, 5},
    {"savina_chams", "ms", 0, 5},
    {"idle_wakeups", "1/s", 0, 1},
    {"idle_ask", "us", 0, 3},
    {"compile", "s", 2.5, 3},
};

/// One of those who take part in a row, and what was measured of it.
struct entry {
  const char* name;
  const work* does;
  samples measured;
};

void enlist(std::vector<entry>& field, const contestant& who,
            const actor_row& row) {
  for (const auto& one : who.works) {
    if (one.row == row.name) field.push_back({who.name, &one, {}});
  }
}

std::vector<entry> field_of(const actor_row& row) {
  std::vector<entry> field;
  enlist(field, our_works(), row);
#ifdef COMMY_BENCHMARK_CAF
  enlist(field, caf_works(), row);
#endif
  for (const auto& limit : limits())
    enlist(field, limit, row);
  return field;
}

/// One that fails is out of the race; the others go on.
void repeat(entry& one, const actor_row& row) {
  if (one.does == nullptr) return;
  try {
    const auto more = in_fresh_process(*one.does);
    one.measured.insert(one.measured.end(), more.begin(), more.end());
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s of %s: %s\n", row.name, one.name, e.what());
    one.does = nullptr;
    one.measured.clear();
  }
}

percentiles figures_of(entry& one, const actor_row& row) {
  auto figures = of(one.measured);
  if (row.how == shown::millions_per_second) {
    figures = {1e3 / figures.p50, 1e3 / figures.p99};
  }
  return figures;
}

void run_row(report& into, const actor_row& row) {
  auto field = field_of(row);
  for (int i = 0; i < row.repetitions; ++i) {
    for (auto& one : field)
      repeat(one, row);
  }
  if (field.front().measured.empty()) return;
  const auto ours = figures_of(field.front(), row);
  const auto direction =
      row.how == shown::millions_per_second ? better::more : better::less;
  const auto add = [&](const char* peer, double value) {
    into.add({"actor", row.name, row.unit, ours.p50, ours.p99, peer, value,
              direction});
  };
  if (row.aim > 0) add("aim", row.aim);
  for (auto& one : field) {
    if (&one == &field.front() || one.measured.empty()) continue;
    add(one.name, figures_of(one, row).p50);
  }
}

}  // namespace

void run_actor(report& into) {
  for (const auto& row : rows)
    run_row(into, row);
}

}  // namespace commy::benchmark
