// commy/memory/change_reader.hpp: following an object's change log.
#pragma once

#include <commy/memory/change_ring.hpp>
#include <commy/memory/engine.hpp>
#include <commy/memory/hash_table.hpp>
#include <commy/memory/nested_cell.hpp>

#include <boost/describe/class.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace commy {

/// Where a reader of a change log stands: its next entry. Plain data, so it may
/// be kept in a `shared_box<change_mark>` and moved on in the transaction that
/// does something about the entry: then each entry counts once, also when the
/// process is killed.
struct change_mark {
  std::uint64_t log = 0;  // 0: from now on.
  std::uint64_t position = 0;

  friend bool operator==(const change_mark&, const change_mark&) = default;
};
BOOST_DESCRIBE_STRUCT(change_mark, (), (log, position))

namespace memory {

/// A private copy of one entry.
struct change_entry {
  change_kind kind = change_kind::replaced;
  bool key_cut = false;  // The key was longer than an entry holds.
  std::uint64_t version = 0;
  std::uint64_t position = 0;
  std::size_t key_bytes = 0;
  std::array<std::uint64_t, change_key_max / 8> key{};

  /// Of `inserted`, `set` and `erased` in a vector or queue.
  [[nodiscard]] std::uint64_t index() const noexcept { return key[0]; }
  [[nodiscard]] std::uint64_t count() const noexcept { return key[1]; }
  /// Of `beneath`: which nested container.
  [[nodiscard]] object_place place() const noexcept { return {key[0], key[1]}; }
};

/// Reads entries one after another. Works through a read-only mapping. Threads:
/// one at a time. What shared bytes say is copied and checked.
class change_reader {
public:
  change_reader(std::shared_ptr<engine> owner, object_place object,
                std::chrono::nanoseconds patience) noexcept
      : engine_{std::move(owner)}, object_{object}, patience_{patience} {}

  /// Goes on from `mark`, of this or of another process.
  void seek(const change_mark& mark) noexcept { mark_ = mark; }
  /// Goes on from what comes next. Fails with `absent` when no log is kept.
  result<void, read_error> seek_now();
  [[nodiscard]] const change_mark& mark() const noexcept { return mark_; }

  /// The next entry, or nothing when there is none yet. When entries have been
  /// overwritten before they were read, the reader moves to the present and
  /// answers `behind`, once: then look at the whole object and go on; what
  /// changes meanwhile is in the log. Fails with absent (no log is kept),
  /// removed, damaged, detached, busy (after the patience, at the present
  /// only). Cost: two cache lines, no lock, about as much as a point read.
  result<std::optional<change_entry>, read_error> try_next();
  /// The same, but sleeps for an entry for at most so long.
  result<std::optional<change_entry>, read_error> next(
      std::chrono::nanoseconds at_most);

private:
  enum class seen : std::uint8_t { entry, none, behind, no_log };
  /// One look; the answer is in `into` and `what`.
  [[nodiscard]] lookup look(change_entry& into, seen& what) const;
  [[nodiscard]] const root& object() const noexcept {
    return engine_->img().root_at(object_.root);
  }

  std::shared_ptr<engine> engine_;
  object_place object_;
  std::chrono::nanoseconds patience_;
  change_mark mark_;
};

}  // namespace memory
}  // namespace commy
