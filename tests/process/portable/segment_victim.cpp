// Writes into a shared segment until somebody kills it: transfers between two
// entries of a map, so that their sum tells whether a transfer was torn.
//
//     segment_victim FOLDER           transfers, for ever
//     segment_victim FOLDER holding   stops in the middle of one, half written
#include <commy/containers/shared_hash_map.hpp>
#include <commy/containers/transact.hpp>
#include <commy/memory/segment.hpp>
#include <commy/platform/pipe.hpp>

#include <array>
#include <cstdio>
#include <string_view>
#include <thread>

namespace {

void announce(commy::platform::pipe_writer& to) {
  const std::array<std::byte, 1> mark{std::byte{'.'}};
  static_cast<void>(to.write_all(mark, std::chrono::seconds{60}));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  commy::segment_options options;
  options.folder = argv[1];
  options.participant = "victim";
  auto ready =
      commy::platform::pipe_writer::from_environment("COMMY_TEST_READY");
  auto shared = commy::segment::open("bank", options);
  if (!ready || !shared) {
    std::fprintf(stderr, "%s\n",
                 shared ? "no pipe" : shared.error().message().c_str());
    return 3;
  }
  auto accounts =
      shared
          ->open<commy::shared_hash_map<commy::shared_string, std::int64_t>>(
              "accounts")
          .value();
  const bool holding = argc > 2 && std::string_view{argv[2]} == "holding";
  for (std::uint64_t round = 0;; ++round) {
    const auto amount = static_cast<std::int64_t>(round % 7);
    const auto moved =
        commy::transact(accounts, accounts, [&](commy::transaction& /*open*/) {
          static_cast<void>(accounts.update(
              "the left account", [&](std::int64_t& v) { v -= amount; }));
          if (holding && round == 100) {
            announce(*ready);
            // Killed here, with one side written.
            for (;;)
              std::this_thread::yield();
          }
          static_cast<void>(accounts.update(
              "the right account", [&](std::int64_t& v) { v += amount; }));
        });
    if (!moved) {
      std::fprintf(stderr, "%s\n", moved.error().message().c_str());
      return 4;
    }
    if (!holding && round == 100) announce(*ready);
  }
}
