// tests/layers/rules.hpp: what may include what; each rule lists breaches.
#pragma once

#include "source_file.hpp"

#include <string>
#include <vector>

namespace layers {

/// Sentences of the form "path:line: what is wrong".
using breaches = std::vector<std::string>;

/// Includes between the areas of runtime/ that point up the layers, and those
/// that are not written <commy/area/file>.
[[nodiscard]] breaches upward_includes(const std::vector<source_file>& files);

/// Includes of one module's files by another, or of a module by runtime/.
[[nodiscard]] breaches module_includes(const std::vector<source_file>& files);

/// Headers of an operating system, and `#if`s that ask for one, outside
/// runtime/commy/platform.
[[nodiscard]] breaches system_leaks(const std::vector<source_file>& files);

/// Headers below runtime/ that include a library which costs its users
/// seconds per file, or which they should never meet.
[[nodiscard]] breaches heavy_headers(const std::vector<source_file>& files);

/// Headers without `// name: summary` in the first line, or whose first
/// directive is not `#pragma once`. Those for C may have C's comment and guard.
[[nodiscard]] breaches header_openings(const std::vector<source_file>& files);

/// Catch2's assertions in lambdas that run as named threads, so beside those of
/// the test's own thread: Catch2 is not made for that, and ends the program now
/// and then. Threads say what they found in variables, checked behind `join`.
[[nodiscard]] breaches thread_assertions(const std::vector<source_file>& files);

}  // namespace layers
