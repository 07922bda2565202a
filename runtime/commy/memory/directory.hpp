// commy/memory/directory.hpp: object 0, which finds all others by name.
#pragma once

#include <commy/memory/engine.hpp>
#include <commy/memory/hash_table.hpp>
#include <commy/memory/nested_cell.hpp>
#include <commy/memory/object_reference.hpp>
#include <commy/memory/segment_error.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace commy::memory {

/// An entry of the directory.
struct object_entry {
  std::string name;
  object_place place;
  std::string type;  // Its descriptor, see type_text.hpp.
};

/// Sets up a new object's root words and first blocks, inside the transaction
/// that will link it. The root is zero but for its type and generation.
using initialiser = std::function<void(transaction&, root&)>;

/// Name -> {root, generation}.
struct directory_slots {
  [[nodiscard]] static constexpr hash_slots get() noexcept {
    return hash_slots::of(16, 16, 8, true, false);
  }
};
using directory_table = hash_table<directory_slots>;

/// The type line of an object's root, or nothing when it makes no sense.
[[nodiscard]] std::string load_line(const image& img, const root& object);
/// What a failed write of the directory means to who asked for an object.
[[nodiscard]] unexpected<open_error> open_failure(
    const failure<write_error>& why, std::string_view name);

/// Makes the directory of a segment that nobody else can see yet.
void make_directory(engine& owner);

/// Finds an object and checks that its type line is `type`. Lock-free.
result<object_place, open_error> find_object(engine& owner,
                                             std::string_view name,
                                             std::string_view type);
/// Finds it whatever its type. Lock-free.
result<object_entry, open_error> inspect_object(engine& owner,
                                                std::string_view name);
/// The object that a reference names, if it still lives and its type line is
/// `type`. The reference is input: whatever its bits are, it is found or
/// refused. Lock-free. Fails with not_found, type_mismatch, refused (detached).
result<object_place, open_error> find_object(const engine& owner,
                                             object_reference reference,
                                             std::string_view type);
/// Builds the object aside and commits it together with its name; when
/// somebody else was quicker, theirs is opened. `exclusive` makes that an
/// error.
result<object_place, open_error> create_object(engine& owner,
                                               std::string_view name,
                                               std::string_view type,
                                               const initialiser& initialise,
                                               bool exclusive);
/// All objects, in no particular order, as of one moment.
result<std::vector<object_entry>, open_error> list_objects(engine& owner);

}  // namespace commy::memory
