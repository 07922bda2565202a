#include "scratch_folder.hpp"
#include <commy/host/plugin_loader.hpp>

#include <catch2/catch_test_macros.hpp>

#include <fstream>
#include <iterator>
#include <string>

using commy::plugin_error;
using commy::host::load_plugin;

namespace {
const std::string plugins = COMMY_TEST_PLUGINS;
}

TEST_CASE("a plugin is loaded and says what it is") {
  const auto table = load_plugin(plugins + "/good.so", "test_good");
  REQUIRE(table);
  CHECK(table->version == "1.2.3");
  CHECK(table->summary == "Answers numbers");
  REQUIRE(table->types.size() == 1);
  CHECK(table->types[0].name == "test.echo");
  CHECK(table->types[0].messages.size() == 2);
}

TEST_CASE("each way a library can be no plugin for us has its own message") {
  const auto error = [](const std::string& path, const std::string& id) {
    const auto table = load_plugin(path, id);
    REQUIRE_FALSE(table);
    return table.error();
  };
  const auto missing = error(plugins + "/none.so", "none");
  CHECK(missing == plugin_error::not_found);
  CHECK(missing.message().find("none.so") != std::string::npos);

  const auto abi = error(plugins + "/other_abi.so", "other");
  CHECK(abi == plugin_error::other_abi);
  CHECK(abi.message().find("wanted version 1.0 to 1.0, found 2.3") !=
        std::string::npos);

  const auto entry = error(plugins + "/no_entry.so", "no_entry");
  CHECK(entry == plugin_error::no_entry);

  const auto id = error(plugins + "/good.so", "better");
  CHECK(id == plugin_error::other_id);
  CHECK(id.message().find("good.so: wanted \"better\", found \"test_good\"") !=
        std::string::npos);
}

TEST_CASE("a file that is no library for this machine runs none of its code") {
  const scratch_folder folder;
  const auto text = folder / "text.so";
  std::ofstream{text} << "not a library";
  const auto no_library = load_plugin(text, "text");
  REQUIRE_FALSE(no_library);
  CHECK(no_library.error() == plugin_error::not_loadable);

  std::ifstream good{plugins + "/good.so", std::ios::binary};
  std::string bytes{std::istreambuf_iterator<char>{good}, {}};
  // The machine's number in the ELF header; 243 is RISC-V.
  bytes[18] = static_cast<char>(243);
  bytes[19] = 0;
  const auto foreign = folder / "foreign.so";
  std::ofstream{foreign, std::ios::binary} << bytes;
  const auto wrong_machine = load_plugin(foreign, "test_good");
  REQUIRE_FALSE(wrong_machine);
  CHECK(wrong_machine.error() == plugin_error::not_loadable);
  CHECK(wrong_machine.error().message().find(foreign) != std::string::npos);
}
