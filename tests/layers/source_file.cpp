#include "source_file.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace layers {
namespace {

namespace fs = std::filesystem;

bool is_source(const fs::path& path) {
  const auto extension = path.extension();
  return extension == ".hpp" || extension == ".cpp" || extension == ".h" ||
         extension == ".c";
}

}  // namespace

source_file make_source(std::string path, const std::string& text) {
  source_file file{std::move(path), {}};
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    file.lines.push_back(std::move(line));
  }
  return file;
}

std::vector<source_file> read_sources(const std::string& root,
                                      const std::vector<std::string>& folders) {
  std::vector<source_file> files;
  for (const auto& folder : folders) {
    if (!fs::exists(fs::path(root) / folder)) continue;
    fs::recursive_directory_iterator walk(fs::path(root) / folder);
    for (auto entry = begin(walk); entry != end(walk); ++entry) {
      if (entry->path().filename() == "node_modules") {
        entry.disable_recursion_pending();
      }
      if (!entry->is_regular_file() || !is_source(entry->path())) continue;
      std::ifstream in(entry->path());
      std::ostringstream text;
      text << in.rdbuf();
      files.push_back(make_source(
          fs::relative(entry->path(), root).generic_string(), text.str()));
    }
  }
  std::ranges::sort(files, {}, &source_file::path);
  return files;
}

std::vector<include_line> includes_of(const source_file& file) {
  std::vector<include_line> found;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    const std::string& line = file.lines[i];
    auto at = line.find_first_not_of(" \t");
    if (at == std::string::npos || line[at] != '#') continue;
    at = line.find_first_not_of(" \t", at + 1);
    if (at == std::string::npos || line.compare(at, 7, "include") != 0) {
      continue;
    }
    const auto open = line.find_first_of("<\"", at);
    if (open == std::string::npos) continue;
    const bool quoted = line[open] == '"';
    const auto close = line.find(quoted ? '"' : '>', open + 1);
    if (close == std::string::npos) continue;
    found.push_back({i + 1, line.substr(open + 1, close - open - 1), quoted});
  }
  return found;
}

bool is_header(const source_file& file) {
  return file.path.ends_with(".hpp") || file.path.ends_with(".h");
}

}  // namespace layers
