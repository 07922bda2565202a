// commy/memory/block_tracer.hpp: is every block of an image reached just once?
#pragma once

#include <commy/memory/change_ring.hpp>
#include <commy/memory/classes.hpp>
#include <commy/memory/text_cell.hpp>
#include <commy/memory/trash.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace commy::memory {

/// What a check found, one sentence each; the same words for people and tests.
struct trace_report {
  std::vector<std::string> lines;
  std::uint64_t findings = 0;  // All, also those that have no line any more.
  std::uint64_t repaired = 0;
  std::uint64_t live_blocks = 0;
  std::uint64_t live_runs = 0;
  std::uint64_t lent = 0;  // Loans, bare blocks, messages of topics.
};

/// Notes which blocks and runs objects use, and compares that with what the
/// words say. The bytes are input: nothing is used before it was checked, and
/// the work is bounded by the number of blocks. With `repair` it changes what
/// it finds wrong where that is safe; then nobody else may use the image.
class block_tracer {
public:
  /// Lines are for people; who wants all findings counts them.
  static constexpr std::size_t lines_max = 1000;

  block_tracer(const image& img, bool repair) : img_{img}, repair_{repair} {}

  [[nodiscard]] const image& img() const noexcept { return img_; }
  [[nodiscard]] bool repairs() const noexcept { return repair_; }
  [[nodiscard]] trace_report& report() noexcept { return report_; }

  void finding(std::string line);
  /// Something that has been put right in this run, when repairing.
  void repairable(std::string line);

  /// Notes that `who` uses the block or run at `at`, of at least `bytes`. False
  /// when it is none, or used by another one already: then look no further.
  bool reach(offset at, std::uint64_t bytes, block_kind kind,
             const std::string& who);
  /// Sequences of a segment at rest are even.
  void expect_even(shared_u64& sequence, const std::string& who);
  /// The block of a long text. False when the text should not be read: it
  /// makes no sense, or its bytes were another's already.
  bool trace_text(const std::uint64_t* words, const std::string& who);

  /// The root of a container that no name leads to. False as for `reach`.
  bool trace_root(offset at, const std::string& who, std::uint64_t generation);

  /// Everything from the directory on. Requires: nobody is at work.
  void trace_objects();
  /// Afterwards: words that say otherwise than what was reached.
  void compare_words();

private:
  enum class role { directory, named, removed, nested };
  /// False when it lies nowhere or was met before.
  bool trace_object(offset at, const std::string& name, role as);
  void trace_words(offset at, const std::string& name, role as);
  void trace_changes(offset at, const std::string& name);
  void trace_trash(offset at, const std::string& name, std::string_view line);
  void trace_directory(offset at);
  /// Which descriptor names which run.
  void trace_loan_runs();
  void trace_topics();
  [[nodiscard]] bool is_published(const block_place& place,
                                  block_word word) const;
  void compare_run(std::uint64_t page, page_word word);
  void compare_slab(std::uint64_t page, page_word use);
  void compare_block(const block_place& place, block_kind kind);
  /// See page_owners.hpp.
  void expect_noted(std::uint64_t page, slot_index owner);
  [[nodiscard]] bool is_participant(std::uint32_t slot_plus_one) const noexcept;

  const image& img_;
  bool repair_;
  trace_report report_;
  std::unordered_map<offset, std::string> reached_;
  std::unordered_map<offset, block_place> loan_runs_;  // Their descriptors.
  // Blocks that cells of topics name, with the word that they must have then.
  std::unordered_map<offset, std::uint64_t> published_;
  // By a topic's number: entries that are taken, one bit each.
  std::vector<std::uint64_t> subscribers_;
};

/// Traces what a root holds; `line` is the type of the outermost object, below
/// which it lies as `kind` says. Containers know that: defined in
/// containers/object_trace.cpp, so that includes point down.
void trace_content(block_tracer& tracer, offset root_at, std::string_view line,
                   const std::string& name, trash_kind kind = {});
/// The directory's table. `entry(name, root, generation)`.
void trace_directory_table(block_tracer& tracer, offset root_at,
                           const std::function<void(const std::string&, offset,
                                                    std::uint64_t)>& entry);

}  // namespace commy::memory
