// commy/actor/actor_system.hpp: runs actors inside one process.
#pragma once

#include <commy/actor/actor.hpp>
#include <commy/actor/actor_trace.hpp>
#include <commy/actor/dead_letters.hpp>
#include <commy/actor/event_source.hpp>
#include <commy/actor/pool.hpp>
#include <commy/actor/supervisor.hpp>
#include <commy/actor/system_options.hpp>
#include <commy/actor/system_snapshot.hpp>
#include <commy/actor/topic.hpp>
#include <commy/actor/wire_port.hpp>
#include <commy/base/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace commy {

namespace actors {
class system_core;
}  // namespace actors

/// Actors and the threads that run them. A process may have several; their
/// actors tell each other freely. Threads: any thread may call any member,
/// handlers too, except those marked "not from a handler".
class actor_system {
public:
  /// Throws `std::invalid_argument` for options that are none, and a
  /// `std::runtime_error` that says which of its threads could not begin.
  explicit actor_system(const system_options& options = {});
  actor_system(const actor_system&) = delete;
  actor_system& operator=(const actor_system&) = delete;
  /// Shuts down with `stop_deadline`, then waits for handlers that still run,
  /// after logging whose they are. Not from a handler.
  ~actor_system();

  /// Starts an A, constructed from `args` on this thread, before its first
  /// message. It is not restarted: when it fails, it stops. Cost: some 200 ns.
  template <class A, class... Args>
  result<ref<A>, spawn_error> try_spawn(const spawn_options& options,
                                        Args&&... args) {
    static_assert(std::is_base_of_v<actor, A>,
                  "commy: an actor derives publicly from commy::actor");
    auto started = start(actors::type_of<A>, options, [&] {
      return static_cast<void*>(new A(std::forward<Args>(args)...));
    });
    if (!started) return unexpected{started.error()};
    return actors::access::make<ref<A>>(*started);
  }
  template <class A, class... Args>
  result<ref<A>, spawn_error> try_spawn(std::string_view name, Args&&... args) {
    return try_spawn<A>(spawn_options{.name = name},
                        std::forward<Args>(args)...);
  }

  /// As `try_spawn`; throws `bad_result` with the reason.
  template <class A, class... Args>
  ref<A> spawn(const spawn_options& options, Args&&... args) {
    return try_spawn<A>(options, std::forward<Args>(args)...).value();
  }
  template <class A, class... Args>
  ref<A> spawn(std::string_view name, Args&&... args) {
    return try_spawn<A>(name, std::forward<Args>(args)...).value();
  }

  /// Starts workers of class A, each constructed from copies of `args`; see
  /// pool.hpp. When one cannot be started, those before it are told to stop,
  /// and it fails as `try_spawn` does, or with `pool_too_large`.
  template <class A, routing How = routing::round_robin, class... Args>
  result<pool<A, How>, spawn_error> try_spawn_pool(const pool_options& options,
                                                   const Args&... args) {
    return actors::start_pool<A, How>(*core_, options,
                                      [&](const spawn_options& worker) {
                                        return try_spawn<A>(worker, args...);
                                      });
  }
  /// As `try_spawn_pool`; throws `bad_result` with the reason.
  template <class A, routing How = routing::round_robin, class... Args>
  pool<A, How> spawn_pool(const pool_options& options, const Args&... args) {
    return try_spawn_pool<A, How>(options, args...).value();
  }

  /// A supervisor without children yet.
  [[nodiscard]] supervisor supervise(supervision options = {});

  /// Asks and blocks this thread until the answer comes, at the latest after
  /// `timeout`. Gives exactly one answer: the reply or why there is none. Not
  /// from a handler, where it fails with `inside_handler`: handlers co_await
  /// `actor::ask`.
  template <class To, class M>
  result<reply_of<M>, ask_error> ask(const To& to, M message,
                                     std::chrono::nanoseconds timeout) const {
    static_assert(request<M>,
                  "commy: ask needs a message that says `using reply = X;`; "
                  "a message without an answer is told");
    const auto& one = actors::access::receiver(to, message);
    const auto* const ops = actors::access::ops<M>(one);
    if (ops == nullptr) return unexpected{ask_error::receiver_stopped};
    return actors::ask_blocking(*core_, actors::access::handle(one), *ops,
                                std::move(message), timeout);
  }

  /// Tells, and where the mailbox is full and its actor was spawned with
  /// `overflow::wait`, blocks this thread until there is room, at the latest
  /// after `timeout`. Not from a handler, where it fails with `inside_handler`
  /// and handlers co_await `actor::tell`.
  template <class To, class M>
  told<M> tell(const To& to, M message,
               std::chrono::nanoseconds timeout) const {
    const auto& one = actors::access::receiver(to, message);
    return actors::tell_blocking(*core_, actors::access::handle(one),
                                 actors::access::ops<M>(one),
                                 std::move(message), timeout);
  }

  /// The topic of that name and these messages; a new one if nobody holds one.
  /// Fails with `other_messages`, which names both, `bad_name` or
  /// `too_many_topics`.
  template <sendable... M>
  result<commy::topic<M...>, topic_error> try_topic(std::string_view name) {
    auto found = find_topic(name, commy::topic<M...>::kind);
    if (!found) return unexpected{found.error()};
    return commy::topic<M...>{std::move(*found)};
  }
  /// As `try_topic`; throws `bad_result` with the reason.
  template <sendable... M>
  commy::topic<M...> topic(std::string_view name) {
    return try_topic<M...>(name).value();
  }

  /// The living actor of that name.
  template <class A>
  [[nodiscard]] result<ref<A>, find_error> find(std::string_view name) const {
    const auto found = find_actor(name, typeid(A));
    if (!found) return unexpected{found.error()};
    return actors::access::make<ref<A>>(*found);
  }
  /// The same actor for messages that come as bytes; see `find_address` in
  /// protocol.hpp for messages of a known type.
  [[nodiscard]] result<wire_port, find_error> find_port(
      std::string_view name) const;
  /// `find_port` and `wire_port::deliver` in one.
  result<void, deliver_error> deliver(std::string_view name, message_id id,
                                      std::span<const std::byte> bytes,
                                      const loan_source& loans = {}) const;

  /// Lets the workers of `executor::shared` actors take what `source` brings:
  /// one of those that have nothing to do waits in it. What it brings while all
  /// of them are in handlers waits for the end of the shortest; while one is
  /// and others sleep, for the end of that one, until a handler has been seen
  /// to last longer than a tick of the clock (1 to 4 ms): from then on somebody
  /// else takes over first. `source` must outlive `detach` or the system. False
  /// when there is a source already, and in a stepped system, which has no
  /// workers.
  [[nodiscard]] bool attach(event_source& source) noexcept;
  /// Returns when no worker is in the source and none will be.
  void detach(event_source& source) noexcept;

  /// Tells an actor to stop and returns. Its supervisor does not restart it.
  /// False when it has stopped already.
  template <class To>
  bool stop(const To& actor, stop_mode how = stop_mode::drain) const noexcept {
    return actors::signal(actors::access::handle(actor),
                          how == stop_mode::drain
                              ? message::mailbox_signal::drain
                              : message::mailbox_signal::stop_now);
  }
  /// Waits until an actor, its members destroyed, is gone; false when it still
  /// is there after `at_most`. Not from a handler.
  template <class To>
  [[nodiscard]] bool wait_stopped(const To& actor,
                                  std::chrono::nanoseconds at_most) const {
    return wait_gone(actors::access::handle(actor), at_most);
  }

  /// Stops all actors, the newest first, each after it has handled what lies in
  /// its mailbox; spawns are refused from now on. Returns at the deadline at
  /// the latest, with those that are late and what they do. They are then told
  /// to stop at once: handlers that wait are ended, handlers that run are not.
  /// With `system_options::stop_phases` it does so phase after phase, each
  /// until its own deadline or this one, whichever is first. Not from a
  /// handler.
  std::vector<late_actor> shutdown(std::chrono::nanoseconds deadline);

  /// All actors and supervisors at this moment; `describe` makes a text of it.
  /// Cost: a walk over all, some 300 ns each. Messages go on meanwhile, spawns
  /// and ends of actors wait for it.
  [[nodiscard]] system_snapshot inspect() const;
  [[nodiscard]] std::size_t actor_count() const;

  /// Messages that were accepted and never handled; see dead_letters.hpp.
  [[nodiscard]] std::uint64_t dead_letter_count() const noexcept;
  dead_letter_subscription on_dead_letter(dead_letter_listener listener);

  // Actors of `executor::host` run on the thread that calls one of the next
  // three, or of one that waits in this system, an ask for instance; one thread
  // at a time: another one waits meanwhile, but in `poll`, which then returns
  // 0. Other actors go on by themselves. Not from a handler.

  /// Gives actors that are ready one turn each (64 messages or 500 us at most)
  /// and returns how many there were. Never waits.
  std::size_t poll();
  /// Runs actors, and waits where none is ready, for `time`; returns turns.
  std::size_t run_for(std::chrono::nanoseconds time);
  /// The same until `end_run`, which any thread may call.
  void run();
  /// Ends the `run` of now, or else the next one.
  void end_run() noexcept;
  /// What another event loop may wait on before it calls `poll`: a file
  /// descriptor that is readable while an actor is ready, now and then also for
  /// nothing (Windows: an event's handle). Lives as long as the system.
  [[nodiscard]] std::intptr_t wake_handle();

  /// The time that actors live by: of a steady clock, or, with
  /// `system_options::stepped`, since the system was made and as far as it was
  /// moved.
  [[nodiscard]] std::chrono::nanoseconds now() const noexcept;

  // For commy/test/runtime.hpp, which says what they do. Require:
  // `system_options::stepped`.
  bool step() noexcept;
  /// Moves the time to the next moment at which something is due, or else to
  /// `until`; false in that case.
  bool advance_to_next(std::chrono::nanoseconds until) noexcept;
  template <class To>
  void silence(const To& actor) {
    silence_cell(actors::access::handle(actor), true);
  }
  template <class To>
  void wake(const To& actor) {
    silence_cell(actors::access::handle(actor), false);
  }
  void wake_all() noexcept;

private:
  void silence_cell(const actors::cell_handle& actor, bool silent);
  result<actors::cell_handle, spawn_error> start(
      const actors::actor_type& type, const spawn_options& options,
      const std::function<void*()>& make);
  [[nodiscard]] result<actors::cell_handle, find_error> find_actor(
      std::string_view name, const std::type_info& type) const;
  result<std::shared_ptr<actors::topic_core>, topic_error> find_topic(
      std::string_view name, const actors::topic_kind& kind);
  [[nodiscard]] bool wait_gone(const actors::cell_handle& actor,
                               std::chrono::nanoseconds at_most) const;

  std::unique_ptr<actors::system_core> core_;
};

}  // namespace commy
