// commy/containers/object_handle.hpp: what all container handles have alike.
#pragma once

#include <commy/memory/change_ring.hpp>
#include <commy/memory/directory.hpp>
#include <commy/memory/guard.hpp>
#include <commy/memory/nesting.hpp>
#include <commy/memory/object_reference.hpp>
#include <commy/memory/optimistic.hpp>
#include <commy/memory/trash.hpp>

#include <gsl/gsl>

#include <chrono>
#include <memory>
#include <utility>

namespace commy {

/// A process-local handle to one object of a segment. Small, copyable, safe to
/// use from any thread; the object's state is in the segment alone. After the
/// object's removal every operation answers `removed`.
///
/// A handle to a container nested in another one (`map.at(key)`) is the same
/// class with the same members. It is locked and guarded with the outermost
/// object, and answers `removed` once its element, or anything that this lies
/// in, was erased, replaced, cleared or swapped.
class object_handle {
public:
  using clock = memory::engine::clock;

  /// How long operations of this handle wait for other participants before
  /// they fail and name the holder. Default: 60 s.
  void set_patience(std::chrono::nanoseconds patience) noexcept {
    patience_ = patience;
  }

  /// How many transactions have changed the object since it was made: grows by
  /// one with each, also when one was undone. Lock-free. Of a nested container
  /// that of the outermost object, in which each change beneath it counts.
  [[nodiscard]] std::uint64_t version() const noexcept {
    if (!engine_->usable()) return 0;
    // acquire, pairs with [unit-even]: bytes read later are at least this new.
    return outer_root().sequence.load(std::memory_order_acquire) / 2;
  }
  /// Sleeps until the version is above `seen`; false at the deadline. Costs
  /// nothing while nothing happens (through a read-only mapping: a look every
  /// 2 ms). Throws `memory::write_failed` when no lane is left for the thread.
  [[nodiscard]] bool wait_for_change(std::uint64_t seen,
                                     std::chrono::nanoseconds at_most) const {
    return engine_->await_change(lock_place().root, 2 * seen,
                                 clock::now() + at_most);
  }

  /// From now on the object keeps a log of its last `entries` changes at least,
  /// for all who follow it with a `change_log`, until `keep_changes(0)`. The
  /// log lies in the segment (128 bytes an entry, at most 262,144) and is part
  /// of each transaction; an object without one pays nothing. A longer log
  /// replaces a shorter one: who follows is told `behind`. Of a nested
  /// container the outermost object's.
  result<void, write_error> keep_changes(std::uint64_t entries) const {
    const auto locked = lock_place();
    return engine_->write(
        locked.root, locked.generation, patience_, [&](transaction& txn) {
          memory::keep_changes(txn, txn.img().root_at(locked.root), entries);
        });
  }

  [[nodiscard]] std::chrono::nanoseconds patience() const noexcept {
    return patience_;
  }
  [[nodiscard]] const std::shared_ptr<memory::engine>& engine() const noexcept {
    return engine_;
  }
  [[nodiscard]] memory::object_place place() const noexcept {
    return {root_at_, generation_};
  }
  /// Names the object for other processes; see object_reference.hpp. Requires:
  /// it is not nested in another one.
  [[nodiscard]] object_reference reference() const {
    Expects(level() == 0);
    return object_reference::make(memory::segment_number(engine_->img()),
                                  root_at_, generation_);
  }
  /// The object whose lock a change of this one takes: itself, or the outermost
  /// one that it is nested in.
  [[nodiscard]] memory::object_place lock_place() const noexcept {
    return way_.level() == 0 ? place() : way_.outermost();
  }
  /// Containers that this one lies in.
  [[nodiscard]] std::uint32_t level() const noexcept { return way_.level(); }

protected:
  object_handle(std::shared_ptr<memory::engine> engine,
                memory::object_place place) noexcept
      : engine_{std::move(engine)},
        root_at_{place.root},
        generation_{place.generation} {}

  [[nodiscard]] clock::time_point deadline() const noexcept {
    return clock::now() + patience_;
  }
  [[nodiscard]] memory::root& root() const noexcept {
    return engine_->img().root_at(root_at_);
  }
  /// Whose sequence each change of this container, and beneath it, moves.
  [[nodiscard]] memory::root& outer_root() const noexcept {
    return engine_->img().root_at(lock_place().root);
  }
  /// True if the thread's open transaction may change this container.
  [[nodiscard]] bool is_own() const noexcept {
    return within_ != nullptr || engine_->holds(lock_place().root);
  }
  /// True if one look at a unit is all there is to a read: of an object that
  /// is not nested in another, outside of transactions that lock what they
  /// read.
  [[nodiscard]] bool is_plain_look() const noexcept {
    return engine_->usable() && !engine_->any_meets() && way_.level() == 0;
  }
  /// Repeats `look(own)` until it was undisturbed; see memory::settle_read. The
  /// clock is read only when a look has failed 64 times.
  template <class Look>
  [[nodiscard]] result<void, read_error> read_with(Look&& look) const {
    join();
    const auto look_and_check = [&](bool own) {
      const auto outcome = look(own);
      // Behind the look, which ends with an acquire fence: what it found was
      // part of the object as long as the way to it has not changed.
      if (way_.level() == 0 || outcome == memory::lookup::busy) return outcome;
      const auto way = way_.check(engine_->img(), own);
      return way == memory::lookup::found ? outcome : way;
    };
    const auto outcome = look_and_check(false);
    if (outcome == memory::lookup::found) return {};
    // As common as a hit, and as final.
    if (outcome == memory::lookup::absent) {
      return unexpected{read_error::absent};
    }
    // Inside a transaction on the object its own writes stand in the way.
    const bool own = outcome == memory::lookup::busy && is_own();
    return memory::settle_read(*engine_, lock_place().root, deadline(),
                               [&] { return look_and_check(own); });
  }
  /// One look at words that every transaction on the object guards; with `deep`
  /// also at what is nested in it.
  template <class Copy>
  [[nodiscard]] result<void, read_error> read_whole(Copy&& copy,
                                                    bool deep = false) const {
    if (!engine_->usable()) return unexpected{read_error::detached};
    return read_with([&](bool own) {
      return memory::under_sequence(
          deep ? outer_root() : root(),
          [&] { return is_alive() ? copy() : memory::lookup::removed; }, own);
    });
  }
  /// A long copy beside a busy writer may never be undisturbed. So after a few
  /// looks a guard holds the writer off, if this process can have one.
  template <class Copy>
  [[nodiscard]] result<void, read_error> read_at_length(
      Copy&& copy, bool deep = false) const {
    constexpr int looks = 8;
    join();
    if (engine_->usable() && engine_->writable()) {
      for (int i = 0; i < looks; ++i) {
        const auto outcome =
            memory::under_sequence(deep ? outer_root() : root(), [&] {
              if (!is_alive()) return memory::lookup::removed;
              const auto found = copy();
              if (way_.level() == 0) return found;
              fence::acquire();  // As at the end of a look.
              const auto way = way_.check(engine_->img(), false);
              return way == memory::lookup::found ? found : way;
            });
        if (outcome == memory::lookup::found) return {};
        if (outcome != memory::lookup::busy) break;
        platform::cpu_relax();
      }
      const auto held = guard();
      if (!held) return unexpected{held.error()};
      switch (copy()) {
        case memory::lookup::found:
          return {};
        case memory::lookup::absent:
          return unexpected{read_error::absent};
        default:
          return unexpected{read_error::damaged};
      }
    }
    return read_whole(std::forward<Copy>(copy), deep);
  }
  /// Inside `transact(segment, ...)` what is read belongs to the transaction.
  void join() const {
    if (engine_->any_meets() && within_ == nullptr) [[unlikely]]
      engine_->join(lock_place().root);
  }
  /// Runs `edit(transaction&)` with the outermost object locked: in the open
  /// transaction, or in one of its own.
  template <class Change>
  [[gnu::always_inline]] auto change(Change&& edit) const
      -> result<std::invoke_result_t<Change&, transaction&>, write_error> {
    if (within_ != nullptr) [[unlikely]]
      return change_within(edit);
    if (way_.level() != 0) [[unlikely]]
      return change_below(edit);
    return change_outermost(edit);
  }
  [[nodiscard]] result<memory::read_guard, read_error> guard() const {
    if (within_ != nullptr) {
      return memory::read_guard::borrowed(engine_->img(), root_at_);
    }
    join();
    const auto locked = lock_place();
    auto held = memory::read_guard::hold(engine_, locked.root,
                                         locked.generation, deadline());
    if (held && way_.level() != 0) {
      if (!is_alive() ||
          way_.check(engine_->img(), true) != memory::lookup::found) {
        return unexpected{read_error::removed};
      }
      held->look_at(root_at_);
    }
    return held;
  }

  std::shared_ptr<memory::engine> engine_;
  memory::offset root_at_;
  std::uint64_t generation_;
  std::chrono::nanoseconds patience_ = memory::engine::default_deadline;
  memory::nesting way_{};
  // The operation in whose edit this handle stands for one nested container.
  transaction* within_ = nullptr;

  friend class transaction_access;
  friend class nested_access;

private:
  [[nodiscard]] bool is_alive() const noexcept {
    return root().generation.load(std::memory_order_relaxed) == generation_;
  }
  /// Apart from change(), so that what the transaction answers is made where
  /// the caller wants it: no copy, for want of another return beside it.
  template <class Change>
  [[gnu::always_inline]] auto change_outermost(Change& edit) const
      -> result<std::invoke_result_t<Change&, transaction&>, write_error> {
    auto done = engine_->write(root_at_, generation_, patience_, edit);
    tidy(root_at_);
    return done;
  }
  /// A nested container's part in the outermost object's transaction.
  void enter(transaction& txn) const {
    if (way_.check(txn.img(), true) != memory::lookup::found || !is_alive()) {
      throw memory::write_failed{write_error::removed};
    }
    // Before the first change beneath it: who copies the whole finds out.
    txn.touch(outer_root().sequence);
  }
  template <class Change>
  auto change_below(Change&& edit) const
      -> result<std::invoke_result_t<Change&, transaction&>, write_error> {
    const auto locked = way_.outermost();
    auto done = engine_->write(locked.root, locked.generation, patience_,
                               [&](transaction& txn) {
                                 enter(txn);
                                 txn.set_subject({locked.root, way_.level()});
                                 return edit(txn);
                               });
    tidy(locked.root);
    return done;
  }
  template <class Change>
  auto change_within(Change&& edit) const
      -> result<std::invoke_result_t<Change&, transaction&>, write_error> {
    auto& txn = *within_;
    const auto about = txn.subject();
    // A way leads to what is edited in place, none to what is being made.
    txn.set_subject({about.outermost, about.level + 1,
                     about.unlinked || way_.level() == 0});
    // When `edit` throws, the whole operation is undone.
    if constexpr (std::is_void_v<std::invoke_result_t<Change&, transaction&>>) {
      edit(txn);
      txn.set_subject(about);
      return {};
    } else {
      auto done = edit(txn);
      txn.set_subject(about);
      return done;
    }
  }
  /// Some of what this and earlier operations have thrown away goes.
  void tidy(memory::offset outermost) const {
    // relaxed: a hint, in a line that the change has just written.
    if (engine_->usable() && memory::trash_of(engine_->img().root_at(outermost))
                                     .load(std::memory_order_relaxed) != 0)
        [[unlikely]] {
      empty_some();
    }
  }
  [[gnu::noinline]] void empty_some() const {
    if (engine_->writable() && engine_->open_transaction() == nullptr) {
      static_cast<void>(memory::empty_trash(*engine_, lock_place(), 1));
    }
  }
};

}  // namespace commy
