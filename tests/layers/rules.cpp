#include "rules.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <regex>
#include <string_view>

namespace layers {
namespace {

using namespace std::string_view_literals;

// From the lowest to the highest; an include points to the left or stays.
constexpr std::array areas{"base"sv,       "platform"sv, "memory"sv,
                           "containers"sv, "message"sv,  "actor"sv,
                           "host"sv,       "test"sv};

// Headers in C's style that belong to no operating system: those of C itself,
// of the compilers' intrinsics, and of the libraries we build on.
constexpr std::array portable_c_headers{
    "stddef.h"sv, "stdint.h"sv,    "stdbool.h"sv,  "immintrin.h"sv,
    "sodium.h"sv, "nmmintrin.h"sv, "arm_acle.h"sv, "sqlite3.h"sv,
    "openssl/"sv, "spdlog/"sv,     "fmt/"sv,       "commy/"sv,
    "catch2/"sv,  "benchmark/"sv,  "gsl/"sv,       "concurrentqueue.h"sv,
};

constexpr std::array system_macros{
    "_WIN32"sv,      "_WIN64"sv,      "__linux__"sv,
    "__linux"sv,     "__unix__"sv,    "__APPLE__"sv,
    "__MINGW32__"sv, "__MINGW64__"sv, "__FreeBSD__"sv,
};

constexpr std::array heavy_libraries{
    "boost/beast"sv, "boost/asio"sv, "boost/json"sv, "nlohmann/"sv,
    "spdlog/"sv,     "fmt/"sv,       "iostream"sv,   "sqlite3.h"sv,
    "openssl/"sv,    "sodium.h"sv,   "CLI/"sv,
};

std::string at(const source_file& file, std::size_t line,
               const std::string& what) {
  return file.path + ":" + std::to_string(line) + ": " + what;
}

/// "b" of "a/b/c" after the prefix "a/"; empty when there is no such folder.
std::string_view folder_after(std::string_view path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return {};
  path.remove_prefix(prefix.size());
  const auto slash = path.find('/');
  return slash == path.npos ? std::string_view{} : path.substr(0, slash);
}

std::optional<std::size_t> layer_of(std::string_view area) {
  const auto found = std::ranges::find(areas, area);
  if (found == areas.end()) return std::nullopt;
  return static_cast<std::size_t>(found - areas.begin());
}

template <std::size_t N>
bool starts_with_any(std::string_view text,
                     const std::array<std::string_view, N>& prefixes) {
  return std::ranges::any_of(
      prefixes, [&](std::string_view p) { return text.starts_with(p); });
}

bool is_word_at(std::string_view line, std::size_t begin, std::size_t size) {
  const auto is_part = [&](std::size_t i) {
    return i < line.size() &&
           (line[i] == '_' || (line[i] >= 'a' && line[i] <= 'z') ||
            (line[i] >= 'A' && line[i] <= 'Z') ||
            (line[i] >= '0' && line[i] <= '9'));
  };
  return (begin == 0 || !is_part(begin - 1)) && !is_part(begin + size);
}

bool names_word(std::string_view line, std::string_view word) {
  for (auto i = line.find(word); i != line.npos; i = line.find(word, i + 1)) {
    if (is_word_at(line, i, word.size())) return true;
  }
  return false;
}

}  // namespace

breaches upward_includes(const std::vector<source_file>& files) {
  breaches found;
  for (const auto& file : files) {
    const auto area = folder_after(file.path, "runtime/commy/");
    if (area.empty()) continue;  // The header of headers sees every area.
    const auto own = layer_of(area);
    if (!own) {
      found.push_back(at(file, 1,
                         "the area '" + std::string(area) +
                             "' has no place among the layers"));
      continue;
    }
    for (const auto& include : includes_of(file)) {
      if (include.quoted) {
        found.push_back(
            at(file, include.number,
               "write <commy/area/file> instead of \"" + include.path + "\""));
        continue;
      }
      if (!include.path.starts_with("commy/")) continue;
      const auto other = layer_of(folder_after(include.path, "commy/"));
      if (!other || *other > *own) {
        found.push_back(
            at(file, include.number,
               "<" + include.path + "> points up from " + std::string(area)));
      }
    }
  }
  return found;
}

breaches module_includes(const std::vector<source_file>& files) {
  std::vector<std::string> modules;
  for (const auto& file : files) {
    const auto name = folder_after(file.path, "modules/");
    if (!name.empty()) modules.emplace_back(name);
  }
  const auto is_module = [&](std::string_view name) {
    return std::ranges::find(modules, name) != modules.end();
  };

  breaches found;
  for (const auto& file : files) {
    const auto own = folder_after(file.path, "modules/");
    const bool runtime = file.path.starts_with("runtime/");
    if (own.empty() && !runtime) continue;
    for (const auto& include : includes_of(file)) {
      // Where the path leads: beside the file, from the root, or from modules/.
      const auto folder = std::filesystem::path(file.path).parent_path();
      const std::string beside =
          include.quoted ? (folder / include.path).lexically_normal().string()
                         : std::string();
      auto other = folder_after(beside, "modules/");
      if (other.empty()) other = folder_after(include.path, "modules/");
      if (other.empty()) other = folder_after(include.path, "commy/modules/");
      if (other.empty() && is_module(folder_after(include.path, ""))) {
        other = folder_after(include.path, "");
      }
      if (!other.empty() && other != own) {
        found.push_back(at(file, include.number,
                           "'" + include.path + "' belongs to the module " +
                               std::string(other) +
                               "; modules meet in messages only"));
      }
    }
  }
  return found;
}

breaches system_leaks(const std::vector<source_file>& files) {
  breaches found;
  for (const auto& file : files) {
    if (file.path.starts_with("runtime/commy/platform/")) continue;
    for (const auto& include : includes_of(file)) {
      if (include.quoted || !include.path.ends_with(".h") ||
          starts_with_any(include.path, portable_c_headers)) {
        continue;
      }
      found.push_back(at(file, include.number,
                         "<" + include.path +
                             "> belongs to a system; only "
                             "runtime/commy/platform may name it"));
    }
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const std::string_view line = file.lines[i];
      const auto begin = line.find_first_not_of(" \t");
      if (begin == line.npos || line[begin] != '#') continue;
      if (line.find("if", begin) == line.npos) continue;
      for (const auto macro : system_macros) {
        if (!names_word(line, macro)) continue;
        found.push_back(at(file, i + 1,
                           "a switch on " + std::string(macro) +
                               " outside runtime/commy/platform"));
      }
    }
  }
  return found;
}

breaches heavy_headers(const std::vector<source_file>& files) {
  breaches found;
  for (const auto& file : files) {
    if (!file.path.starts_with("runtime/") || !is_header(file)) continue;
    for (const auto& include : includes_of(file)) {
      if (starts_with_any(include.path, heavy_libraries)) {
        found.push_back(
            at(file, include.number,
               "<" + include.path + "> is for sources, not for headers"));
      }
    }
  }
  return found;
}

breaches header_openings(const std::vector<source_file>& files) {
  breaches found;
  for (const auto& file : files) {
    if (!is_header(file)) continue;
    // A header that C reads may have C's comments and guard.
    const bool for_c = file.path.ends_with(".h");
    std::string_view name = file.path;
    if (name.starts_with("runtime/")) name.remove_prefix("runtime/"sv.size());
    const auto wanted = std::string(name) + ": ";
    const std::string_view first =
        file.lines.empty() ? std::string_view{} : file.lines[0];
    const bool comment =
        first.starts_with("// ") || (for_c && first.starts_with("/* "));
    if (!comment || !first.substr(3).starts_with(wanted) ||
        first.size() == 3 + wanted.size()) {
      found.push_back(
          at(file, 1,
             "the first line should be '// " + wanted + "' and a summary"));
    }
    const auto directive = std::ranges::find_if(
        file.lines, [](const auto& line) { return line.starts_with("#"); });
    const bool guarded = directive != file.lines.end() &&
                         (*directive == "#pragma once" ||
                          (for_c && directive->starts_with("#ifndef ")));
    if (!guarded) {
      found.push_back(
          at(file, 1, "#pragma once should follow the opening comment"));
    }
  }
  return found;
}

breaches thread_assertions(const std::vector<source_file>& files) {
  // `thread name{[&] {` or `threads.emplace_back([&] {`, on one line or two.
  const std::regex begins{
      R"((thread \w+\{|threads?\.emplace_back\()\s*\[[^\]]*\][^{};]*\{)"};
  const std::regex asserts{R"(\b(CHECK|REQUIRE|FAIL)[A-Z_]*\()"};
  breaches found;
  for (const auto& file : files) {
    std::string text;
    for (const auto& line : file.lines)
      text += line + '\n';
    for (std::sregex_iterator next{text.begin(), text.end(), begins}, end;
         next != end; ++next) {
      const auto open = static_cast<std::size_t>(next->position()) +
                        static_cast<std::size_t>(next->length());
      auto close = open;
      for (int depth = 1; depth > 0 && close < text.size(); ++close)
        depth += text[close] == '{' ? 1 : text[close] == '}' ? -1 : 0;
      const auto body = text.substr(open, close - open);
      if (!std::regex_search(body, asserts)) continue;
      const auto line = std::count(
          text.begin(), text.begin() + static_cast<std::ptrdiff_t>(open), '\n');
      found.push_back(at(file, static_cast<std::size_t>(line) + 1,
                         "a thread of its own asserts; it should set a "
                         "variable that the test checks behind join()"));
    }
  }
  return found;
}

}  // namespace layers
