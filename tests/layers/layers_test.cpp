// The rules over the real tree, after each has shown that it can fail.
#include "rules.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

namespace {

using namespace layers;

std::vector<source_file> tree() {
  return read_sources(COMMY_SOURCE_DIR, {"runtime", "modules", "plugins"});
}

std::string listed(const breaches& found) {
  std::string text;
  for (const auto& breach : found)
    text += breach + "\n";
  return text;
}

void require_none(const breaches& found) {
  INFO(listed(found));
  REQUIRE(found.empty());
}

std::vector<source_file> one(const std::string& path, const std::string& text) {
  return {make_source(path, text)};
}

}  // namespace

TEST_CASE("an include that points up is found") {
  const auto found =
      upward_includes(one("runtime/commy/memory/slab.hpp",
                          "#include <commy/base/result.hpp>\n"
                          "#include <commy/memory/block.hpp>\n"
                          "#  include <commy/containers/box.hpp>\n"));

  REQUIRE(found.size() == 1);
  CHECK(found[0] ==
        "runtime/commy/memory/slab.hpp:3: <commy/containers/box.hpp> points "
        "up from memory");
}

TEST_CASE("an area reaches neither the header of all nor a file by quotes") {
  const auto found = upward_includes(one("runtime/commy/host/host.cpp",
                                         "#include <commy/commy.hpp>\n"
                                         "#include \"../actor/ref.hpp\"\n"));

  CHECK(found.size() == 2);
}

TEST_CASE("an area without a place among the layers is found") {
  CHECK(upward_includes(one("runtime/commy/misc/x.hpp", "")).size() == 1);
}

TEST_CASE("a module that includes another is found") {
  const std::vector files{make_source("modules/auth/auth.hpp", ""),
                          make_source("modules/gateway/a.cpp",
                                      "#include \"../auth/auth.hpp\"\n"
                                      "#include <auth/auth.hpp>\n"
                                      "#include \"session.hpp\"\n"
                                      "#include <vector>\n"),
                          make_source("runtime/commy/host/b.cpp",
                                      "#include <modules/auth/auth.hpp>\n")};

  CHECK(module_includes(files).size() == 3);
}

TEST_CASE("a system header or switch outside the platform is found") {
  const std::string text =
      "#include <sys/mman.h>\n"
      "#include <spdlog/spdlog.h>\n"
      "#include <windows.h>\n"
      "# if defined(_WIN32)\n"
      "#ifdef MY__linux__\n"
      "// #ifdef __linux__ in a comment\n";

  CHECK(system_leaks(one("runtime/commy/memory/a.cpp", text)).size() == 3);
  CHECK(system_leaks(one("runtime/commy/platform/a.cpp", text)).empty());
}

TEST_CASE("a header that brings a heavy library is found, a source may") {
  const std::string text = "#include <nlohmann/json.hpp>\n";

  CHECK(heavy_headers(one("runtime/commy/host/a.hpp", text)).size() == 1);
  CHECK(heavy_headers(one("runtime/commy/host/a.cpp", text)).empty());
}

TEST_CASE("a header that opens without its summary or guard is found") {
  const std::string path = "runtime/commy/base/a.hpp";

  CHECK(header_openings(one(path,
                            "// commy/base/a.hpp: a thing.\n"
                            "// More about it.\n\n#pragma once\n"))
            .empty());
  CHECK(header_openings(one(path, "#pragma once\n")).size() == 1);
  CHECK(header_openings(one(path,
                            "// commy/base/a.hpp: a thing.\n"
                            "#include <vector>\n#pragma once\n"))
            .size() == 1);
}

TEST_CASE("a header for C opens in the manner of C") {
  const std::string path = "runtime/commy/host/a.h";

  CHECK(header_openings(one(path,
                            "/* commy/host/a.h: a thing. */\n"
                            "#ifndef COMMY_HOST_A_H\n"))
            .empty());
  CHECK(header_openings(one(path, "#ifndef COMMY_HOST_A_H\n")).size() == 1);
}

TEST_CASE("the walk finds the tree") {
  const auto files = tree();

  REQUIRE_FALSE(files.empty());
  CHECK(files.front().path.find("node_modules") == std::string::npos);
}

TEST_CASE("includes point only down the layers") {
  require_none(upward_includes(tree()));
}

TEST_CASE("modules know the runtime and never each other") {
  require_none(module_includes(tree()));
}

TEST_CASE("only the platform names an operating system") {
  require_none(system_leaks(tree()));
}

TEST_CASE("public headers bring no heavy library") {
  require_none(heavy_headers(tree()));
}

TEST_CASE("every header opens with its name, its summary and its guard") {
  require_none(header_openings(tree()));
}
