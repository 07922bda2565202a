// commy/actor/supervisor.hpp: starts actors that are restarted when they fail.
#pragma once

#include <commy/actor/actor.hpp>
#include <commy/actor/cell_extra.hpp>
#include <commy/actor/pool.hpp>
#include <commy/actor/supervision.hpp>
#include <commy/actor/system_options.hpp>
#include <commy/base/result.hpp>

#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace commy {

namespace actors {

/// Keeps copies of the constructor's arguments, to use them again.
template <class A, class... Args>
class stored_maker final : public actor_maker {
public:
  template <class... Given>
  explicit stored_maker(Given&&... args)
      : args_{std::forward<Given>(args)...} {}

  void* make() override {
    return std::apply(
        [](const Args&... args) { return static_cast<void*>(new A(args...)); },
        args_);
  }

private:
  std::tuple<Args...> args_;
};

result<cell_handle, spawn_error> start_supervised(
    system_core& system, const actor_type& type, const spawn_options& options,
    std::unique_ptr<actor_maker> maker,
    std::shared_ptr<supervision_state> supervisor);

}  // namespace actors

/// A supervisor, made by `actor_system::supervise`. A handle: copies refer to
/// the same one, which lives as long as it has handles or children. Threads:
/// any. The system must outlive the calls of `spawn`.
///
///     auto tills = system.supervise({.name = "tills", .max_restarts = 5});
///     auto desk = tills.spawn<till>("desk", sums);
class supervisor {
public:
  supervisor(actors::system_core& system,
             std::shared_ptr<actors::supervision_state> state) noexcept
      : system_{&system}, state_{std::move(state)} {}

  /// Starts a child. When it fails, its object is destroyed, and after a pause
  /// made anew from copies of `args`: as constants, so that each start is like
  /// the first. Its mailbox and all references to it stay; only the message
  /// that failed is dropped. Fails as `actor_system::try_spawn` does.
  template <class A, class... Args>
  result<ref<A>, spawn_error> try_spawn(const spawn_options& options,
                                        Args&&... args) const {
    static_assert(std::is_constructible_v<A, const std::decay_t<Args>&...>,
                  "commy: the actor has no constructor for constants of these "
                  "arguments; they are kept and used again at each restart");
    auto started = actors::start_supervised(
        *system_, actors::type_of<A>, options,
        std::make_unique<actors::stored_maker<A, std::decay_t<Args>...>>(
            std::forward<Args>(args)...),
        state_);
    if (!started) return unexpected{started.error()};
    return actors::access::make<ref<A>>(*started);
  }
  template <class A, class... Args>
  result<ref<A>, spawn_error> try_spawn(std::string_view name,
                                        Args&&... args) const {
    return try_spawn<A>(spawn_options{.name = name},
                        std::forward<Args>(args)...);
  }

  /// As `try_spawn`; throws `bad_result` with the reason.
  template <class A, class... Args>
  ref<A> spawn(const spawn_options& options, Args&&... args) const {
    return try_spawn<A>(options, std::forward<Args>(args)...).value();
  }
  template <class A, class... Args>
  ref<A> spawn(std::string_view name, Args&&... args) const {
    return try_spawn<A>(name, std::forward<Args>(args)...).value();
  }

  /// Starts the workers of a pool as children; see
  /// `actor_system::try_spawn_pool`.
  template <class A, routing How = routing::round_robin, class... Args>
  result<pool<A, How>, spawn_error> try_spawn_pool(const pool_options& options,
                                                   const Args&... args) const {
    return actors::start_pool<A, How>(*system_, options,
                                      [&](const spawn_options& worker) {
                                        return try_spawn<A>(worker, args...);
                                      });
  }
  /// As `try_spawn_pool`; throws `bad_result` with the reason.
  template <class A, routing How = routing::round_robin, class... Args>
  pool<A, How> spawn_pool(const pool_options& options,
                          const Args&... args) const {
    return try_spawn_pool<A, How>(options, args...).value();
  }

  /// A supervisor beneath, whose failure is this one's to judge: when it has
  /// had too many, this one restarts all of its members, as one failure of its
  /// own, or gives up in turn.
  [[nodiscard]] supervisor supervise(supervision options = {}) const;

  /// There were too many failures, and all children have been stopped.
  [[nodiscard]] bool gave_up() const { return state_->gave_up(); }
  /// Why it gave up, the last consequence first; empty while it has not.
  [[nodiscard]] std::vector<std::string> reasons() const {
    return state_->reasons();
  }
  /// Failures so far that ended in a restart, of all members.
  [[nodiscard]] std::uint64_t restarts() const { return state_->restarts(); }

private:
  actors::system_core* system_;
  std::shared_ptr<actors::supervision_state> state_;
};

}  // namespace commy
