#include <commy/memory/hash_table.hpp>
#include <commy/memory/object_removal.hpp>
#include <commy/memory/trash.hpp>

#include <algorithm>

namespace commy::memory {
namespace {

/// A transaction over roots in ascending order that ends with its scope.
class scoped_transaction {
public:
  scoped_transaction(engine& owner, lane& mine) : txn_{owner, mine} {}
  scoped_transaction(const scoped_transaction&) = delete;
  scoped_transaction& operator=(const scoped_transaction&) = delete;
  ~scoped_transaction() {
    if (!done_) txn_.abort();
  }
  transaction* operator->() noexcept { return &txn_; }
  transaction& get() noexcept { return txn_; }
  void commit() noexcept {
    done_ = true;
    txn_.commit();
  }

private:
  transaction txn_;
  bool done_ = false;
};

/// This thread's lane, when no operation of it is under way.
lane& idle_lane(engine& owner) {
  auto& mine = owner.my_lane();
  if (owner.open_transaction() != nullptr || mine.editing || mine.open) {
    throw write_failed{{write_error::not_in_transaction,
                        "remove_object() inside another operation"}};
  }
  return mine;
}

/// True if it was done; false when the name leads elsewhere by now.
bool unlink(engine& owner, offset directory, std::string_view name,
            const object_place& place) {
  auto& img = owner.img();
  scoped_transaction txn{owner, idle_lane(owner)};
  for (const auto at :
       {std::min(directory, place.root), std::max(directory, place.root)}) {
    txn->lock(at, owner.patience());
  }
  directory_table table{img, directory, {}};
  const auto entry = table.locate({0, name});
  std::uint64_t words[hash_slots::stride_max / 8]{};
  if (entry.group != 0) table.load_slot(entry, words);
  if (entry.group == 0 || words[2] != place.root ||
      words[3] != place.generation) {
    return false;
  }
  txn->begin();
  table.erase(txn.get(), entry);
  auto& object = img.root_at(place.root);
  // Readers and handles find out: another generation, under sequences that
  // have moved on, before any block is given back.
  txn->touch(object.shape_sequence);
  txn->touch(object.sequence);
  txn->store(object.generation, place.generation + 1);
  if (const auto ring = change_ring_of(object).load(std::memory_order_relaxed);
      ring != 0) {
    txn->store(change_ring_of(object), 0);
    txn->drop(ring);
  }
  auto& head = trash_of(img.root_at(directory));
  txn->store(next_trash(object), head.load(std::memory_order_relaxed));
  txn->store(head, place.root);
  txn.commit();
  return true;
}

}  // namespace

result<void, open_error> remove_object(engine& owner, std::string_view name) {
  // Of several who remove and make the same name, each round one gets on.
  for (int round = 0; round < 64; ++round) {
    const auto entry = inspect_object(owner, name);
    if (!entry) return unexpected{entry.error()};
    try {
      const lane_scope lane{owner, owner.patience()};
      if (!unlink(owner, owner.img().header().directory, name, entry->place)) {
        continue;
      }
    } catch (const write_failed& failed) {
      return open_failure(failed.why, name);
    }
    // Up to 64 half journals of blocks, about 32,000; more is left to others.
    static_cast<void>(empty_trash(owner, directory_place(owner), 64));
    return {};
  }
  return unexpected{open_error::busy, name};
}

}  // namespace commy::memory
