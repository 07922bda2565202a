// tests/benchmark/actor/caf_runtime.hpp: CAF, as the programs see a runtime.
#pragma once

#include <caf/all.hpp>

#include <cstdint>
#include <exception>
#include <utility>

namespace commy::benchmark {

struct caf_runtime {
  template <class...>
  using address = caf::actor;

  /// Puts an A, which knows nothing of CAF, behind CAF's own actor.
  template <class A>
  class host final : public caf::event_based_actor {
  public:
    template <class... Args>
    explicit host(caf::actor_config& config, Args&&... args)
        : event_based_actor{config}, inside_{std::forward<Args>(args)...} {
      inside_.live_in(*this);
    }
    caf::behavior make_behavior() override { return inside_.handlers(); }

  private:
    A inside_;
  };

  class system {
  public:
    /// CAF's mailboxes have no bound.
    explicit system(unsigned workers, std::uint32_t = 0)
        : actors_{start(workers)} {}

    template <class A, class... Args>
    caf::actor spawn(Args&&... args) {
      return actors_.spawn<host<A>>(std::forward<Args>(args)...);
    }
    template <class A, class... Args>
    caf::actor spawn_pinned(Args&&... args) {
      return actors_.spawn<host<A>, caf::detached>(std::forward<Args>(args)...);
    }
    template <class M>
    void tell(const caf::actor& to, M message) {
      caf::anon_send(to, std::move(message));
    }
    caf::actor_system& actors() noexcept { return actors_; }

  private:
    // Never ends: CAF would wait for actors that know each other, and thereby
    // keep each other alive. The process ends a moment later.
    static caf::actor_system& start(unsigned workers) {
      auto& config = *new caf::actor_system_config;
      config.set("scheduler.max-threads", workers);
      auto& made = *new caf::actor_system{config};
      if (made.scheduler().num_workers() != workers) std::terminate();
      return made;
    }

    caf::actor_system& actors_;
  };

  template <class Self, class... M>
  class base {
  public:
    using own = caf::actor;

    void live_in(caf::event_based_actor& host) noexcept { host_ = &host; }
    caf::behavior handlers() {
      auto* const self = static_cast<Self*>(this);
      return {[self](M& message) { self->on(std::move(message)); }...};
    }

  protected:
    own me() const { return caf::actor_cast<caf::actor>(host_); }
    template <class Sent>
    void send(const caf::actor& to, Sent message) {
      host_->send(to, std::move(message));
    }
    template <class A, class... Args>
    own make(system&, Args&&... args) {
      return host_->spawn<host<A>>(std::forward<Args>(args)...);
    }
    void quit() { host_->quit(); }

  private:
    friend Self;
    base() = default;

    caf::event_based_actor* host_ = nullptr;
  };
};

}  // namespace commy::benchmark
