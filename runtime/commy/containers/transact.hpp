// commy/containers/transact.hpp: several changes, all of them or none.
#pragma once

#include <commy/containers/object_handle.hpp>

#include <gsl/gsl>

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace commy {

class transaction_access {
public:
  [[nodiscard]] static memory::engine& engine(const object_handle& h) noexcept {
    return *h.engine_;
  }
  [[nodiscard]] static auto patience(const object_handle& h) noexcept {
    return h.patience_;
  }
  /// One operation on an object, in the open transaction if there is one.
  template <class Change>
  static auto change(const object_handle& h, Change&& change) {
    return h.change(std::forward<Change>(change));
  }
};

namespace memory {

/// The engine behind `transact`, untyped: locks `places` in ascending order,
/// calls `body(context, transaction)`, commits, or aborts when it throws.
template <class Body>
auto run_transaction(engine& owner, object_place* places, std::size_t count,
                     std::chrono::nanoseconds patience, Body&& body)
    -> result<std::invoke_result_t<Body, transaction&>, write_error> {
  using answer = std::invoke_result_t<Body, transaction&>;
  std::optional<transaction> txn;
  transaction** open = nullptr;
  const auto close = [&] {
    if (open != nullptr) *open = nullptr;
    if (txn) txn->abort();
  };
  try {
    if (owner.open_transaction() != nullptr || owner.my_lane().editing) {
      throw write_failed{{write_error::not_in_transaction,
                          "transact() inside transact() or an edit"}};
    }
    txn.emplace(owner, owner.my_lane());
    // One order for all participants, hence no circle of waiters.
    std::sort(places, places + count,
              [](const object_place& a, const object_place& b) {
                return a.root < b.root;
              });
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0 && places[i].root == places[i - 1].root) continue;
      txn->lock(places[i].root, patience);
      // relaxed: the lock is held, so the word stands still.
      if (owner.img()
              .root_at(places[i].root)
              .generation.load(std::memory_order_relaxed) !=
          places[i].generation) {
        throw write_failed{write_error::removed};
      }
    }
    txn->begin();
    open = &owner.open_transaction();
    *open = &*txn;
    if constexpr (std::is_void_v<answer>) {
      body(*txn);
      *open = nullptr;
      txn->commit();
      return {};
    } else {
      answer done = body(*txn);
      *open = nullptr;
      txn->commit();
      return done;
    }
  } catch (const write_failed& failed) {
    close();
    return unexpected{failed.why};
  } catch (...) {
    close();
    throw;
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
/// guards at most as long as the first object's patience.
template <class... Args>
auto transact(Args&&... args) {
  static_assert(sizeof...(Args) >= 2, "name at least one object and a body");
  auto all = std::forward_as_tuple(args...);
  auto& body = std::get<sizeof...(Args) - 1>(all);
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    static_assert(
        (std::is_base_of_v<
             object_handle,
             std::remove_cvref_t<std::tuple_element_t<I, decltype(all)>>> &&
         ...),
        "transact(objects..., body)");
    std::array<memory::object_place, sizeof...(I)> places{
        std::get<I>(all).place()...};
    auto& owner = transaction_access::engine(std::get<0>(all));
    Expects(((&transaction_access::engine(std::get<I>(all)) == &owner) && ...));
    return memory::run_transaction(
        owner, places.data(), places.size(),
        transaction_access::patience(std::get<0>(all)), body);
  }(std::make_index_sequence<sizeof...(Args) - 1>{});
}

}  // namespace commy
