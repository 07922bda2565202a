// tests/benchmark/actor/our_runtime.hpp: Commy, as the programs see a runtime.
#pragma once

#include <commy/actor/actor_system.hpp>

#include <cstdint>
#include <exception>
#include <thread>
#include <utility>

namespace commy::benchmark {

/// Out of line, where it does not slow down what is measured.
[[gnu::noinline, gnu::cold]] inline void check_refusal(
    const failure<tell_error>& why) {
  if (why.code() != tell_error::stopped) std::terminate();
}

struct our_runtime {
  template <class... M>
  using address = commy::address<M...>;

  class system {
  public:
    explicit system(unsigned workers, std::uint32_t mailbox_messages = 1024)
        : actors_{{.workers = workers,
                   .mailbox_messages = mailbox_messages,
                   .mailbox_bytes = std::uint64_t{1} << 30U,
                   .max_actors = 1'200'000}} {}

    template <class A, class... Args>
    typename A::own spawn(Args&&... args) {
      return actors_.spawn<A>(spawn_options{}, std::forward<Args>(args)...);
    }
    /// On a thread of its own.
    template <class A, class... Args>
    typename A::own spawn_pinned(Args&&... args) {
      return actors_.spawn<A>(spawn_options{.where = executor::pinned},
                              std::forward<Args>(args)...);
    }
    /// From a plain thread, which waits while the mailbox is full.
    template <class To, class M>
    void tell(const To& to, M message) {
      while (!to.tell(message))
        std::this_thread::yield();
    }
    actor_system& actors() noexcept { return actors_; }

  private:
    actor_system actors_;
  };

  /// What an actor of class Self that takes these messages derives from.
  template <class Self, class... M>
  class base : public actor {
  public:
    using own = commy::address<M...>;

  protected:
    own me() const { return self(static_cast<const Self*>(this)); }
    /// Every bound here is large enough: a program that loses a message would
    /// win its race unfairly. Who has stopped is told in vain: the end is
    /// reached, and the system goes down.
    template <class To, class Sent>
    void send(const To& to, Sent message) {
      const auto told = to.tell(std::move(message));
      if (!told) [[unlikely]]
        check_refusal(told.error());
    }
    template <class A, class... Args>
    typename A::own make(system& home, Args&&... args) {
      return home.spawn<A>(std::forward<Args>(args)...);
    }
    void quit() { stop(); }

  private:
    friend Self;
    base() = default;
  };
};

}  // namespace commy::benchmark
