// commy/host/manifest_problem.hpp: what is wrong with a manifest, and where.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace commy {

enum class manifest_flaw : std::uint8_t {
  not_json,        // Not JSON; the text says what was expected.
  too_deep,        // Nested more than 32 deep.
  too_many,        // More entries than the bound of that place.
  duplicate_key,   // The same key twice in one object.
  unknown_key,     // Nobody reads that key.
  missing_key,     // A key without which nothing works.
  wrong_type,      // A text where a number belongs, and the like.
  bad_value,       // No duration, no size, no name, not one of the choices.
  out_of_range,    // Below the minimum or above the maximum.
  unset_variable,  // ${NAME} of a variable that is not set.
  bad_variable,    // A dollar sign that begins nothing known.
  unknown_module,  // No module of that name in this program.
  missing_module,  // A module that another one needs.
  module_cycle,    // Modules that need each other in a circle.
};
std::string_view describe(manifest_flaw flaw) noexcept;

/// One thing wrong in a manifest.
struct manifest_problem {
  manifest_flaw code{};
  /// Where the manifest came from, usually a path.
  std::string file;
  /// Both begin at one; zero when no place in the file is to blame.
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  /// The keys that lead there: `modules.gateway.port`, `plugins[0].id`.
  std::string path;
  /// What was wanted, what was found, what to do.
  std::string text;

  /// "commy.json:4:15: modules.gateway.prot: unknown key; did you mean ...?"
  [[nodiscard]] std::string message() const;
};

/// Gathers problems, so that a reader can go on and report all at once. Keeps
/// the first 100, and counts the rest: a screen or two is what a person reads.
class manifest_problems {
public:
  explicit manifest_problems(std::string file = {}) : file_{std::move(file)} {}

  void add(manifest_flaw code, std::uint32_t line, std::uint32_t column,
           std::string path, std::string text);

  [[nodiscard]] const std::string& file() const noexcept { return file_; }
  [[nodiscard]] std::span<const manifest_problem> all() const noexcept {
    return kept_;
  }
  /// How many there were, kept or not.
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] bool none() const noexcept { return count_ == 0; }
  /// One line for each, in the order of their places in the file, and one that
  /// tells how many are left out.
  [[nodiscard]] std::string message() const;

private:
  std::string file_;
  std::vector<manifest_problem> kept_;
  std::size_t count_ = 0;
};

}  // namespace commy
