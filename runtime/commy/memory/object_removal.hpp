// commy/memory/object_removal.hpp: objects whose name is gone.
#pragma once

#include <commy/memory/directory.hpp>

#include <string_view>

namespace commy::memory {

/// Takes an object's name away, in one transaction over it and the directory:
/// waits for its writer and its guards, makes handles answer `removed`, and
/// links its root into the trash list: `motion[5]` of the directory leads to
/// the first removed object, that of each to the next. Afterwards empties the
/// trash. Fails with `not_found`, `busy`, `read_only`, `refused`.
result<void, open_error> remove_object(engine& owner, std::string_view name);

/// Gives back what removed objects held: at most `rounds` transactions, each as
/// large as half a journal, so that it can be cut off anywhere. Whoever died
/// with a part of it left that to the next to create, remove or attach. Returns
/// true when nothing is left. Waits for nobody.
bool empty_trash(engine& owner, std::uint32_t rounds) noexcept;

/// Gives back blocks that the object holds, as far as the log has room; true
/// when none is left but its root and its type line. Containers know which:
/// defined in containers/object_trash.cpp, so that includes point down. Throws
/// `write_failed`.
bool drop_content(transaction& txn, offset root_at, std::string_view line);

}  // namespace commy::memory
