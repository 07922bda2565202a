#include <commy/memory/directory.hpp>
#include <commy/memory/hash_table.hpp>
#include <commy/memory/trash.hpp>

namespace commy::memory {
namespace {

using namespace std::chrono_literals;

/// A root that shared bytes name is input.
root& checked_root(const image& img, offset at) {
  if (!is_root(img, at)) throw write_failed{write_error::damaged};
  return img.root_at(at);
}

void link(transaction& txn, offset at, trash_kind kind) {
  auto& img = txn.img();
  auto& object = img.root_at(at);
  auto& head = trash_of(img.root_at(txn.subject().outermost));
  txn.store(kind_of_trash(object), kind.word());
  txn.store(next_trash(object), head.load(std::memory_order_relaxed));
  txn.store(head, at);
}

/// A transaction over one object that ends with its scope.
class emptying {
public:
  emptying(engine& owner, const object_place& object)
      : txn_{owner, idle(owner)} {
    try {
      txn_.lock(object.root, 0ns);
      // Removed by somebody, its trash is the directory's affair, under that
      // one's lock.
      if (owner.img()
              .root_at(object.root)
              .generation.load(std::memory_order_relaxed) !=
          object.generation) {
        throw write_failed{write_error::removed};
      }
    } catch (...) {
      txn_.abort();
      throw;
    }
    txn_.begin();
  }
  emptying(const emptying&) = delete;
  emptying& operator=(const emptying&) = delete;
  ~emptying() {
    if (!done_) txn_.abort();
  }
  transaction& txn() noexcept { return txn_; }
  void commit() noexcept {
    done_ = true;
    txn_.commit();
  }

private:
  /// This thread's lane, when no operation of it is under way.
  static lane& idle(engine& owner) {
    auto& mine = owner.my_lane();
    if (owner.open_transaction() != nullptr || mine.editing || mine.open) {
      throw write_failed{write_error::not_in_transaction};
    }
    return mine;
  }

  transaction txn_;
  bool done_ = false;
};

/// What the next step is about: the first of the trash; of a removed object
/// with trash of its own, the first of that.
struct next_step {
  offset at = 0;
  shared_u64* list = nullptr;  // What leads to it.
  offset outermost = 0;        // Whose type line describes it.
  trash_kind kind{};
  bool named_once = false;
};

next_step find_step(const image& img, offset object) {
  auto& list = trash_of(img.root_at(object));
  const auto first = list.load(std::memory_order_relaxed);
  if (first == 0) return {};
  auto& there = checked_root(img, first);
  if (there.type.load(std::memory_order_relaxed) == 0) {
    return {
        first, &list, object,
        trash_kind::of(kind_of_trash(there).load(std::memory_order_relaxed)),
        false};
  }
  auto& own_list = trash_of(there);
  const auto own = own_list.load(std::memory_order_relaxed);
  if (own == 0) return {first, &list, first, {}, true};
  const auto kind =
      kind_of_trash(checked_root(img, own)).load(std::memory_order_relaxed);
  return {own, &own_list, first, trash_kind::of(kind), false};
}

void empty_step(transaction& txn, const next_step& step,
                std::string_view line) {
  auto& img = txn.img();
  auto& gone = img.root_at(step.at);
  txn.set_subject({step.outermost, step.kind.level});
  if (!drop_content(txn, step.at, line, step.kind)) return;
  // What came up lies before it in the list, or is its own trash: that first.
  if (step.list->load(std::memory_order_relaxed) != step.at) return;
  if (step.named_once) {
    if (trash_of(gone).load(std::memory_order_relaxed) != 0) return;
    txn.drop(gone.type.load(std::memory_order_relaxed));
  }
  txn.store(*step.list, next_trash(gone).load(std::memory_order_relaxed));
  txn.drop(step.at, block_kind::root);
}

/// False when nothing is left to give back.
bool empty_some(engine& owner, const object_place& object) {
  auto& img = owner.img();
  // relaxed: a hint; looked at again under the lock.
  if (trash_of(img.root_at(object.root)).load(std::memory_order_relaxed) == 0) {
    return false;
  }
  emptying work{owner, object};
  auto& txn = work.txn();
  offset described = 0;
  std::string line;
  // Half a journal, whatever that many things are.
  for (auto left = ~std::uint64_t{0};
       txn.log_left() < left && txn.log_left() > txn.log_room() / 2;) {
    left = txn.log_left();
    const auto step = find_step(img, object.root);
    if (step.at == 0) break;
    if (step.outermost != described) {
      described = step.outermost;
      line = load_line(img, img.root_at(described));
    }
    empty_step(txn, step, line);
  }
  work.commit();
  return trash_of(img.root_at(object.root)).load(std::memory_order_relaxed) !=
         0;
}

/// Content that makes no sense is left to fsck: it must not stand in the way of
/// what was dropped before it.
void give_up_first(engine& owner, const object_place& object) {
  auto& img = owner.img();
  emptying work{owner, object};
  auto& list = trash_of(img.root_at(object.root));
  const auto at = list.load(std::memory_order_relaxed);
  if (at == 0) return;
  const bool sound = is_root(img, at);
  work.txn().store(
      list,
      sound ? next_trash(img.root_at(at)).load(std::memory_order_relaxed) : 0);
  work.commit();
}

}  // namespace

object_place directory_place(const engine& owner) noexcept {
  const auto& img = owner.img();
  const auto at = img.header().directory;
  if (!is_root(img, at)) return {};
  // relaxed: the directory is never removed.
  return {at, img.root_at(at).generation.load(std::memory_order_relaxed)};
}

object_place take_root(transaction& txn) {
  auto& img = txn.img();
  const auto at = txn.take(sizeof(root), block_kind::root);
  auto& object = img.root_at(at);
  // relaxed: aside; nobody sees it before the unit that leads to it turns even,
  // and whoever has an old handle sees another generation.
  for (auto& word : object.shape)
    word.store(0, std::memory_order_relaxed);
  for (auto& word : object.motion)
    word.store(0, std::memory_order_relaxed);
  object.type.store(0, std::memory_order_relaxed);
  const block_word word{img.word(find_block(img, at, block_kind::root).word)
                            .load(std::memory_order_relaxed)};
  object.generation.store(word.generation(), std::memory_order_relaxed);
  return {at, word.generation()};
}

void trash_nested(transaction& txn, const nested_cell& cell) {
  auto& object = checked_root(txn.img(), cell.words[0]);
  if (!cell.sound(txn.img()) ||
      object.generation.load(std::memory_order_relaxed) != cell.words[1]) {
    throw write_failed{write_error::damaged};
  }
  // Who copies the whole looks at the outermost sequence alone; so that turns
  // odd before anything beneath it changes, also in operations that build the
  // rest aside first.
  txn.touch(txn.img().root_at(txn.subject().outermost).sequence);
  txn.touch(object.shape_sequence);
  txn.touch(object.sequence);
  txn.store(object.generation, cell.words[1] + 1);
  link(txn, cell.words[0], {txn.subject().level + 1, false});
}

bool trash_content(transaction& txn, root& object, bool nested, bool shell) {
  object_place fresh;
  try {
    fresh = take_root(txn);
  } catch (const write_failed& failed) {
    if (failed.why.code() == write_error::out_of_space ||
        failed.why.code() == write_error::disk_full) {
      return false;
    }
    throw;
  }
  auto& bag = txn.img().root_at(fresh.root);
  for (std::size_t i = 0; i < 4; ++i) {
    bag.shape[i].store(object.shape[i].load(std::memory_order_relaxed),
                       std::memory_order_relaxed);
  }
  for (std::size_t i = 0; i < 2; ++i) {
    bag.motion[i].store(object.motion[i].load(std::memory_order_relaxed),
                        std::memory_order_relaxed);
  }
  bag.generation.store(fresh.generation + 1, std::memory_order_relaxed);
  link(txn, fresh.root, {txn.subject().level, shell});
  if (nested && !shell) renew_era(txn, object);
  return true;
}

void renew_era(transaction& txn, root& object) {
  txn.touch(object.shape_sequence);
  // Sequences are never undone and never return, so a number made of one is new
  // although this store may be undone; the low bits tell moments of one
  // transaction apart.
  const auto begun = object.shape_sequence.load(std::memory_order_relaxed)
                     << 16U;
  const auto old = object.shape[4].load(std::memory_order_relaxed);
  txn.store(object.shape[4], old >= begun ? old + 1 : begun);
}

bool empty_trash(engine& owner, const object_place& object,
                 std::uint32_t rounds) noexcept try {
  const lane_scope lane{owner, 0ns};
  if (!is_root(owner.img(), object.root)) return true;
  for (; rounds > 0; --rounds) {
    try {
      if (!empty_some(owner, object)) return true;
    } catch (const write_failed& failed) {
      if (failed.why.code() != write_error::damaged) return false;
      give_up_first(owner, object);
    }
  }
  return trash_of(owner.img().root_at(object.root))
             .load(std::memory_order_relaxed) == 0;
} catch (...) {
  return false;  // Locked, poisoned, inside another operation: another time.
}

void empty_all_trash(engine& owner, std::uint32_t rounds) noexcept try {
  static_cast<void>(empty_trash(owner, directory_place(owner), rounds));
  const auto all = list_objects(owner);
  if (!all) return;
  for (const auto& entry : *all)
    static_cast<void>(empty_trash(owner, entry.place, rounds));
} catch (...) {
  return;  // Out of memory: another time.
}

}  // namespace commy::memory
