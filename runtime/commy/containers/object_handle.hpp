// commy/containers/object_handle.hpp: what all container handles have alike.
#pragma once

#include <commy/memory/directory.hpp>
#include <commy/memory/guard.hpp>
#include <commy/memory/optimistic.hpp>

#include <chrono>
#include <memory>
#include <utility>

namespace commy {

/// A process-local handle to one object of a segment. Small, copyable, safe to
/// use from any thread; the object's state is in the segment alone. After the
/// object's removal every operation answers `removed`.
class object_handle {
public:
  using clock = memory::engine::clock;

  /// How long operations of this handle wait for other participants before
  /// they fail and name the holder. Default: 60 s.
  void set_patience(std::chrono::nanoseconds patience) noexcept {
    patience_ = patience;
  }

  /// How many transactions have changed the object since it was made: grows by
  /// one with each, also when one was undone. Lock-free.
  [[nodiscard]] std::uint64_t version() const noexcept {
    if (!engine_->usable()) return 0;
    // acquire, pairs with [unit-even]: bytes read later are at least this new.
    return root().sequence.load(std::memory_order_acquire) / 2;
  }
  /// Sleeps until the version is above `seen`; false at the deadline. Costs
  /// nothing while nothing happens (through a read-only mapping: a look every
  /// 2 ms). Throws `memory::write_failed` when no lane is left for the thread.
  [[nodiscard]] bool wait_for_change(std::uint64_t seen,
                                     std::chrono::nanoseconds at_most) const {
    return engine_->await_change(root_at_, 2 * seen, clock::now() + at_most);
  }

  [[nodiscard]] const std::shared_ptr<memory::engine>& engine() const noexcept {
    return engine_;
  }
  [[nodiscard]] memory::object_place place() const noexcept {
    return {root_at_, generation_};
  }

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
  /// Repeats `look(own)` until it was undisturbed; see memory::settle_read. The
  /// clock is read only when a look has failed 64 times.
  template <class Look>
  [[nodiscard]] result<void, read_error> read_with(Look&& look) const {
    const auto outcome = look(false);
    if (outcome == memory::lookup::found) return {};
    // Inside a transaction on the object its own writes stand in the way.
    const bool own =
        outcome == memory::lookup::busy && engine_->holds(root_at_);
    return memory::settle_read(*engine_, root_at_, deadline(),
                               [&] { return look(own); });
  }
  /// One look at words that every transaction on the object guards.
  template <class Copy>
  [[nodiscard]] result<void, read_error> read_whole(Copy&& copy) const {
    if (!engine_->usable()) return unexpected{read_error::detached};
    return read_with([&](bool own) {
      return memory::under_sequence(
          root(),
          [&] {
            if (root().generation.load(std::memory_order_relaxed) !=
                generation_) {
              return memory::lookup::removed;
            }
            return copy();
          },
          own);
    });
  }
  /// A long copy beside a busy writer may never be undisturbed. So after a few
  /// looks a guard holds the writer off, if this process can have one.
  template <class Copy>
  [[nodiscard]] result<void, read_error> read_at_length(Copy&& copy) const {
    constexpr int looks = 8;
    if (engine_->usable() && engine_->writable()) {
      for (int i = 0; i < looks; ++i) {
        const auto outcome = memory::under_sequence(root(), [&] {
          return root().generation.load(std::memory_order_relaxed) ==
                         generation_
                     ? copy()
                     : memory::lookup::removed;
        });
        if (outcome == memory::lookup::found) return {};
        if (outcome != memory::lookup::busy) break;
        platform::cpu_relax();
      }
      const auto held = guard();
      if (!held) return unexpected{held.error()};
      if (copy() == memory::lookup::found) return {};
      return unexpected{read_error::damaged};
    }
    return read_whole(std::forward<Copy>(copy));
  }
  template <class Change>
  auto change(Change&& change) const {
    return engine_->write(root_at_, generation_, patience_,
                          std::forward<Change>(change));
  }
  [[nodiscard]] result<memory::read_guard, read_error> guard() const {
    return memory::read_guard::hold(engine_, root_at_, generation_, deadline());
  }

  std::shared_ptr<memory::engine> engine_;
  memory::offset root_at_;
  std::uint64_t generation_;
  std::chrono::nanoseconds patience_ = memory::engine::default_deadline;

  friend class transaction_access;
};

}  // namespace commy
