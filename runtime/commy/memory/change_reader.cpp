#include <commy/memory/change_reader.hpp>
#include <commy/memory/optimistic.hpp>

namespace commy::memory {
namespace {

/// False when the words make no sense.
bool decode(std::uint64_t what, change_entry& into) noexcept {
  const auto kind = what & 0xffU;
  const auto bytes = what >> 16U;
  if (kind < static_cast<std::uint64_t>(change_kind::set) ||
      kind > static_cast<std::uint64_t>(change_kind::beneath) ||
      bytes > change_key_max) {
    return false;
  }
  into.kind = static_cast<change_kind>(kind);
  into.key_cut = (what >> 8U & 1U) != 0;
  into.key_bytes = bytes;
  return true;
}

/// What this thread has not committed cannot be waited for.
unexpected<read_error> own_transaction() {
  return {read_error::busy, "inside this thread's own transaction on it"};
}

}  // namespace

lookup change_reader::look(change_entry& into, seen& what) const {
  const auto& img = engine_->img();
  auto& root = img.root_at(object_.root);
  // acquire, pairs with [unit-even]: the bytes of a ring that was linked
  // before are there.
  const auto sequence = root.sequence.load(std::memory_order_acquire);
  const auto generation = root.generation.load(std::memory_order_relaxed);
  const auto at = change_ring_of(root).load(std::memory_order_relaxed);
  const auto ring = change_ring::at(img, at);
  auto outcome = lookup::damaged;
  bool by_cell = false;
  const change_cell* cell = nullptr;
  std::uint64_t cell_seen = 0;
  if (generation != object_.generation) {
    outcome = lookup::removed;
  } else if (at == 0) {
    what = seen::no_log;
    outcome = lookup::found;
  } else if (ring.header != nullptr) {
    outcome = lookup::found;
    what = seen::behind;
    if (ring.header->id.load(std::memory_order_relaxed) == mark_.log) {
      cell = &ring.cell(mark_.position);
      cell_seen = cell->sequence.load(std::memory_order_acquire);
      const auto position = cell->position.load(std::memory_order_relaxed);
      if ((cell_seen & 1U) != 0 || position < mark_.position) {
        // Not committed, or not begun: either way not yet. (An entry that is
        // being overwritten is found to be gone at the next look.)
        what = seen::none;
        by_cell = true;
      } else if (position == mark_.position) {
        into.position = position;
        into.version = cell->version.load(std::memory_order_relaxed);
        for (std::size_t i = 0; i < into.key.size(); ++i)
          into.key[i] = cell->key[i].load(std::memory_order_relaxed);
        what = seen::entry;
        by_cell = true;
        if (!decode(cell->what.load(std::memory_order_relaxed), into)) {
          outcome = lookup::damaged;
        }
      }
    }
  }
  fence::acquire();  // Partner of [unit-odd] and [take].
  // Whoever drops a ring stores the link before, and the block's next owner
  // fills it behind a [take]: so bytes of another's are found out here.
  const bool same_ring =
      root.generation.load(std::memory_order_relaxed) == generation &&
      change_ring_of(root).load(std::memory_order_relaxed) == at &&
      (cell == nullptr ||
       (ring.header->id.load(std::memory_order_relaxed) == mark_.log &&
        cell->sequence.load(std::memory_order_relaxed) == cell_seen));
  if (!same_ring) return lookup::busy;
  if (by_cell) return outcome;
  // Anything else is only believed of an object at rest.
  return (sequence & 1U) == 0 &&
                 root.sequence.load(std::memory_order_relaxed) == sequence
             ? outcome
             : lookup::busy;
}

result<void, read_error> change_reader::seek_now() {
  if (!engine_->usable()) return unexpected{read_error::detached};
  if (engine_->holds(object_.root)) return own_transaction();
  change_mark now;
  const auto look_once = [&] {
    auto& root = engine_->img().root_at(object_.root);
    return under_sequence(root, [&] {
      if (root.generation.load(std::memory_order_relaxed) !=
          object_.generation) {
        return lookup::removed;
      }
      const auto at = change_ring_of(root).load(std::memory_order_relaxed);
      if (at == 0) return lookup::absent;
      const auto ring = change_ring::at(engine_->img(), at);
      if (ring.header == nullptr) return lookup::damaged;
      now.log = ring.header->id.load(std::memory_order_relaxed);
      now.position = ring.header->next.load(std::memory_order_relaxed);
      return lookup::found;
    });
  };
  auto done = settle_read(*engine_, object_.root,
                          engine::clock::now() + patience_, look_once);
  if (!done) return done;
  mark_ = now;
  return {};
}

result<std::optional<change_entry>, read_error> change_reader::try_next() {
  if (!engine_->usable()) return unexpected{read_error::detached};
  if (mark_.log == 0) {
    if (auto begun = seek_now(); !begun) return unexpected{begun.error()};
  }
  std::optional<change_entry> entry{std::in_place};
  auto what = seen::none;
  if (look(*entry, what) != lookup::found) {
    if (engine_->holds(object_.root)) return own_transaction();
    auto settled =
        settle_read(*engine_, object_.root, engine::clock::now() + patience_,
                    [&] { return look(*entry, what); });
    if (!settled) return unexpected{settled.error()};
  }
  switch (what) {
    case seen::entry:
      ++mark_.position;
      return entry;
    case seen::none:
      entry.reset();
      return entry;
    case seen::no_log:
      return unexpected{read_error::absent};
    case seen::behind:
      break;
  }
  const auto missed = mark_;
  if (auto moved = seek_now(); !moved) return unexpected{moved.error()};
  failure_detail detail;
  detail.wanted = missed.position;
  detail.found = mark_.position;
  detail.text.append("entries up to the found one may be lost");
  return unexpected{read_error::behind, detail};
}

result<std::optional<change_entry>, read_error> change_reader::next(
    std::chrono::nanoseconds at_most) {
  const auto deadline = engine::clock::now() + at_most;
  for (;;) {
    // Before the look: an entry between the look and the sleep wakes at once.
    const auto version =
        engine_->usable()
            ? object().sequence.load(std::memory_order_acquire) / 2
            : 0;
    auto found = try_next();
    if (!found || *found) return found;
    if (!engine_->await_change(object_.root, 2 * version, deadline)) {
      // Once more: the change may have come with the deadline.
      return try_next();
    }
  }
}

}  // namespace commy::memory
