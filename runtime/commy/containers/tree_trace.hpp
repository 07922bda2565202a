// commy/containers/tree_trace.hpp: what an ordered map or set holds.
#pragma once

#include <commy/containers/type_tree.hpp>
#include <commy/memory/block_tracer.hpp>

#include <string>

namespace commy::memory {

/// Traces the nodes and texts of a `btree_map` or `btree_set`, and tells when
/// keys do not ascend. Part of trace_content(), see memory/block_tracer.hpp.
void trace_tree(block_tracer& tracer, offset root_at, const type_tree& type,
                const std::string& name, bool shell = false);

/// A container that an element's two words lead to.
void trace_nested(block_tracer& tracer, const std::uint64_t* words,
                  const type_tree& type, const std::string& name);
/// What the root of a container of any type holds.
void trace_typed(block_tracer& tracer, offset root_at, const type_tree& type,
                 const std::string& name, bool shell);

}  // namespace commy::memory
