// commy/host/runtime.hpp: a host, from its manifest to its end.
#pragma once

#include <commy/actor/actor_system.hpp>
#include <commy/base/result.hpp>
#include <commy/host/children.hpp>
#include <commy/host/host_events.hpp>
#include <commy/host/manifest.hpp>
#include <commy/host/messages/health.hpp>
#include <commy/host/module.hpp>
#include <commy/host/segment_mail.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace commy {

enum class start_error : std::uint8_t {
  manifest,  // The manifest does not fit these modules.
  host,      // Another host serves the tenant, or its folder is unusable.
  module,    // A module did not start.
  plugin,    // A plugin was refused or did not start.
  process,   // A child process could not be started.
};
std::string_view describe(start_error error) noexcept;

struct runtime_options {
  /// Where segments live; empty: `platform::default_segment_folder()`.
  std::string segment_folder{};
  /// Where programs and plugins with bare names are looked for. Empty: beside
  /// this program, and in ../lib/commy/plugins from there.
  std::vector<std::string> program_folders{};
  std::vector<std::string> plugin_folders{};
  /// The host's clock; empty: the system's steady clock.
  std::function<std::chrono::nanoseconds()> now{};
  system_options actors{};
};

/// What was late when a host stopped, one sentence each; empty: nothing.
struct stop_report {
  std::vector<std::string> late;
};

/// Runs what a manifest says: actor system, modules in the order of their
/// needs, plugins, child processes; stops them the other way round. Several may
/// live in one process, for different tenants. Threads: any thread may call any
/// member but `stop` and `wait_until_stopped`, which are for one at a time and
/// not for handlers of actors.
class runtime {
public:
  /// Starts everything, or stops what was started already and says what failed.
  static result<runtime, start_error> start(
      const manifest& plan, std::span<const module_description> modules = {},
      const runtime_options& options = {});

  runtime(runtime&&) noexcept;
  runtime& operator=(runtime&&) noexcept;
  /// As `stop`.
  ~runtime();

  [[nodiscard]] actor_system& actors() const noexcept;
  [[nodiscard]] host_events& events() const noexcept;
  [[nodiscard]] const manifest& plan() const noexcept;

  /// As the member functions of `actors()`.
  template <class A, class... Args>
  ref<A> spawn(std::string_view name, Args&&... args) const {
    return actors().template spawn<A>(name, std::forward<Args>(args)...);
  }
  template <class To, class M>
  result<reply_of<M>, ask_error> ask(const To& to, M message,
                                     std::chrono::nanoseconds timeout) const {
    return actors().ask(to, std::move(message), timeout);
  }

  // Actors of other processes; see segment_mail.hpp, which says more, and is
  // what a program without a manifest uses.

  /// Joins a segment: its published actors can be found, and ours be published.
  /// Modules may have joined it already (`already_open`), which serves as well.
  result<void, inbox_error> join(
      const segment& shared, const message::inbox_options& options = {}) const {
    return mail().open(shared, options);
  }
  /// Lets other processes find an actor whose class has a protocol, in all
  /// segments that are joined.
  template <class A>
  result<void, inbox_error> publish(std::string_view name,
                                    const ref<A>& who) const {
    return mail().publish(name, who);
  }
  /// An actor of another process, by an address like any other.
  template <wire_sendable... M>
  result<address<M...>, remote_error> find(
      const segment& shared, std::string_view name,
      const spawn_options& options = {}) const {
    return mail().template find<M...>(shared, name, options);
  }
  /// The same, after waiting for the name. Not from a handler.
  template <wire_sendable... M>
  result<address<M...>, remote_error> wait_for(
      const segment& shared, std::string_view name,
      std::chrono::steady_clock::time_point deadline,
      const spawn_options& options = {}) const {
    return mail().template wait_for<M...>(shared, name, deadline, options);
  }
  [[nodiscard]] segment_mail& mail() const noexcept;

  /// The health of every module, process and plugin.
  [[nodiscard]] std::vector<health_report> health() const;
  [[nodiscard]] std::vector<host::child_state> processes() const;

  /// Makes `wait_until_stopped` stop the host. May be called early, and often.
  void request_stop() const noexcept;
  /// Sleeps until `request_stop`, then stops.
  stop_report wait_until_stopped();
  /// Stops everything, each part within its own time, and tells who was late. A
  /// late part is left alone; what it may still use stays until the process
  /// ends. The second time there is nothing left to do.
  stop_report stop();

private:
  struct state;
  explicit runtime(std::shared_ptr<state> s) noexcept;
  std::shared_ptr<state> state_;
};

}  // namespace commy
