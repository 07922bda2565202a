#include "module_host.hpp"
#include <commy/host/answerer.hpp>
#include <commy/host/messages/authenticate.hpp>

#include <catch2/catch_test_macros.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

namespace {

namespace fs = std::filesystem;
using namespace commy::tests;
using namespace std::chrono_literals;
using commy::test::test_folder;

std::string line_of(const std::string& path) {
  std::string line;
  std::ifstream file{path};
  std::getline(file, line);
  return line;
}

commy::authentication ask(const commy::runtime& host, const std::string& key) {
  return commy::ask_module(host.actors(),
                           commy::authenticate{.key = key, .origin = "test"},
                           5s)
      .value();
}

/// Sends standard error to a file while it lives.
class captured_log {
public:
  explicit captured_log(const std::string& path) : path_{path} {
    const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0) throw std::runtime_error{"cannot write " + path};
    ::dup2(file, STDERR_FILENO);
    ::close(file);
  }
  ~captured_log() {
    ::dup2(saved_, STDERR_FILENO);
    ::close(saved_);
  }
  [[nodiscard]] std::string text() const {
    std::ostringstream all;
    all << std::ifstream{path_}.rdbuf();
    return all.str();
  }

private:
  std::string path_;
  int saved_ = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
};

}  // namespace

TEST_CASE("the first start makes a key, for its owner alone to read") {
  const test_folder folder;
  auto host = start_host(folder, R"({"auth": {"first_key": "key"}})");
  REQUIRE(host);

  const auto answer = ask(*host, line_of(folder / "key"));

  CHECK(answer.accepted);
  CHECK(answer.who.name == "owner");
  CHECK(commy::allows(answer.who, commy::right::watch, "demo/shop/x"));
  CHECK_FALSE(commy::allows(answer.who, commy::right::write, "demo/shop/x"));
  CHECK_FALSE(commy::allows(answer.who, commy::right::read, "other/shop/x"));
  CHECK((fs::status(folder / "key").permissions() &
         (fs::perms::group_all | fs::perms::others_all)) == fs::perms::none);
}

TEST_CASE("a key that is stored nowhere ends with the host, file and all") {
  const test_folder folder;
  auto host = start_host(folder, R"({"auth": {"first_key": "key"}})");
  REQUIRE(host);

  CHECK(host->stop().late.empty());

  CHECK_FALSE(fs::exists(folder / "key"));
}

TEST_CASE("a stored key still opens after a restart, and no other is made") {
  const test_folder folder;
  const std::string keeping =
      R"({"auth": {"first_key": "key", "store": "keys.json"}})";
  std::string key;
  {
    auto host = start_host(folder, keeping);
    REQUIRE(host);
    key = line_of(folder / "key");
  }
  fs::remove(folder / "key");

  auto host = start_host(folder, keeping);
  REQUIRE(host);

  CHECK(ask(*host, key).accepted);
  CHECK_FALSE(fs::exists(folder / "key"));
}

TEST_CASE("refused keys are logged without the key, and not without end") {
  const test_folder folder;
  std::string foreign;
  {
    auto other = start_host(folder, R"({"auth": {"first_key": "key"}})");
    REQUIRE(other);
    foreign = line_of(folder / "key");
  }
  auto host = start_host(folder, R"({"auth": {"first_key": "key"}})");
  REQUIRE(host);
  const auto own = line_of(folder / "key");
  std::string said;
  {
    const captured_log log{folder / "log"};
    for (int i = 0; i < 500; ++i) {
      REQUIRE_FALSE(ask(*host, foreign).accepted);
    }
    REQUIRE(ask(*host, own).accepted);
    said = log.text();
  }

  const auto id = foreign.substr(3, 8);
  CHECK(said.find("unknown or wrong, id " + id) != std::string::npos);
  CHECK(said.find(foreign.substr(12)) == std::string::npos);
  CHECK(said.find(own.substr(12)) == std::string::npos);
  std::size_t lines = 0;
  for (const char c : said)
    lines += c == '\n' ? 1U : 0U;
  CHECK(lines <= 6);
}

TEST_CASE("without a key, and nowhere to write a new one, nothing starts") {
  const test_folder folder;
  const auto why = refusal(folder, R"({"auth": {}})");
  INFO(why);
  CHECK(why.find("first_key") != std::string::npos);
}

TEST_CASE("a file of keys that others can read stops the start") {
  const test_folder folder;
  std::ofstream{folder / "keys.json"} << R"({"version":1,"keys":[]})";
  fs::permissions(folder / "keys.json", fs::perms::others_read,
                  fs::perm_options::add);

  const auto why = refusal(
      folder, R"({"auth": {"first_key": "key", "store": "keys.json"}})");

  INFO(why);
  CHECK(why.find("chmod 600") != std::string::npos);
}

TEST_CASE("grants that make no sense are refused by what they say") {
  const test_folder folder;
  for (const auto* const grants :
       {R"({"demo/*": "read"})", R"({"demo/*/*": "reed"})",
        R"({"demo/*/*": ""})"}) {
    const auto why =
        refusal(folder, R"({"auth": {"first_key": "key", "grants": )" +
                            std::string{grants} + "}}");
    INFO(why);
    CHECK(why.find("grants") != std::string::npos);
    CHECK(why.find("tenant/service/object") != std::string::npos);
  }
}
