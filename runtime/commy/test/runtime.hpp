// commy/test/runtime.hpp: actors under a test's hand.
#pragma once

#include <commy/actor/actor_system.hpp>
#include <commy/test/probe.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace commy::test {

/// A system of actors for one test: nothing happens but by its calls, on its
/// thread, and time stands still until it is moved. So a test needs no sleeps,
/// a timeout of an hour takes no time, and a failure can be repeated.
///
///     commy::test::runtime rt;
///     auto screen = rt.probe<frame>();
///     auto camera = rt.spawn<camera_actor>("camera", screen.address());
///     camera.tell(start{}).value();
///     rt.advance(1s);                     // All that happens in a second.
///     CHECK(screen.count<frame>() == 25);
///
/// Options as for any system; those about threads mean nothing here. Threads:
/// one at a time.
class runtime {
public:
  explicit runtime(stepping how = {}, const system_options& options = {})
      : how_{how}, system_{with(options, how)} {}

  runtime(const runtime&) = delete;
  runtime& operator=(const runtime&) = delete;
  /// Silenced actors may stop like any other.
  ~runtime() { system_.wake_all(); }

  /// All that `actor_system` offers. `ask`, `wait_stopped` and `shutdown` let
  /// actors run, and time pass where none is ready, as long as they wait.
  [[nodiscard]] actor_system& system() noexcept { return system_; }

  template <class A, class... Args>
  ref<A> spawn(std::string_view name, Args&&... args) {
    return system_.spawn<A>(name, std::forward<Args>(args)...);
  }
  template <class To, class M>
  auto ask(const To& to, M message,
           std::chrono::nanoseconds timeout = std::chrono::seconds{1}) {
    return system_.ask(to, std::move(message), timeout);
  }
  /// An actor that keeps what it is told: see probe.hpp.
  template <sendable... M>
  [[nodiscard]] test::probe<M...> probe(std::string_view name = {}) {
    return test::probe<M...>{system_, name};
  }

  /// Lets one actor that is ready handle one message (or answer, timer, order
  /// to stop); false when none is ready. Which one the seed says.
  bool step() noexcept { return system_.step(); }
  /// Lets actors run until none is ready; returns how many steps that took.
  /// Throws `std::runtime_error` after `limit`: they would go on for ever.
  std::uint64_t settle(std::uint64_t limit = 1'000'000) {
    std::uint64_t steps = 0;
    while (step()) {
      if (++steps == limit) {
        throw std::runtime_error{
            "actors are still busy after " + std::to_string(limit) +
            " steps at one moment; do two of them tell each other for ever?"};
      }
    }
    return steps;
  }
  /// Settles, then lets so much time pass, and settles at each moment at which
  /// a timer, a timeout or a restart is due.
  void advance(std::chrono::nanoseconds time) {
    settle();
    const auto until = system_.now() + time;
    while (system_.advance_to_next(until))
      settle();
    settle();
  }
  /// From now on the actor gets no turn: what it is told lies in its mailbox,
  /// who asks it learns so from his timeout. `wake` ends that.
  template <class To>
  void silence(const To& actor) {
    system_.silence(actor);
  }
  template <class To>
  void wake(const To& actor) {
    system_.wake(actor);
  }
  /// Since the runtime was made.
  [[nodiscard]] std::chrono::nanoseconds now() const { return system_.now(); }
  [[nodiscard]] std::uint64_t seed() const noexcept { return how_.seed; }

private:
  static system_options with(system_options options, stepping how) {
    options.stepped = how;
    return options;
  }

  stepping how_;
  actor_system system_;
};

/// Runs `body(runtime&)` under seeds `first` to `first + runs - 1`: so many of
/// the orders in which actors may get their turns. When one throws, what it
/// threw comes nested in an error that names the seed; the same `first` with
/// one run repeats it.
template <std::invocable<runtime&> Body>
void interleave(std::uint64_t runs, Body body, std::uint64_t first = 1) {
  for (std::uint64_t seed = first; seed < first + runs; ++seed) {
    try {
      runtime rt{{.seed = seed}};
      body(rt);
    } catch (const std::exception& e) {
      std::throw_with_nested(
          std::runtime_error{"seed " + std::to_string(seed) + ": " + e.what()});
    }
  }
}

}  // namespace commy::test
