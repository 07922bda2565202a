// tests/benchmark/report.hpp: rows of figures, printed and kept as JSON.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace commy::benchmark {

/// What a row counts: for times and bytes less is better, for rates more.
enum class better { less, more };

/// One figure of ours beside one of a peer, from the same run.
struct row {
  std::string area;
  std::string name;
  std::string unit;
  double ours = 0;
  double ours_p99 = 0;
  std::string peer;
  double peer_value = 0;
  better direction = better::less;
  double ours_p999 = 0;  // Zero where nobody asked for it, as the next.
  double peer_p99 = 0;

  /// Above 1 means that we are better.
  [[nodiscard]] double ratio() const noexcept {
    return direction == better::less ? peer_value / ours : ours / peer_value;
  }
};

/// Collects rows, prints each as soon as it is known, and writes all of them as
/// one JSON array: {area, row, unit, ours, ours_p99, ours_p999, peer,
/// peer_value, peer_p99, ratio}, or {area, row, peer, not_available}.
class report {
public:
  void add(row figure);
  /// Says that a row could not be measured, and why; beside which peer, if it
  /// is that one's fault.
  void not_available(const std::string& area, const std::string& name,
                     const std::string& peer, const std::string& why);
  /// False, with a message on standard error, when the file can't be written.
  [[nodiscard]] bool write_json(const std::string& path) const;
  [[nodiscard]] std::size_t size() const noexcept { return rows_.size(); }

private:
  struct gap {
    std::string area, name, peer, why;
  };
  std::vector<row> rows_;
  std::vector<gap> gaps_;
};

/// A group of rows; a failure inside is printed and does not stop the others.
struct area {
  const char* name;
  void (*run)(report&);
};

void run_memory(report& into);
void run_allocation(report& into);
void run_loans(report& into);
void run_stress(report& into);
void run_containers(report& into);
void run_readers(report& into);
void run_ipc(report& into);
void run_actor(report& into);

}  // namespace commy::benchmark
