// commy/actor/system_core.hpp: what all actors of one system share.
#pragma once

#include <commy/actor/alarm_clock.hpp>
#include <commy/actor/cell_extra.hpp>
#include <commy/actor/dead_letters.hpp>
#include <commy/actor/errors.hpp>
#include <commy/actor/host_loop.hpp>
#include <commy/actor/stepped_pool.hpp>
#include <commy/actor/system_options.hpp>
#include <commy/actor/system_snapshot.hpp>
#include <commy/actor/topic_core.hpp>
#include <commy/actor/worker_pool.hpp>
#include <commy/base/blocking.hpp>
#include <commy/base/result.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace commy::actors {

class thread_wait;

/// At most 128 bytes, none of them a control character.
[[nodiscard]] bool is_name(std::string_view name) noexcept;

/// Throws `std::invalid_argument` for phases that are none.
void check_phases(const std::vector<stop_phase>& phases);

/// Threads, names and the count of living actors. Threads: any.
class system_core {
public:
  explicit system_core(const system_options& options);
  system_core(const system_core&) = delete;
  system_core& operator=(const system_core&) = delete;
  /// Stops all actors, waiting for handlers that run, and ends the threads.
  ~system_core();

  [[nodiscard]] const system_options& options() const noexcept {
    return options_;
  }
  /// Somebody wants the time of handlers, or a trace.
  /// Those of threads that are no workers, if workers are kept to some: what is
  /// started by a worker would stay on its core. Else empty.
  [[nodiscard]] const std::vector<unsigned>& other_cores() const noexcept {
    return other_cores_;
  }
  [[nodiscard]] bool is_observed() const noexcept {
    return options_.measure_handlers || options_.trace != nullptr;
  }
  [[nodiscard]] alarm_clock& alarms() noexcept { return alarms_; }
  /// Made at the first call. Not in a system that is stepped.
  [[nodiscard]] host_loop& host();
  /// Runs actors of the host's loop for so long, or until `end_run`. Returns
  /// how many turns that were.
  std::size_t run_host(std::optional<std::chrono::nanoseconds> time);
  void end_run() noexcept;
  /// Null in a system with threads.
  [[nodiscard]] stepped_pool* stepped() noexcept { return stepped_.get(); }
  /// Null in a system that is stepped.
  [[nodiscard]] worker_pool* shared_pool() noexcept { return shared_.get(); }
  [[nodiscard]] dead_letter_office& dead_letters() noexcept { return dead_; }
  [[nodiscard]] topic_directory& topics() noexcept { return topics_; }
  /// Threads that share the actors, as asked for; stepped: what would be.
  [[nodiscard]] unsigned workers() const;

  /// Makes an actor. `make` constructs its object, on this thread; null: the
  /// maker in `extra` does.
  result<cell_handle, spawn_error> start(const actor_type& type,
                                         const spawn_options& options,
                                         std::unique_ptr<cell_extra> extra,
                                         const std::function<void*()>& make);

  /// The living actor of that name and its class; the type is null if none.
  struct found {
    cell_handle handle;
    const actor_type* type = nullptr;
    std::span<const wire_entry> protocol;
  };
  [[nodiscard]] found find(std::string_view name) const;

  /// False when the actor is still there at that time. Not from a handler.
  [[nodiscard]] bool wait_stopped(const cell_handle& actor,
                                  std::chrono::nanoseconds at_most);
  /// Waits for an answer; false when it has not come in time.
  [[nodiscard]] bool wait_answered(thread_wait& answer,
                                   std::chrono::nanoseconds at_most);
  /// Stops all actors, phase after phase, the newest first, each after it has
  /// drained. Returns those that had not stopped at their deadline; they are
  /// told to stop now.
  std::vector<late_actor> shutdown(std::chrono::nanoseconds deadline);
  /// A supervisor that snapshots show as long as it lives.
  void know(const std::shared_ptr<supervision_state>& made);
  [[nodiscard]] system_snapshot inspect() const;
  [[nodiscard]] std::size_t alive() const;
  [[nodiscard]] std::uint64_t next_seed() noexcept;

  // What an actor that ends calls, in this order.
  void forget_name(const cell& c) noexcept;
  void give_back_pool(const actor_pool& pool) noexcept;
  // The last also ends the cell's generation; null: there never was one.
  void actor_stopped(cell* c) noexcept;

private:
  struct name_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const noexcept {
      return std::hash<std::string_view>{}(s);
    }
  };

  struct numbered {
    std::uint64_t number;
    cell_handle actor;
  };

  struct pinned_pool {
    std::unique_ptr<worker_pool> pool;
    bool in_use;
  };

  /// Throws `std::bad_alloc`.
  void open_mailbox(cell& c, const spawn_options& options);
  std::optional<spawn_error> admit(std::uint64_t& number);
  void make_alarm_room(std::size_t actors);
  /// Waits until `met`, which the end of an actor makes true.
  template <class Condition>
  bool wait_for_end(Condition met, std::chrono::nanoseconds at_most);
  std::optional<spawn_error> enlist(const cell& c, const cell_handle& handle);
  actor_pool& pool_for(executor where);
  /// On this thread, if there are actors that need it; nothing otherwise.
  [[nodiscard]] std::optional<bool> run_host_until(
      const std::function<bool()>& met, std::chrono::nanoseconds at_most);
  template <class Condition>
  bool step_until(Condition met, std::chrono::nanoseconds at_most);
  /// Nothing for a name that is none.
  [[nodiscard]] std::optional<std::uint16_t> phases_before_last(
      std::string_view name) const noexcept;
  [[nodiscard]] std::vector<numbered> newest_first(
      std::uint16_t before_last) const;
  void drain(const cell_handle& actor) noexcept;
  bool drain_phase(std::uint16_t before_last, std::int64_t until);
  std::vector<late_actor> end_late(std::uint16_t before_last);
  /// relaxed: whoever stops sets it and then walks over the cells, whoever
  /// spawns takes a cell and then looks. Both lock the arena in between, so
  /// either the walk meets the cell or the look sees the word.
  [[nodiscard]] bool is_stopping() const noexcept {
    return stopping_.load(std::memory_order_relaxed);
  }

  const system_options options_;
  const std::vector<unsigned> other_cores_;
  dead_letter_office dead_;
  topic_directory topics_;
  alarm_clock alarms_;

  mutable blocking::mutex names_mutex_;  // Of the next two.
  std::unordered_map<std::string, found, name_hash, std::equal_to<>> names_;
  std::vector<std::weak_ptr<supervision_state>> supervisors_;

  mutable blocking::mutex life_mutex_;
  blocking::condition_variable one_stopped_;
  std::size_t alarm_room_ = 0;  // Actors that the alarm clock has room for.
  std::uint64_t seeds_ = 0;
  // One line that each spawn and each end writes.
  alignas(64) std::atomic<std::size_t> alive_{0};
  std::atomic<std::uint64_t> spawned_{0};
  // What they only read: the same room, and how many threads wait for an end.
  alignas(64) std::atomic<std::size_t> enough_until_{0};
  std::atomic<std::uint32_t> end_waiters_{0};
  std::atomic<bool> stopping_{false};

  mutable blocking::mutex pinned_mutex_;  // Also of `host_`.
  std::vector<pinned_pool> pinned_;
  // One of the two.
  std::unique_ptr<stepped_pool> stepped_;
  std::unique_ptr<host_loop> host_;
  // The same, for who must not take the lock; null until it is made.
  std::atomic<host_loop*> made_host_{nullptr};
  std::atomic<bool> run_ended_{false};
  std::unique_ptr<worker_pool> shared_;
};

}  // namespace commy::actors
