// tests/process/portable/mixed_objects.hpp: containers of all kinds that are
// changed together.
#pragma once

#include <commy/containers/shared_box.hpp>
#include <commy/containers/shared_btree_map.hpp>
#include <commy/containers/shared_hash_map.hpp>
#include <commy/containers/shared_vec.hpp>
#include <commy/containers/shared_vec_deque.hpp>
#include <commy/containers/transact.hpp>
#include <commy/memory/segment.hpp>

namespace commy::test {

struct mixed {
  using words = shared_vec<shared_string>;

  shared_hash_map<int, shared_string> table;
  shared_btree_map<int, shared_string> tree;
  shared_vec_deque<std::int64_t> queue;
  shared_hash_map<int, words> groups;

  static mixed open_or_create(segment& in) {
    return {
        in.open_or_create<decltype(table)>("table").value(),
        in.open_or_create<decltype(tree)>("tree").value(),
        in.open_or_create<decltype(queue)>("queue").value(),
        in.open_or_create<decltype(groups)>("groups").value(),
    };
  }
};

}  // namespace commy::test
