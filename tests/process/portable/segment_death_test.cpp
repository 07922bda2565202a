#include <commy/containers/shared_hash_map.hpp>
#include <commy/memory/segment.hpp>
#include <commy/platform/process.hpp>

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <string>

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
