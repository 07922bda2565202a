#include "mixed_objects.hpp"
#include <commy/platform/process.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using commy::platform::child_process;
using accounts_map = commy::shared_hash_map<commy::shared_string, std::int64_t>;

/// A folder of its own for the segments of one test.
class segment_folder {
public:
  segment_folder()
      : path_{(std::filesystem::temp_directory_path() /
               ("commy-portable-" +
                std::to_string(commy::platform::random_u64())))
                  .string()} {}
  segment_folder(const segment_folder&) = delete;
  segment_folder& operator=(const segment_folder&) = delete;
  ~segment_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] commy::segment_options options() const {
    commy::segment_options options;
    options.folder = path_;
    options.capacity = 64U << 20U;
    return options;
  }

private:
  std::string path_;
};

/// Starts the victim and returns once it is where the test wants it.
child_process start_victim(const segment_folder& folder, const char* how) {
  auto pipe = commy::platform::make_pipe().value();
  commy::platform::spawn_options options;
  options.program = COMMY_VICTIM;
  options.arguments = {folder.path(), how};
  options.inherit = {{"COMMY_TEST_READY", pipe.writer.native()}};
  auto child = child_process::spawn(options).value();
  pipe.writer.close();
  std::array<std::byte, 1> mark{};
  REQUIRE(pipe.reader.read_some(mark, 60s).value() == 1);
  return child;
}

std::int64_t sum(const accounts_map& accounts) {
  return accounts.get("the left account").value() +
         accounts.get("the right account").value();
}

}  // namespace

TEST_CASE("a killed writer's half-done transaction is undone by the next one") {
  const segment_folder folder;
  auto bank = commy::segment::create("bank", folder.options()).value();
  auto accounts = bank.create<accounts_map>("accounts").value();
  accounts.insert_or_assign("the left account", 1000).value();
  accounts.insert_or_assign("the right account", 1000).value();
  auto victim = start_victim(folder, "holding");
  const auto before = accounts.version();

  victim.kill();
  REQUIRE(victim.wait_for(30s));

  // Waits for nobody: the dead one's lock is taken over, its change undone.
  accounts.insert_or_assign("a third account", 0).value();
  CHECK(sum(accounts) == 2000);
  CHECK(accounts.version() > before);
  CHECK(bank.participants().size() == 1);
}

TEST_CASE("writers may be killed again and again while others go on") {
  const segment_folder folder;
  auto bank = commy::segment::create("bank", folder.options()).value();
  auto accounts = bank.create<accounts_map>("accounts").value();
  accounts.insert_or_assign("the left account", 1000).value();
  accounts.insert_or_assign("the right account", 1000).value();

  for (int round = 0; round < 5; ++round) {
    auto victim = start_victim(folder, "transferring");
    CHECK(bank.participants().size() == 2);
    for (int i = 0; i < 200; ++i) {
      accounts.update("the left account", [](std::int64_t& v) { ++v; }).value();
      accounts.update("the left account", [](std::int64_t& v) { --v; }).value();
    }
    victim.kill();
    REQUIRE(victim.wait_for(30s));
    bank.sweep();
    CHECK(sum(accounts) == 2000);
  }
  CHECK(bank.participants().size() == 1);
}

TEST_CASE("a segment is seen by another process as soon as it has its name") {
  const segment_folder folder;
  auto bank = commy::segment::create("bank", folder.options()).value();
  auto accounts = bank.create<accounts_map>("accounts").value();
  accounts.insert_or_assign("the left account", 1).value();
  accounts.insert_or_assign("the right account", 2).value();
  const auto seen = accounts.version();

  auto victim = start_victim(folder, "transferring");

  CHECK(accounts.wait_for_change(seen, 30s));
  victim.kill();
  REQUIRE(victim.wait_for(30s));
}

TEST_CASE("containers of all kinds stay whole while their writers are killed") {
  const segment_folder folder;
  auto bank =
      std::optional{commy::segment::create("bank", folder.options()).value()};
  auto all = std::optional{commy::test::mixed::open_or_create(*bank)};
  std::mt19937_64 random{20};
  std::vector<child_process> victims;
  for (int round = 0; round < 12; ++round) {
    while (victims.size() < 3)
      victims.push_back(start_victim(folder, "mixing"));
    // Any of them, at whatever it is doing.
    const auto next = victims.begin() +
                      static_cast<std::ptrdiff_t>(random() % victims.size());
    next->kill();
    REQUIRE(next->wait_for(30s));
    victims.erase(next);

    std::vector<std::pair<int, std::string>> table;
    std::int64_t balance = 0;
    commy::transact(all->table, all->tree, all->queue,
                    [&](commy::transaction& /*open*/) {
                      table = all->table.copy().value();
                      std::ranges::sort(table);
                      CHECK(table == all->tree.copy().value());
                      for (const auto n : all->queue.copy().value())
                        balance += n;
                    })
        .value();
    CHECK(balance == 0);
    CHECK_FALSE(table.empty());
  }
  for (auto& victim : victims) {
    victim.kill();
    REQUIRE(victim.wait_for(30s));
  }
  // Who leaves last settles what they left, and says so.
  all.reset();
  bank.reset();
  const auto report =
      commy::segment::check("bank", commy::fsck_mode::check, folder.options())
          .value();
  CHECK(report.text() == "");
  CHECK(report.lent == 0);
}

TEST_CASE("of several processes that create a segment at once all share one") {
  const segment_folder folder;
  for (int round = 0; round < 3; ++round) {
    static_cast<void>(commy::segment::remove("shop", folder.options()));
    std::vector<child_process> all;
    for (int i = 0; i < 4; ++i)
      all.push_back(start_victim(folder, "creating"));
    for (auto& one : all) {
      const auto status = one.wait_for(30s);
      REQUIRE(status);
      CHECK(status->code == 0);
    }
    const auto shop = commy::segment::open("shop", folder.options()).value();
    CHECK(shop.open<commy::shared_box<std::int64_t>>("count")
              .value()
              .get()
              .value() == 4);
    CHECK(shop.participants().size() == 1);
  }
}
