// tests/crash/change_checks.hpp: change logs say what the objects say.
#pragma once

#include <commy/memory/change_reader.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace commy::test {

/// Compares the change logs of some objects in each state on an operation's
/// way with those before and after it.
class change_checks {
public:
  /// The state before. Objects without a log are left out.
  void begin(const std::shared_ptr<memory::engine>& reader,
             const std::vector<memory::object_place>& objects);
  /// What a reader sees of the operation beside the dead one; kept for the next
  /// `differences`, which knows whether that was undone.
  void look(const std::shared_ptr<memory::engine>& reader);
  /// What is wrong with the logs of a state that became as before or after the
  /// operation: they tell of nothing of it, or all, and of what was before.
  [[nodiscard]] std::vector<std::string> differences(
      const std::shared_ptr<memory::engine>& reader, bool is_after);

private:
  using marks = std::vector<std::pair<memory::object_place, change_mark>>;
  [[nodiscard]] static std::vector<std::string> entries_from(
      const std::shared_ptr<memory::engine>& reader, const marks& from);

  marks first_;  // The oldest entry that each log had before, and the next.
  marks next_;
  std::vector<std::string> before_;
  std::optional<std::vector<std::string>> added_;  // Once a state showed it.
  std::vector<std::string> seen_;
};

}  // namespace commy::test
