#include <commy/host/plugin_table.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstring>
#include <functional>
#include <string>

using commy::plugin_error;

namespace {

commy_text text(const char* words) { return {words, std::strlen(words)}; }

// A sound table, whose every part a test can spoil.
struct sample_table {
  commy_message message{};
  const commy_message* messages[1] = {&message};
  commy_actor_type type{};
  const commy_actor_type* types[1] = {&type};
  commy_option what{};
  const commy_option* options[1] = {&what};
  commy_plugin_table table{};

  sample_table() {
    message = {sizeof(message), 16, 0, text("m {} 16")};
    message.id = commy_message_id(message.layout);
    type.size = sizeof(type);
    type.name = text("a.type");
    type.messages = messages;
    type.message_count = 1;
    type.create = [](void*, commy_text, void**, commy_error*) {
      return commy_status{COMMY_OK};
    };
    type.destroy = [](void*) {};
    type.handle = [](void*, std::uint64_t, const void*, std::uint64_t,
                     commy_error*) { return commy_status{COMMY_OK}; };
    what.size = sizeof(what);
    what.kind = COMMY_OPTION_DURATION;
    what.name = text("period");
    what.standard = text("50ms");
    table.size = sizeof(table);
    table.abi_major = COMMY_PLUGIN_ABI_MAJOR;
    table.abi_minor = COMMY_PLUGIN_ABI_MINOR;
    table.id = text("acme");
    table.version = text("1.0");
    table.options = options;
    table.option_count = 1;
    table.actor_types = types;
    table.actor_type_count = 1;
    table.start = [](const commy_host*, void**, commy_error*) {
      return commy_status{COMMY_OK};
    };
    table.stop = [](void*, std::uint64_t, commy_error*) {
      return commy_status{COMMY_OK};
    };
  }

  std::string message_of() const {
    const auto read = commy::host::read_plugin_table(&table, "acme");
    return read ? "good" : read.error().message();
  }
};

}  // namespace

TEST_CASE("a sound table of a plugin is read") {
  const sample_table sample;
  const auto read = commy::host::read_plugin_table(&sample.table, "acme");
  REQUIRE(read);
  CHECK(read->id == "acme");
  CHECK(read->version == "1.0");
  REQUIRE(read->options.size() == 1);
  CHECK(read->options[0].kind == commy::option_kind::duration);
  CHECK(read->options[0].standard == "50ms");
  REQUIRE(read->types.size() == 1);
  CHECK(read->types[0].messages[0].bytes == 16);
}

TEST_CASE("a plugin may lack what later versions of the table have added") {
  sample_table sample;
  // `extension` is the last member, and no plugin needs it.
  sample.table.size = offsetof(commy_plugin_table, extension);
  CHECK(sample.message_of() == "good");
  sample.table.size = sizeof(commy_plugin_table) + 64;
  CHECK(sample.message_of() == "good");
}

TEST_CASE("a plugin for another version of the interface is refused") {
  sample_table sample;
  sample.table.abi_major = 2;
  CHECK(sample.message_of() ==
        "acme: wanted version 1.0 to 1.0, found 2.0: the plugin is built for "
        "another version of the plugin interface; rebuild it, or use a host "
        "that fits");
  sample.table.abi_major = 1;
  sample.table.abi_minor = 7;
  CHECK(sample.message_of().find("found 1.7") != std::string::npos);
}

TEST_CASE("another plugin than the manifest says is refused") {
  sample_table sample;
  sample.table.id = text("evil");
  CHECK(sample.message_of() ==
        "wanted \"acme\", found \"evil\": the library is another plugin than "
        "the manifest says; correct its id or path");
}

TEST_CASE("a plugin without a table is refused") {
  const auto read = commy::host::read_plugin_table(nullptr, "acme");
  REQUIRE_FALSE(read);
  CHECK(read.error() == plugin_error::no_table);
}

TEST_CASE("a table that breaks the contract is refused with what is wrong") {
  struct spoilt {
    const char* flaw;
    std::function<void(sample_table&)> spoil;
  };
  const spoilt tables[] = {
      {"its table is too short", [](auto& s) { s.table.size = 40; }},
      {"its id, version or summary is no text",
       [](auto& s) { s.table.version = {nullptr, 3}; }},
      {"it has no start or no stop", [](auto& s) { s.table.stop = nullptr; }},
      {"it has no options or more than 64",
       [](auto& s) { s.table.option_count = 65; }},
      {"an option is missing or too short",
       [](auto& s) { s.options[0] = nullptr; }},
      {"the option \"period\" has an unknown kind",
       [](auto& s) { s.what.kind = 99; }},
      {"the option \"period\" has a default that cannot be read",
       [](auto& s) { s.what.standard = text("soon"); }},
      {"a type of actors is missing, too short or without name",
       [](auto& s) { s.type.size = 8; }},
      {"the type \"a.type\" lacks a function",
       [](auto& s) { s.type.destroy = nullptr; }},
      {"the type \"a.type\" has no messages or more than 256",
       [](auto& s) { s.type.message_count = 0; }},
      {"the type \"a.type\" has a message that is missing, empty or too long",
       [](auto& s) { s.message.bytes = 65'537; }},
      {"the type \"a.type\" has a message whose id does not belong to its "
       "layout \"m {} 16\"",
       [](auto& s) { ++s.message.id; }},
  };
  for (const auto& [flaw, spoil] : tables) {
    CAPTURE(flaw);
    sample_table sample;
    spoil(sample);
    CHECK(sample.message_of() ==
          std::string{"acme: "} + flaw +
              ": what the plugin says of itself breaks the plugin interface; "
              "its author has to correct it");
  }
}
