#include "change_checks.hpp"

namespace commy::test {

using namespace std::chrono_literals;

void change_checks::begin(const std::shared_ptr<memory::engine>& reader,
                          const std::vector<memory::object_place>& objects) {
  for (const auto& object : objects) {
    memory::change_reader log{reader, object, 0s};
    if (!log.seek_now()) continue;
    const auto next = log.mark();
    change_mark first{next.log, 1};
    for (; first != next; ++first.position) {
      log.seek(first);
      if (log.try_next()) break;
    }
    first_.emplace_back(object, first);
    next_.emplace_back(object, next);
  }
  before_ = entries_from(reader, first_);
}

std::vector<std::string> change_checks::entries_from(
    const std::shared_ptr<memory::engine>& reader, const marks& from) {
  std::vector<std::string> lines;
  for (const auto& [object, mark] : from) {
    memory::change_reader log{reader, object, 0s};
    log.seek(mark);
    for (;;) {
      const auto next = log.try_next();
      if (!next) {
        // Overwritten, taken away, or not to be had just now.
        lines.emplace_back(describe(next.error().code()));
        break;
      }
      if (!*next) break;
      const auto& entry = **next;
      std::string line = std::to_string(object.root) + " " +
                         std::to_string(static_cast<int>(entry.kind)) + " v" +
                         std::to_string(entry.version) + " p" +
                         std::to_string(entry.position);
      for (const auto word : entry.key)
        line += " " + std::to_string(word);
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

void change_checks::look(const std::shared_ptr<memory::engine>& reader) {
  seen_.clear();
  for (auto& line : entries_from(reader, next_)) {
    // What cannot be had at the moment is no entry.
    if (line != describe(read_error::busy)) seen_.push_back(std::move(line));
  }
}

std::vector<std::string> change_checks::differences(
    const std::shared_ptr<memory::engine>& reader, bool is_after) {
  std::vector<std::string> found;
  const auto seen = std::exchange(seen_, {});
  if (!is_after) {
    if (!seen.empty()) {
      found.push_back("a reader saw an entry that was undone: " + seen.front());
    }
    if (entries_from(reader, first_) != before_) {
      found.push_back("what was undone has changed a change log");
    }
    return found;
  }
  const auto added = entries_from(reader, next_);
  if (!added_) added_ = added;
  if (*added_ != added) {
    found.push_back("a change log has " + std::to_string(added.size()) +
                    " new entries instead of " +
                    std::to_string(added_->size()) + ", or others");
  }
  return found;
}

}  // namespace commy::test
