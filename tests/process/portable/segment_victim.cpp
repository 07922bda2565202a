// Writes into a shared segment until somebody kills it: transfers between two
// entries of a map, so that their sum tells whether a transfer was torn.
//
//     segment_victim FOLDER transferring    transfers, for ever
//     segment_victim FOLDER holding         stops in the middle of one
//     segment_victim FOLDER mixing          changes all kinds of containers
//     segment_victim FOLDER creating        creates the segment, or opens it
#include "mixed_objects.hpp"
#include <commy/platform/pipe.hpp>

#include <array>
#include <cstdio>
#include <random>
#include <string>
#include <string_view>
#include <thread>

namespace {

void announce(commy::platform::pipe_writer& to) {
  const std::array<std::byte, 1> mark{std::byte{'.'}};
  static_cast<void>(to.write_all(mark, std::chrono::seconds{60}));
}

/// Opens the shop or creates it, adds to its count, and leaves.
int create(const commy::segment_options& options,
           commy::platform::pipe_writer& ready) {
  auto shop = commy::segment::open_or_create("shop", options);
  if (!shop) {
    std::fprintf(stderr, "%s\n", shop.error().message().c_str());
    return 3;
  }
  auto count = shop->open_or_create<commy::shared_box<std::int64_t>>("count");
  if (!count || !count->update([](std::int64_t& n) { ++n; })) return 4;
  announce(ready);
  return 0;
}

/// One key in a table and a tree, a number and its negative at both ends of a
/// queue, and a text in a nested vector: all of it or nothing.
int mix(commy::segment& bank, commy::platform::pipe_writer& ready) {
  using commy::test::mixed;
  auto all = mixed::open_or_create(bank);
  std::mt19937_64 random{commy::platform::random_u64()};
  for (int round = 0;; ++round) {
    const auto key = static_cast<int>(random() % 200);
    const std::string text(random() % 90, 'x');
    const auto done = commy::transact(
        all.table, all.tree, all.queue, all.groups,
        [&](commy::transaction& /*open*/) {
          if (random() % 3 == 0) {
            all.table.erase(key).value();
            all.tree.erase(key).value();
          } else {
            all.table.insert_or_assign(key, text).value();
            all.tree.insert_or_assign(key, text).value();
          }
          all.queue.push_back(key).value();
          all.queue.push_front(-key).value();
          if (all.queue.size().value() > 100) {
            all.queue.pop_back().value();
            all.queue.pop_front().value();
          }
          all.groups.insert_or_assign(key % 10, {text, text}).value();
        });
    if (!done) {
      std::fprintf(stderr, "%s\n", done.error().message().c_str());
      return 4;
    }
    if (round == 20) announce(ready);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  commy::segment_options options;
  options.folder = argv[1];
  options.participant = "victim";
  auto ready =
      commy::platform::pipe_writer::from_environment("COMMY_TEST_READY");
  const std::string_view how = argc > 2 ? argv[2] : "transferring";
  if (ready && how == "creating") return create(options, *ready);
  auto shared = commy::segment::open("bank", options);
  if (!ready || !shared) {
    std::fprintf(stderr, "%s\n",
                 shared ? "no pipe" : shared.error().message().c_str());
    return 3;
  }
  if (how == "mixing") return mix(*shared, *ready);
  auto accounts =
      shared
          ->open<commy::shared_hash_map<commy::shared_string, std::int64_t>>(
              "accounts")
          .value();
  const bool holding = how == "holding";
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
