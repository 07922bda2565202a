// commy/containers/transact.hpp: several changes, all of them or none.
#pragma once

#include <commy/containers/object_handle.hpp>
#include <commy/memory/segment.hpp>

#include <gsl/gsl>

#include <algorithm>
#include <array>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace commy {

class transaction_access {
public:
  [[nodiscard]] static memory::engine& engine(const object_handle& h) noexcept {
    return *h.engine_;
  }
  [[nodiscard]] static auto patience(const object_handle& h) noexcept {
    return h.patience_;
  }
  /// Behind a commit: some of what it has thrown away goes.
  static void tidy(const object_handle& h) { h.tidy(h.lock_place().root); }
  /// One operation on an object, in the open transaction if there is one.
  template <class Change>
  static auto change(const object_handle& h, Change&& change) {
    return h.change(std::forward<Change>(change));
  }
};

/// A deadline for one transaction, as the first argument of `transact`: how
/// long all of its waits together may take. Zero only tries.
class within {
public:
  constexpr explicit within(std::chrono::nanoseconds patience) noexcept
      : patience_{patience} {}
  [[nodiscard]] constexpr std::chrono::nanoseconds patience() const noexcept {
    return patience_;
  }

private:
  std::chrono::nanoseconds patience_;
};

namespace memory {

/// One run of a transaction's body: `lock_all(transaction)` locks what is
/// known, `body(transaction)` is called, then all is committed, or undone when
/// it threw or lost (see transaction_body).
template <class LockAll, class Body>
auto run_body(engine& owner, thread_lanes::lease& lease,
              transaction_body& state, LockAll&& lock_all, Body&& body)
    -> result<std::invoke_result_t<Body, transaction&>, write_error> {
  using answer = std::invoke_result_t<Body, transaction&>;
  if (!lease.leased->at_rest()) [[unlikely]] {
    return unexpected{write_error::not_in_transaction,
                      "transact() inside transact() or an edit"};
  }
  transaction txn{owner, *lease.leased};
  const auto close = [&] {
    lease.open = nullptr;
    lease.body = nullptr;
    txn.abort();
  };
  const auto open = [&] {
    if (!owner.usable()) throw write_failed{write_error::detached};
    lock_all(txn);
    txn.begin();
    lease.open = &txn;
    lease.body = &state;
  };
  // False when the body swallowed what told it that all is lost.
  const auto commit = [&] {
    if (state.is_lost()) [[unlikely]] {
      close();
      return false;
    }
    lease.open = nullptr;
    lease.body = nullptr;
    txn.commit();
    return true;
  };
  try {
    open();
    if constexpr (std::is_void_v<answer>) {
      body(txn);
      if (commit()) return {};
    } else {
      answer done = body(txn);
      if (commit()) return done;
    }
  } catch (const write_failed& failed) {
    close();
    if (!state.is_lost()) state.broken = failed.why;
  } catch (...) {
    close();
    if (!state.out_of_order) throw;
  }
  return unexpected{*state.broken};
}

/// The engine behind `transact`, untyped: locks `places` in ascending order,
/// calls `body(transaction)`, commits, or aborts when it throws.
template <class Body>
auto run_transaction(engine& owner, object_place* places, std::size_t count,
                     std::chrono::nanoseconds patience, Body&& body)
    -> result<std::invoke_result_t<Body, transaction&>, write_error> {
  // One order for all participants, hence no circle of waiters. By insertion:
  // they are few, mostly in order, and std::sort costs more than a lock.
  for (std::size_t i = 1; i < count; ++i) {
    const auto moved = places[i];
    auto to = i;
    for (; to > 0 && moved.root < places[to - 1].root; --to)
      places[to] = places[to - 1];
    places[to] = moved;
  }
  try {
    lane_scope lane{owner, patience};
    transaction_body state;
    return run_body(
        owner, lane.lease(), state,
        [&](transaction& txn) {
          for (std::size_t i = 0; i < count; ++i) {
            if (i > 0 && places[i].root == places[i - 1].root) continue;
            txn.lock(places[i].root, patience);
            // relaxed: the lock is held, so the word stands still.
            if (owner.img()
                    .root_at(places[i].root)
                    .generation.load(std::memory_order_relaxed) !=
                places[i].generation) {
              throw write_failed{write_error::removed};
            }
          }
        },
        std::forward<Body>(body));
  } catch (const write_failed& failed) {
    return unexpected{failed.why};
  }
}

/// Counts a transaction that meets objects, for its scope.
class meeting_scope {
public:
  explicit meeting_scope(engine& owner) noexcept : owner_{owner} {
    owner_.count_meets(1);
  }
  meeting_scope(const meeting_scope&) = delete;
  meeting_scope& operator=(const meeting_scope&) = delete;
  ~meeting_scope() { owner_.count_meets(-1); }

private:
  engine& owner_;
};

/// The engine behind `transact(segment, body)`. Each further run locks what all
/// runs before have met, at least one object more than the last, so there are
/// at most as many runs as locks.
template <class Body>
auto run_meeting(engine& owner, std::chrono::nanoseconds patience, Body&& body)
    -> result<std::invoke_result_t<Body, transaction&>, write_error> {
  try {
    const auto deadline = transaction::clock::now() + patience;
    lane_scope lane{owner, patience};
    const meeting_scope counted{owner};
    std::vector<offset> known;
    for (;;) {
      transaction_body state;
      state.meets = true;
      state.patience = patience;
      auto outcome = run_body(
          owner, lane.lease(), state,
          [&](transaction& txn) {
            txn.wait_until(deadline);
            // An object that has been removed meanwhile is locked in vain;
            // roots never become anything else.
            for (const auto root : known)
              txn.lock(root, patience);
          },
          body);
      if (!state.out_of_order || transaction::clock::now() >= deadline) {
        return outcome;
      }
      known.insert(known.end(), state.met.begin(), state.met.end());
      std::ranges::sort(known);
      known.erase(std::ranges::unique(known).begin(), known.end());
      // Bodies that go another way each time: what only earlier runs met is
      // let go.
      if (known.size() > held_locks) {
        known = std::move(state.met);
        std::ranges::sort(known);
      }
    }
  } catch (const write_failed& failed) {
    return unexpected{failed.why};
  }
}

}  // namespace memory

/// Runs `body(transaction&)` with all named objects locked. Operations on them
/// inside join the transaction and see its writes; all become visible at once,
/// or none: when one fails, when `body` throws (the exception passes on after
/// everything is undone), and when the process is killed half way.
///
///     transact(stock, orders, [&](transaction&) {
///       stock.update(sku, [](item& i) { --i.count; });
///       orders.push_back(order{sku, now});
///     });
///
/// Objects of one segment only; others than those named are refused inside with
/// `not_in_transaction`. Runs `body` once. Waits for other writers and readers'
/// guards at most as long as the first object's patience, or as
/// `transact(within(50ms), ...)` says; the failure then names who held what.
///
/// With a segment instead of objects, operations lock what they meet, those
/// that read as well as those that write:
///
///     transact(shop, [&](transaction&) {
///       for (const auto& name : names)
///       open_account(name).update(add_interest);
///     });
///
/// An object that comes in ascending order is waited for; of one that does not,
/// the lock is only tried, and when that fails everything is undone, all that
/// was met is locked in order, and `body` RUNS AGAIN: up to 128 times within
/// the deadline (`within`, else the segment's patience), so it must not have
/// effects outside of the segment. Naming the objects is quicker where they are
/// known. Objects cannot be made or removed inside.
///
/// An operation inside that fails half way undoes everything, even when `body`
/// swallows the exception. At most 128 objects: `too_many_objects`.
template <class... Args>
auto transact(Args&&... args) {
  static_assert(sizeof...(Args) >= 2, "name at least one object and a body");
  auto all = std::forward_as_tuple(args...);
  constexpr std::size_t last = sizeof...(Args) - 1;
  using first = std::remove_cvref_t<std::tuple_element_t<0, decltype(all)>>;
  constexpr bool timed = std::is_same_v<first, within>;
  constexpr std::size_t begin = timed ? 1 : 0;
  static_assert(begin < last, "name at least one object and a body");
  auto& body = std::get<last>(all);
  auto& front = std::get<begin>(all);
  const auto patience_or = [&](std::chrono::nanoseconds usual) {
    if constexpr (timed) {
      return std::get<0>(all).patience();
    } else {
      return usual;
    }
  };
  if constexpr (std::is_same_v<std::remove_cvref_t<decltype(front)>, segment>) {
    static_assert(begin + 1 == last, "transact(segment, body)");
    auto& owner = *front.engine();
    return memory::run_meeting(owner, patience_or(owner.patience()), body);
  } else {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      static_assert((std::is_base_of_v<object_handle,
                                       std::remove_cvref_t<std::tuple_element_t<
                                           begin + I, decltype(all)>>> &&
                     ...),
                    "transact(objects..., body)");
      std::array<memory::object_place, sizeof...(I)> places{
          std::get<begin + I>(all).lock_place()...};
      auto& owner = transaction_access::engine(front);
      Expects(
          ((&transaction_access::engine(std::get<begin + I>(all)) == &owner) &&
           ...));
      auto done = memory::run_transaction(
          owner, places.data(), places.size(),
          patience_or(transaction_access::patience(front)), body);
      (transaction_access::tidy(std::get<begin + I>(all)), ...);
      return done;
    }(std::make_index_sequence<last - begin>{});
  }
}

}  // namespace commy
