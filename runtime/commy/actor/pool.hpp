// commy/actor/pool.hpp: workers that share what one name is told.
#pragma once

#include <commy/actor/errors.hpp>
#include <commy/actor/keyed.hpp>
#include <commy/actor/ref.hpp>
#include <commy/actor/shelf.hpp>
#include <commy/actor/system_options.hpp>
#include <commy/base/result.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace commy {

/// Which worker of a pool gets a message.
enum class routing : std::uint8_t {
  round_robin,  ///< Each in turn.
  /// The one with the fewest messages; in pools of more than 16, the better of
  /// two drawn at random.
  least_loaded,
  /// By the message's `key()` (see keyed.hpp): equal keys always go to the same
  /// worker, so in order, and its state about them is nobody else's.
  by_key
};

struct pool_options {
  /// Workers are called name/0, name/1, ... Empty: they have no names.
  std::string_view name = {};
  /// Workers, at most 1,024; 0: as many as the system has threads.
  std::uint32_t size = 0;
  /// Of each worker, but for its name.
  spawn_options each = {};
};

namespace actors {

// What finds no room looks at all workers, at 10 ns (100 where caches are cold)
// each: 1,024 of them stay below the 500 us that a whole turn may take.
inline constexpr std::uint32_t most_pool_workers = 1024;

// Up to here a look at all workers costs less than what it saves; see
// DESIGN.md.
inline constexpr std::size_t most_looked_at = 16;

template <class A>
struct pool_state {
  explicit pool_state(std::vector<ref<A>> all) : workers{std::move(all)} {}
  const std::vector<ref<A>> workers;
  /// Grows with each message that is not routed by key. A line of its own: all
  /// who tell write it, and read the workers.
  alignas(64) std::atomic<std::uint64_t> turn{0};
};

inline bool has_stopped(const cell_handle& worker) noexcept {
  return worker.at->inlet.generation() != worker.generation;
}
/// Messages it has, with those of its turn in a list.
inline std::uint32_t load_of(const cell_handle& worker) noexcept {
  return has_stopped(worker) ? ~0U : held_by(*worker.at).messages();
}
/// It takes what it has no room for, and something is lost.
template <class A>
bool drops_when_full(const ref<A>& worker) noexcept {
  // relaxed: see the cell.
  const auto policy =
      access::handle(worker).at->when_full.load(std::memory_order_relaxed);
  return policy != overflow::reject && policy != overflow::wait;
}
inline bool has_room(const cell_handle& worker) noexcept {
  const auto& c = *worker.at;
  return !has_stopped(worker) && held_by(c).is_below(bound_of(c));
}

}  // namespace actors

/// Workers of class A that share what the pool is told. A handle, copied like a
/// `std::shared_ptr`; holds nothing alive. The workers are ordinary actors: a
/// pool that a supervisor has spawned gets failed ones back, with their
/// mailboxes; else one that fails is gone, and the others do its work. A
/// default pool has no workers, and refuses as a stopped actor does. Threads:
/// any.
///
///     auto parsers = system.spawn_pool<parser>({.name = "p", .size = 4});
///     parsers.tell(line{text}).value();
///     auto tree = system.ask(parsers, parse{text}, 1s);
///     auto desks = shop.spawn_pool<desk, commy::routing::by_key>({.size = 8});
template <class A, routing How = routing::round_robin>
class pool {
public:
  pool() noexcept = default;

  /// Tells one worker. When it has stopped, or, unless routed by key, is full,
  /// the others are tried, each once; so it is refused with `mailbox_full` when
  /// all are full, with `stopped` when all have stopped. By key a full worker
  /// is enough: another would break the order. Messages of one sender to a
  /// pool have an order by key only. Never blocks. Cost: a `tell`, and one add
  /// (by key: the hash); `least_loaded` a look at up to 16 workers.
  template <class M>
  told<M> tell(M message) const {
    const auto all = workers();
    if (all.empty()) return {tell_error::stopped, std::move(message)};
    auto first = choose(message);
    if (How != routing::by_key && actors::drops_when_full(all[first])) {
      first = with_room(first);
    }
    auto told = all[first].tell(std::move(message));
    if (told || !may_pass_on(told)) return told;
    return tell_others(first, std::move(told));
  }

  /// The worker that gets this message: one that has room, if there is any that
  /// may get it. To ask, ask the pool itself: `system.ask(pool, m, 1s)`,
  /// `co_await ask(pool, m, 1s)`. A worker that asks its own pool may meet
  /// itself, and is told so (`cycle`).
  template <class M>
  [[nodiscard]] ref<A> pick(const M& message) const {
    const auto all = workers();
    if (all.empty()) return {};
    const auto first = choose(message);
    if (How == routing::by_key) return first_living(first);
    const auto& worker = all[with_room(first)];
    return actors::has_stopped(actors::access::handle(worker))
               ? first_living(first)
               : worker;
  }

  /// All, also those that have stopped; to watch or to stop them. As long as
  /// this handle lives.
  [[nodiscard]] std::span<const ref<A>> workers() const noexcept {
    if (state_ == nullptr) return {};
    return state_->workers;
  }

  /// The same workers.
  friend bool operator==(const pool&, const pool&) = default;

private:
  friend actors::access;
  explicit pool(std::vector<ref<A>> workers)
      : state_{std::make_shared<actors::pool_state<A>>(std::move(workers))} {}

  /// Requires: a worker.
  template <class M>
  [[nodiscard]] std::size_t choose(const M& message) const {
    const auto count = state_->workers.size();
    if constexpr (How == routing::by_key) {
      static_assert(keyed<M>,
                    "commy: this pool is routed by key, and the message has no "
                    "member `key()`; see keyed.hpp");
      if constexpr (keyed<M>) return key_of(message) % count;
      return 0;
    } else {
      static_cast<void>(message);
      // relaxed: any order of those who tell at once is right.
      const auto turn = state_->turn.fetch_add(1, std::memory_order_relaxed);
      if constexpr (How == routing::round_robin) return turn % count;
      return count <= actors::most_looked_at ? best_from(turn % count)
                                             : better_of_two(turn);
    }
  }

  /// The first that has room, from this one on; this one if none has.
  [[nodiscard]] std::size_t with_room(std::size_t first) const noexcept {
    const auto all = workers();
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto at = (first + i) % all.size();
      if (actors::has_room(actors::access::handle(all[at]))) return at;
    }
    return first;
  }

  /// The least loaded. The look begins elsewhere each time, so that workers of
  /// the same load take turns, and ends at one that has nothing to do.
  [[nodiscard]] std::size_t best_from(std::size_t begin) const noexcept {
    const auto all = workers();
    auto best = begin;
    auto least = ~0U;
    for (std::size_t i = 0; i < all.size() && least > 0; ++i) {
      const auto index = (begin + i) % all.size();
      const auto load = load_at(index);
      if (load < least) {
        best = index;
        least = load;
      }
    }
    return best;
  }

  /// Source: Mitzenmacher, "The power of two choices in randomized load
  /// balancing", IEEE TPDS 2001.
  [[nodiscard]] std::size_t better_of_two(std::uint64_t turn) const noexcept {
    const auto count = state_->workers.size();
    const auto drawn = memory::mix_bits(turn);
    const auto a = (drawn >> 32U) % count;
    // Of the others.
    const auto b = (a + 1 + (drawn & 0xffff'ffff) % (count - 1)) % count;
    return load_at(b) < load_at(a) ? b : a;
  }

  [[nodiscard]] std::uint32_t load_at(std::size_t index) const noexcept {
    return actors::load_of(actors::access::handle(state_->workers[index]));
  }

  template <class M>
  [[nodiscard]] static bool may_pass_on(const told<M>& refusal) noexcept {
    const auto why = refusal.error().code();
    return why == tell_error::stopped ||
           (why == tell_error::mailbox_full && How != routing::by_key);
  }

  template <class M>
  told<M> tell_others(std::size_t first, told<M> refusal) const {
    const auto all = workers();
    // A message need not be assignable: made anew instead.
    std::optional<told<M>> last{std::move(refusal)};
    bool full = last->error() == tell_error::mailbox_full;
    for (std::size_t i = 1; i < all.size(); ++i) {
      const auto& worker = all[(first + i) % all.size()];
      last.emplace(worker.tell(last->take_back()));
      if (*last || !may_pass_on(*last)) return std::move(*last);
      full = full || last->error() == tell_error::mailbox_full;
    }
    return {full ? tell_error::mailbox_full : tell_error::stopped,
            last->take_back()};
  }

  [[nodiscard]] ref<A> first_living(std::size_t first) const noexcept {
    const auto all = workers();
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto& worker = all[(first + i) % all.size()];
      if (!actors::has_stopped(actors::access::handle(worker))) return worker;
    }
    return all[first];
  }

  std::shared_ptr<actors::pool_state<A>> state_;
};

namespace actors {

class system_core;

/// Checked: not too many, and 0 made a number.
result<std::uint32_t, spawn_error> pool_size(const system_core& system,
                                             const pool_options& options);

/// "name/7", or nothing for a pool without a name.
std::string worker_name(std::string_view pool, std::uint32_t index);

/// Spawns workers by `spawn(spawn_options)`; when one fails, those before it
/// are told to stop.
template <class A, routing How, class Spawn>
result<pool<A, How>, spawn_error> start_pool(const system_core& system,
                                             const pool_options& options,
                                             Spawn spawn) {
  const auto size = pool_size(system, options);
  if (!size) return unexpected{size.error()};
  std::vector<ref<A>> workers;
  workers.reserve(*size);
  for (std::uint32_t i = 0; i < *size; ++i) {
    const auto name = worker_name(options.name, i);
    auto each = options.each;
    each.name = name;
    result<ref<A>, spawn_error> made = spawn(each);
    if (!made) {
      for (const auto& w : workers) {
        signal(access::handle(w), message::mailbox_signal::stop_now);
      }
      return unexpected{made.error()};
    }
    workers.push_back(*made);
  }
  return access::make<pool<A, How>>(std::move(workers));
}

}  // namespace actors
}  // namespace commy
