// The `commy` program: hosts what a manifest names, and helps to write one.
#include <commy/base/log.hpp>
#include <commy/host/manifest.hpp>

#include <CLI/CLI.hpp>

#include <exception>
#include <iostream>
#include <map>
#include <string>
#include <tools/commy/commands.hpp>

namespace {

constexpr const char* footer =
    "Exit codes: 0 success, 2 wrong usage, 3 wrong manifest, 4 something did\n"
    "not start, 5 something did not stop in time, 6 a segment is damaged or\n"
    "cannot be read.";

void add_folders(CLI::App& command, tool::settings& s) {
  command
      .add_option("--plugin-folder", s.plugin_folders,
                  "Where plugins with bare names are looked for, instead of "
                  "../lib/commy/plugins; repeatable")
      ->type_name("FOLDER");
}

void add_segment_folder(CLI::App& command, tool::settings& s) {
  command
      .add_option("--segment-folder", s.segment_folder,
                  "Where segments live, instead of $COMMY_DIRECTORY or the "
                  "system's shared memory")
      ->type_name("FOLDER");
}

}  // namespace

int main(int count, char** arguments) {
  CLI::App app{"Commy: an actor runtime whose processes share typed data"};
  app.name("commy");
  app.footer(footer);
  app.set_version_flag("--version", std::string{"commy " COMMY_VERSION});
  app.require_subcommand(1);

  tool::settings settings;
  auto level = commy::log_level::info;
  const std::map<std::string, commy::log_level> levels{
      {"debug", commy::log_level::debug},
      {"info", commy::log_level::info},
      {"warning", commy::log_level::warning},
      {"error", commy::log_level::error}};

  auto* const run = app.add_subcommand(
      "run", "Hosts a manifest until Ctrl-C; a second one ends it at once");
  run->add_option("manifest", settings.manifest, "The manifest's file")
      ->required();
  add_folders(*run, settings);
  run->add_option("--program-folder", settings.program_folders,
                  "Where programs with bare names are looked for, instead of "
                  "beside this one; repeatable")
      ->type_name("FOLDER");
  add_segment_folder(*run, settings);
  run->add_option("--log-level", level, "Lines below this are not written")
      ->transform(CLI::CheckedTransformer(levels))
      ->type_name("debug|info|warning|error");

  auto* const check = app.add_subcommand(
      "check", "Tells everything that is wrong with a manifest");
  check->add_option("manifest", settings.manifest, "The manifest's file")
      ->required();
  add_folders(*check, settings);
  check->add_flag("--print", settings.print,
                  "Show the manifest as the host understands it");

  auto* const schema = app.add_subcommand(
      "schema", "Writes the JSON schema of manifests, for editors");

  auto* const segments = app.add_subcommand(
      "segments", "Lists segments with their sizes, objects and participants");
  add_segment_folder(*segments, settings);

  auto* const fsck = app.add_subcommand(
      "fsck", "Checks segments that nobody has open, or mends them");
  fsck->add_option("segment", settings.segments,
                   "Their names; none: all in the folder");
  fsck->add_flag("--repair", settings.repair,
                 "Mend what can be mended; also what a boot left stale");
  add_segment_folder(*fsck, settings);

  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& e) {
    // Help and version are "errors" with code 0.
    return app.exit(e) == 0 ? tool::success : tool::wrong_usage;
  }
  commy::set_log_level(level);
  try {
    if (*run) return tool::run(settings);
    if (*check) return tool::check(settings);
    if (*segments) return tool::segments(settings);
    if (*fsck) return tool::fsck(settings);
    if (*schema) std::cout << commy::manifest_schema(tool::linked_modules());
    return tool::success;
  } catch (const std::exception& e) {
    std::cerr << "commy: " << e.what() << '\n';
    return tool::start_failed;
  }
}
