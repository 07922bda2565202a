// commy/host/module.hpp: a part of the host that is linked into it.
#pragma once

#include <commy/base/result.hpp>
#include <commy/host/options.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace commy {

class module_context;

enum class module_error : std::uint8_t {
  bad_options,  // Each option is right, but not all of them together.
  unavailable,  // Something of the system is taken, absent or refused.
  late,         // It was not done by its deadline.
  failed,       // It threw; the detail quotes what.
};
std::string_view describe(module_error error) noexcept;

/// What a module does in its life. The host calls each member once, in this
/// order, never two at a time, and each in a thread that may change between
/// calls. A call that is not back by its deadline is reported as late and the
/// module is left alone from then on; an exception counts as `failed`.
class host_module {
public:
  virtual ~host_module() = default;

  /// Takes over the checked options; no threads, no actors yet. `context` stays
  /// valid until the module is destroyed.
  virtual result<void, module_error> configure(const option_values& options,
                                               module_context& context) = 0;
  /// Opens what it needs and spawns its actors. All that it needs is started.
  virtual result<void, module_error> start() = 0;
  /// Ends everything it started, by `deadline`; also after a failed `start`.
  /// All that need it are stopped.
  virtual result<void, module_error> stop(
      std::chrono::steady_clock::time_point deadline) = 0;
};

/// Declares a module to the host: its name in the manifest, what it needs, what
/// can be set, and how to make it. Modules are linked in by target and handed
/// to `runtime::start` in a table of these; all views are to constants.
struct module_description {
  std::string_view name;
  std::string_view summary{};
  /// Names of modules that start before this one and stop after it. Modules
  /// still meet in messages only.
  std::span<const std::string_view> needs{};
  std::span<const option> options{};
  std::unique_ptr<host_module> (*make)() = nullptr;
  std::chrono::milliseconds start_within{5'000};
  std::chrono::milliseconds stop_within{5'000};
};

}  // namespace commy
