// commy/memory/trash.hpp: content that nobody can reach, given back by and by.
#pragma once

#include <commy/memory/engine.hpp>
#include <commy/memory/nested_cell.hpp>

#include <cstdint>
#include <string_view>

namespace commy::memory {

/// Dropping a structure of any size takes one root and a few records: what it
/// held hangs on a root in the *trash list* of the outermost object, and goes
/// in steps of half a journal, each a transaction, behind the commit.
///
/// In an object's root motion[4] leads to the first of its trash; of the
/// directory, to the first removed object. In a trashed root motion[5] leads to
/// the next, and motion[3] says what it is (see `trash_kind`); its generation
/// is above its block's, so that no handle takes it for alive. A removed object
/// has its own type line, and perhaps trash of its own, which goes first.
///
/// Whoever empties holds the outermost lock and nothing that readers look at
/// changes, so no sequence moves but those of nested roots that come up.
struct trash_kind {
  /// How many containers deep below the outermost: in a type line at most one
  /// parameter of a container is a container, so a number names its type.
  std::uint32_t level = 0;
  /// A tree's nodes alone: texts and nested ones of its entries live elsewhere.
  bool shell = false;

  [[nodiscard]] static trash_kind of(std::uint64_t word) noexcept {
    return {static_cast<std::uint32_t>(word), (word >> 32U & 1U) != 0};
  }
  [[nodiscard]] std::uint64_t word() const noexcept {
    return level | std::uint64_t{shell} << 32U;
  }
};

/// Entries that are given back one by one rather than as trash.
inline constexpr std::uint64_t trash_above = 4;

/// Where an object's root leads to its trash, and a trashed one to the next.
[[nodiscard]] inline shared_u64& trash_of(root& object) noexcept {
  return object.motion[4];
}
[[nodiscard]] inline shared_u64& next_trash(root& object) noexcept {
  return object.motion[5];
}
/// (The directory's is `first_topic`.)
[[nodiscard]] inline shared_u64& kind_of_trash(root& object) noexcept {
  return object.motion[3];
}

/// Object 0; offset 0 when the header makes no sense.
[[nodiscard]] object_place directory_place(const engine& owner) noexcept;

/// A root for a new life, inside `txn`: zero but for its sequences, which go on
/// from the last one, and its generation. A reader with an old handle must
/// never meet a number it has seen. Throws as `transaction::take`.
object_place take_root(transaction& txn);

/// Gives a nested container back, whatever it holds: its handles and its
/// readers find out, and the outermost object of the operation under way
/// (`transaction::subject`) gets it as trash. Constant. Throws `damaged` when
/// the cell leads to none.
void trash_nested(transaction& txn, const nested_cell& cell);

/// Moves what `object` holds (its shape and the container's two motion words)
/// to a root in the trash; the caller then makes the object empty. With
/// `nested`, handles to what was in it answer `removed` from now on. Constant.
/// False, and nothing was done, when the segment has no room for a root.
[[nodiscard]] bool trash_content(transaction& txn, root& object, bool nested,
                                 bool shell = false);

/// A moment at which all nested containers of an object became others: see
/// nesting.hpp. Requires: the object's shape is touched.
void renew_era(transaction& txn, root& object);

/// Gives back some of the trash of the object at `owner` (or of the directory):
/// at most `rounds` transactions, each as large as half a journal, so that it
/// can be cut off anywhere; who died with a part of it left that to the next.
/// True when nothing is left. Waits for nobody, and leaves an object alone that
/// is removed by now.
bool empty_trash(engine& owner, const object_place& object,
                 std::uint32_t rounds) noexcept;
/// The same for the directory and every object in it.
void empty_all_trash(engine& owner, std::uint32_t rounds) noexcept;

/// Gives back blocks that a trashed root holds, as far as the log has room;
/// true when none is left but the root. `line` is the outermost object's type.
/// Containers know which: defined in containers/object_trash.cpp, so that
/// includes point down. Throws `write_failed`.
bool drop_content(transaction& txn, offset root_at, std::string_view line,
                  trash_kind kind);

}  // namespace commy::memory
