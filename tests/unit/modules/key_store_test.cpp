#include "modules/auth/key_store.hpp"

#include "modules/auth/api_key.hpp"
#include <commy/platform/liveness.hpp>

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace {

namespace fs = std::filesystem;
using commy::principal;
using commy::right;
using commy::auth::api_key;
using commy::auth::key_store;
using commy::auth::parse_rights;
using commy::auth::store_error;

/// A folder that goes with the test.
struct scratch {
  fs::path path =
      fs::temp_directory_path() /
      ("commy-keys-" + std::to_string(commy::platform::random_u64()));
  scratch() { fs::create_directories(path); }
  ~scratch() { fs::remove_all(path); }
  [[nodiscard]] std::string file() const {
    return (path / "keys.json").string();
  }
};

principal reader() {
  return {.name = "reader",
          .grants = {{*parse_rights("read watch"), "demo/*/*"}}};
}

std::string content_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream{path}.rdbuf();
  return text.str();
}

void write(const std::string& path, const std::string& text,
           fs::perms mode = fs::perms::owner_read | fs::perms::owner_write) {
  std::ofstream{path} << text;
  fs::permissions(path, mode);
}

}  // namespace

TEST_CASE("a key finds its owner again after the store was saved and loaded") {
  const scratch folder;
  key_store made;
  const auto key = made.add(reader());
  REQUIRE(made.save(folder.file()));

  const auto loaded = key_store::load(folder.file());

  REQUIRE(loaded);
  const auto* who = loaded->find(key);
  REQUIRE(who != nullptr);
  CHECK(who->name == "reader");
  CHECK(commy::allows(*who, right::watch, "demo/pulse/now"));
  CHECK_FALSE(commy::allows(*who, right::write, "demo/pulse/now"));
}

TEST_CASE("the file holds no key, and is its owner's alone") {
  const scratch folder;
  key_store made;
  const auto key = made.add(reader());
  REQUIRE(made.save(folder.file()));

  // Not from the last `_` on: that may be one of the secret's own characters.
  const auto secret = key.substr(key.size() - api_key::secret_chars);
  CHECK(content_of(folder.file()).find(secret) == std::string::npos);
  CHECK((fs::status(folder.file()).permissions() &
         (fs::perms::group_all | fs::perms::others_all)) == fs::perms::none);
}

TEST_CASE("a file of keys that others may read is refused") {
  const scratch folder;
  key_store made;
  made.add(reader());
  REQUIRE(made.save(folder.file()));
  fs::permissions(folder.file(), fs::perms::group_read, fs::perm_options::add);

  const auto loaded = key_store::load(folder.file());

  REQUIRE_FALSE(loaded);
  CHECK(loaded.error() == store_error::exposed);
  CHECK(loaded.error().message().find("chmod 600") != std::string::npos);
}

TEST_CASE("an absent file of keys is told from one that is flawed") {
  const scratch folder;
  CHECK(key_store::load(folder.file()).error() == store_error::not_found);

  const std::string id = R"({"version":1,"keys":[{"id":"23456789",)";
  const std::string hash = R"("hash":")" + std::string(64, 'a') + "\",";
  const std::string who = R"("principal":"x",)";
  for (const auto& text : {
           std::string{},
           std::string{"[]"},
           std::string{"{\"version\":2}"},
           std::string{"{\"version\":1}"},
           std::string{R"({"version":1,"keys":{}})"},
           std::string{R"({"version":1,"keys":[3]})"},
           id + "}]}",
           id + R"("hash":"zz",)" + who + R"("grants":[]}]})",
           id + hash + who + R"("grants":[{"on":"demo","rights":"read"}]}]})",
           id + hash + who + R"("grants":[{"on":"a/*/*","rights":"fly"}]}]})",
       }) {
    fs::remove(folder.file());
    write(folder.file(), text);
    const auto loaded = key_store::load(folder.file());
    INFO(text);
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error() == store_error::flawed);
  }
}

TEST_CASE("an id that stands twice in the file is refused") {
  const scratch folder;
  key_store made;
  made.add(reader());
  REQUIRE(made.save(folder.file()));
  auto text = content_of(folder.file());
  const auto begin = text.find('{', text.find('['));
  const auto end = text.rfind(']');
  const auto entry = text.substr(begin, end - begin);
  write(folder.file(), text.insert(end, "," + entry));

  CHECK(key_store::load(folder.file()).error() == store_error::flawed);
}

TEST_CASE("a wrong secret and an unknown id find nobody") {
  key_store store;
  const auto key = store.add(reader());
  key_store other;
  const auto stranger = other.add(reader());

  auto forged = commy::auth::api_key::parse(stranger);
  forged->id = commy::auth::api_key::parse(key)->id;

  CHECK(store.find(key) != nullptr);
  CHECK(store.find(stranger) == nullptr);
  CHECK(store.find(forged->text()) == nullptr);
  CHECK(store.find("") == nullptr);
  CHECK(store.find("ck_nonsense") == nullptr);
}

TEST_CASE("an unknown id takes as long as a wrong secret") {
  key_store store;
  const auto key = store.add(reader());
  key_store other;
  const auto unknown = other.add(reader());
  auto forged = *commy::auth::api_key::parse(unknown);
  forged.id = commy::auth::api_key::parse(key)->id;
  const auto wrong = forged.text();

  // The fastest of many rounds of each, taken in turns: what the two do, not
  // what else the machine does. An early return would be ten times faster.
  const auto time = [&](const std::string& text) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 50; ++i) {
      if (store.find(text) != nullptr) FAIL("a wrong key was accepted");
    }
    return std::chrono::steady_clock::now() - begin;
  };
  auto fast_unknown = std::chrono::steady_clock::duration::max();
  auto fast_wrong = fast_unknown;
  for (int round = 0; round < 400; ++round) {
    fast_unknown = std::min(fast_unknown, time(unknown));
    fast_wrong = std::min(fast_wrong, time(wrong));
  }
  const auto ratio = static_cast<double>(fast_unknown.count()) /
                     static_cast<double>(fast_wrong.count());
  INFO("unknown / wrong = " << ratio);
  CHECK(ratio > 0.8);
  CHECK(ratio < 1.25);
}

TEST_CASE("rights are words, and an unknown word is none") {
  CHECK(parse_rights("read") == std::uint8_t{1U << 1U});
  CHECK(parse_rights(" watch  read ") == parse_rights("read watch"));
  CHECK(parse_rights("create read write delete watch tell admin") ==
        std::uint8_t{0x7f});
  CHECK_FALSE(parse_rights(""));
  CHECK_FALSE(parse_rights("read,watch"));
  CHECK_FALSE(parse_rights("reads"));
}

TEST_CASE("a pattern has three parts") {
  CHECK(commy::auth::is_pattern("demo/*/*"));
  CHECK(commy::auth::is_pattern("a/b/c"));
  for (const auto* wrong :
       {"", "demo", "demo/*", "demo/*/", "/a/b", "a//b", "a/b/c/d"}) {
    CHECK_FALSE(commy::auth::is_pattern(wrong));
  }
}
