// commy/message/name_table.hpp: which inbox an actor's name leads to.
#pragma once

#include <commy/containers/shared_hash_map.hpp>
#include <commy/containers/shared_string.hpp>
#include <commy/memory/ring_cells.hpp>
#include <commy/memory/segment.hpp>
#include <commy/message/send_error.hpp>

#include <boost/describe.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace commy::message {

/// Where messages for a name go.
struct name_place {
  std::uint32_t slot = 0;    // The receiver's participant slot.
  std::uint32_t actor = 0;   // Its own number for the name; never reused.
  std::uint64_t reader = 0;  // The opening of its inbox; see ring_header.
  friend bool operator==(const name_place&, const name_place&) = default;
};
BOOST_DESCRIBE_STRUCT(name_place, (), (slot, actor, reader))

/// The names that the inboxes of a segment have published: the shared map
/// "commy.names". An entry outlives its inbox until somebody finds it stale.
/// Threads: any.
class name_table {
public:
  using clock = std::chrono::steady_clock;
  static constexpr std::string_view object_name = "commy.names";
  static constexpr std::size_t name_bytes_max = 255;

  /// Opens the segment's table, or makes it.
  static result<name_table, open_error> open(segment shared);

  /// The place of a name whose inbox is open and whose process lives, by the
  /// kernel's word. Takes no lock; one system call.
  /// Fails with name_not_found, busy, detached, damaged.
  [[nodiscard]] result<name_place, send_error> find(
      std::string_view name) const;
  /// Waits for a name to be published. Fails as `find`, at the deadline.
  [[nodiscard]] result<name_place, send_error> wait_for(
      std::string_view name, clock::time_point deadline) const;

  /// Publishes a name, over one whose inbox is gone. Fails with bad_name,
  /// name_taken, names.
  result<void, inbox_error> publish(std::string_view name, name_place place);
  /// Takes a name back if it still leads to `place`.
  void withdraw(std::string_view name, name_place place) noexcept;
  /// The names there are, at most `most` of them, also of inboxes that are
  /// gone. For people; none when they cannot be read.
  [[nodiscard]] std::vector<std::string> list(std::size_t most) const;
  /// Takes out names whose inboxes are gone. Returns how many.
  std::uint32_t prune() noexcept;

  [[nodiscard]] const segment& shared() const noexcept { return shared_; }

private:
  using map = shared_hash_map<shared_string, name_place>;
  name_table(segment shared, map names)
      : shared_{std::move(shared)}, names_{std::move(names)} {}
  [[nodiscard]] bool is_open(const name_place& place) const noexcept;
  /// Erases a name if `place` is still what it leads to and it is stale.
  template <class Stale>
  bool erase_if(std::string_view name, Stale&& stale) noexcept;

  segment shared_;
  map names_;
};

}  // namespace commy::message
