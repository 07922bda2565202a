// tools/commy/commands.hpp: what the commy program can be told to do.
#pragma once

#include <commy/host/module.hpp>

#include <string>
#include <vector>

namespace tool {

/// What the program returns. Scripts rely on these; they never change.
enum exit_code : int {
  success = 0,
  wrong_usage = 2,
  wrong_manifest = 3,
  start_failed = 4,
  stop_late = 5,
  damaged = 6
};

/// What several commands take.
struct settings {
  std::string manifest;
  std::vector<std::string> plugin_folders;
  std::vector<std::string> program_folders;
  std::string segment_folder;
  std::vector<std::string> segments;
  bool print = false;
  bool repair = false;
};

/// The modules this program was built with.
const std::vector<commy::module_description>& linked_modules();

/// Hosts a manifest until Ctrl-C, SIGTERM, or the end of the parent that gave
/// this process a lifeline. A second Ctrl-C, half a second after the first or
/// later, ends it at once.
exit_code run(const settings& s);

/// Reports everything that is wrong with a manifest, its plugins included; with
/// `print`, shows it as the host understands it.
exit_code check(const settings& s);

/// Checks segments that nobody has open, all of the folder when none is named;
/// with `repair`, mends them. `damaged` when one is not whole afterwards.
exit_code fsck(const settings& s);

/// Lists the folder's segments with their sizes, objects and participants.
exit_code segments(const settings& s);

}  // namespace tool
