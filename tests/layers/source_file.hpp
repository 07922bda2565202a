// tests/layers/source_file.hpp: a source file's text, cut into lines.
#pragma once

#include <string>
#include <vector>

namespace layers {

struct source_file {
  std::string path;  // From the root of the tree, with forward slashes.
  std::vector<std::string> lines;
};

struct include_line {
  std::size_t number = 0;  // Of the line, from 1.
  std::string path;        // What stands between the quotes or brackets.
  bool quoted = false;
};

/// Cuts `text` into the lines of a file named `path`.
[[nodiscard]] source_file make_source(std::string path,
                                      const std::string& text);

/// Reads the C and C++ sources below `folders` of the tree at `root`. Folders
/// that are absent are skipped; npm's packages are not ours and are too.
[[nodiscard]] std::vector<source_file> read_sources(
    const std::string& root, const std::vector<std::string>& folders);

[[nodiscard]] std::vector<include_line> includes_of(const source_file& file);

[[nodiscard]] bool is_header(const source_file& file);

}  // namespace layers
