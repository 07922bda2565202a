#include <commy/memory/hash_table.hpp>
#include <commy/memory/object_removal.hpp>

#include <algorithm>

namespace commy::memory {
namespace {

using namespace std::chrono_literals;

/// Where a root says which removed object comes next.
shared_u64& next_of(const image& img, offset root_at) noexcept {
  return img.root_at(root_at).motion[5];
}

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
  txn->store(next_of(img, place.root),
             next_of(img, directory).load(std::memory_order_relaxed));
  txn->store(next_of(img, directory), place.root);
  txn.commit();
  return true;
}

/// Gives back some of the first removed object; false when there is none.
bool empty_some(engine& owner, offset directory) {
  auto& img = owner.img();
  if (next_of(img, directory).load(std::memory_order_relaxed) == 0) {
    return false;
  }
  scoped_transaction txn{owner, idle_lane(owner)};
  txn->lock(directory, 0ns);
  const auto at = next_of(img, directory).load(std::memory_order_relaxed);
  if (at == 0) return false;
  txn->begin();
  txn->touch(img.root_at(directory).sequence);
  const auto block = find_block(img, at, block_kind::root);
  if (!block || block.bytes < sizeof(root)) {
    throw write_failed{write_error::damaged};
  }
  auto& object = img.root_at(at);
  const auto line = load_line(img, object);
  if (drop_content(txn.get(), at, line)) {
    txn->drop(object.type.load(std::memory_order_relaxed));
    txn->store(next_of(img, directory),
               next_of(img, at).load(std::memory_order_relaxed));
    txn->drop(at, block_kind::root);
  }
  txn.commit();
  return true;
}

/// Content that makes no sense is left to fsck: it must not stand in the way of
/// what was removed before it.
void give_up_first(engine& owner, offset directory) {
  auto& img = owner.img();
  scoped_transaction txn{owner, idle_lane(owner)};
  txn->lock(directory, 0ns);
  const auto at = next_of(img, directory).load(std::memory_order_relaxed);
  txn->begin();
  txn->touch(img.root_at(directory).sequence);
  const bool sound = static_cast<bool>(find_block(img, at, block_kind::root));
  txn->store(next_of(img, directory),
             sound ? next_of(img, at).load(std::memory_order_relaxed) : 0);
  txn.commit();
}

}  // namespace

bool empty_trash(engine& owner, std::uint32_t rounds) noexcept try {
  const auto directory = owner.img().header().directory;
  if (!find_block(owner.img(), directory, block_kind::root)) return true;
  for (; rounds > 0; --rounds) {
    try {
      if (!empty_some(owner, directory)) return true;
    } catch (const write_failed& failed) {
      if (failed.why.code() != write_error::damaged) return false;
      give_up_first(owner, directory);
    }
  }
  return false;
} catch (...) {
  return false;  // Locked, poisoned, inside another operation: another time.
}

result<void, open_error> remove_object(engine& owner, std::string_view name) {
  // Of several who remove and make the same name, each round one gets on.
  for (int round = 0; round < 64; ++round) {
    const auto entry = inspect_object(owner, name);
    if (!entry) return unexpected{entry.error()};
    try {
      if (!unlink(owner, owner.img().header().directory, name, entry->place)) {
        continue;
      }
    } catch (const write_failed& failed) {
      return open_failure(failed.why, name);
    }
    // Up to 64 half journals of blocks, about 32,000; more is left to others.
    static_cast<void>(empty_trash(owner, 64));
    return {};
  }
  return unexpected{open_error::busy, name};
}

}  // namespace commy::memory
