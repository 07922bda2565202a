// The rules over the real tree, after each has shown that it can fail.
#include "rules.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
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

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in{path};
  return {std::istreambuf_iterator<char>{in}, {}};
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

TEST_CASE("an assertion in a thread of its own is found") {
  const std::string path = "tests/unit/base/a_test.cpp";

  CHECK(thread_assertions(
            one(path, "std::thread other{[&] { CHECK(f({1})); }};\n"))
            .size() == 1);
  CHECK(thread_assertions(one(path,
                              "threads.emplace_back(\n"
                              "    [&, i] {\n  g();\n  REQUIRE_FALSE(f());\n"
                              "});\n"))
            .size() == 1);
  // Behind the thread, and in one that is waited for at once.
  CHECK(thread_assertions(one(path,
                              "std::thread other{[&] { good = f(); }};\n"
                              "other.join();\nCHECK(good);\n"))
            .empty());
  CHECK(
      thread_assertions(one(path, "std::thread{[&] { CHECK(f()); }}.join();\n"))
          .empty());
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

TEST_CASE("only the thread of a test asserts") {
  // The sentences above are no code, so all tests but these.
  require_none(thread_assertions(read_sources(
      COMMY_SOURCE_DIR, {"tests/unit", "tests/process", "tests/samples",
                         "tests/crash", "tests/stress", "tests/support"})));
}

TEST_CASE("every test that the table of pitfalls names is there") {
  const std::string root = COMMY_SOURCE_DIR;
  std::string tests;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator{root + "/tests"}) {
    if (entry.path().extension() == ".cpp") tests += text_of(entry.path());
  }
  const auto table = text_of(root + "/runtime/commy/memory/PITFALLS.md");
  std::size_t named = 0;
  std::istringstream lines{table};
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| ")) continue;
    for (auto at = line.find('"'); at != std::string::npos;
         at = line.find('"', at)) {
      const auto end = line.find('"', at + 1);
      REQUIRE(end != std::string::npos);
      const auto name = line.substr(at, end - at + 1);
      CAPTURE(name);
      CHECK(tests.find("TEST_CASE(" + name) != std::string::npos);
      ++named;
      at = end + 1;
    }
  }
  CHECK(named > 60);
}

TEST_CASE("actors wait only by what the interleaving tests know") {
  const std::regex unknown{
      R"(std::(mutex|condition_variable|thread|this_thread)\b|steady_clock::now)"};
  std::string found;
  for (const auto& file : tree()) {
    if (!file.path.starts_with("runtime/commy/actor/")) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      if (std::regex_search(file.lines[i], unknown)) {
        found += file.path + ':' + std::to_string(i + 1) + '\n';
      }
    }
  }
  INFO("use commy/base/blocking.hpp:\n" << found);
  CHECK(found.empty());
}

TEST_CASE("each line of the actors' semantics is the name of a test") {
  const std::string root = COMMY_SOURCE_DIR;
  std::string tests;
  for (const std::string folder :
       {"/tests/unit/actor", "/tests/process/actors"}) {
    for (const auto& entry :
         std::filesystem::directory_iterator{root + folder}) {
      if (entry.path().extension() == ".cpp") tests += text_of(entry.path());
    }
  }
  std::size_t sentences = 0;
  std::istringstream lines{text_of(root + "/docs/semantics.md")};
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("- ")) continue;
    CAPTURE(line);
    REQUIRE((line.size() > 3 && line.back() == '.'));
    auto name = line.substr(2, line.size() - 3);
    name.front() = static_cast<char>(
        std::tolower(static_cast<unsigned char>(name.front())));
    CHECK(tests.find('"' + name + '"') != std::string::npos);
    ++sentences;
  }
  CHECK(sentences > 30);
}

TEST_CASE("every changing operation has a scenario of the crash explorer") {
  const std::string root = COMMY_SOURCE_DIR;
  std::string scenarios;
  for (const auto& entry :
       std::filesystem::directory_iterator{root + "/tests/crash"}) {
    if (entry.path().extension() == ".cpp") scenarios += text_of(entry.path());
  }
  // Header -> the operations that the table names for it.
  std::map<std::string, std::set<std::string>> covered;
  std::istringstream lines{text_of(root + "/runtime/commy/memory/COVERAGE.md")};
  const std::regex row{R"(^\| (\w+) \| ([\w, ]+) \| (.+) \|$)"};
  const std::regex quoted{"\"[^\"]+\""};
  const std::regex name{R"(\w+)"};
  for (std::string line; std::getline(lines, line);) {
    std::smatch parts;
    if (!std::regex_match(line, parts, row)) continue;
    const auto operations = parts[2].str();
    for (std::sregex_iterator at{operations.begin(), operations.end(), name};
         at != std::sregex_iterator{}; ++at) {
      covered[parts[1]].insert(at->str());
    }
    const auto named = parts[3].str();
    for (std::sregex_iterator at{named.begin(), named.end(), quoted};
         at != std::sregex_iterator{}; ++at) {
      CAPTURE(at->str());
      CHECK(scenarios.find(at->str()) != std::string::npos);
    }
  }
  CHECK(covered.size() > 8);
  const std::regex operation{R"(write_error>\s+(\w+)\()"};
  std::size_t found = 0;
  for (const auto& entry : std::filesystem::directory_iterator{
           root + "/runtime/commy/containers"}) {
    const auto header = entry.path().stem().string();
    // Free functions, and what only reads, change nothing by themselves.
    if (!covered.contains(header) && !header.starts_with("shared_")) continue;
    const auto text = text_of(entry.path());
    for (std::sregex_iterator at{text.begin(), text.end(), operation};
         at != std::sregex_iterator{}; ++at) {
      CAPTURE(header, (*at)[1].str());
      CHECK(covered[header].contains((*at)[1]));
      ++found;
    }
  }
  CHECK(found > 60);
}
