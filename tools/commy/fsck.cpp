#include <commy/memory/segment.hpp>

#include <iostream>
#include <tools/commy/commands.hpp>

namespace tool {
namespace {

/// True when the segment is whole now.
bool check_one(const std::string& name, const settings& s,
               const commy::segment_options& options) {
  const auto mode =
      s.repair ? commy::fsck_mode::repair : commy::fsck_mode::check;
  const auto report = commy::segment::check(name, mode, options);
  if (!report) {
    std::cout << name << ": not checked: " << report.error().message() << '\n';
    return false;
  }
  if (report->whole()) {
    std::cout << name << ": whole, " << report->live_blocks << " blocks and "
              << report->live_runs << " runs in use\n";
    return true;
  }
  std::cout << name << ": " << report->findings << " findings\n"
            << report->text();
  if (!s.repair) {
    std::cout << "  nothing was changed; --repair mends what can be mended\n";
    return false;
  }
  const auto left = report->findings - report->repaired;
  std::cout << "  repaired " << report->repaired << ", left " << left << '\n';
  return left == 0;
}

}  // namespace

exit_code fsck(const settings& s) {
  commy::segment_options options;
  options.folder = s.segment_folder;
  auto names = s.segments;
  if (names.empty()) {
    auto all = commy::segment::list(options);
    if (!all) {
      std::cerr << "commy: " << all.error().message() << '\n';
      return damaged;
    }
    names = std::move(*all);
    if (names.empty()) std::cout << "no segments\n";
  }
  bool whole = true;
  for (const auto& name : names)
    whole = check_one(name, s, options) && whole;
  return whole ? success : damaged;
}

}  // namespace tool
