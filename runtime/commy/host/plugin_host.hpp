// commy/host/plugin_host.hpp: what a host offers to a plugin, in C++.
#pragma once

#include <commy/host/plugin.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace commy {

/// Tells what a message looks like: specialize it with
/// `static constexpr std::string_view layout`, the text that the host's
/// `commy::wire_layout<M>()` gives for its struct of the same layout.
template <class M>
struct plugin_message;

/// The id of messages with that layout: FNV-1a, 64 bits.
constexpr std::uint64_t plugin_message_id(std::string_view layout) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : layout) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3U;
  }
  return hash;
}

/// The messages an actor handles: `using protocol = plugin_messages<A, B>;`.
template <class... M>
struct plugin_messages {
  static_assert((std::is_trivially_copyable_v<M> && ...),
                "commy: a message is copied byte by byte");
  static_assert(sizeof...(M) > 0, "commy: an actor handles some message");
};

/// To throw where a sentence for the host's log is known.
class plugin_failure : public std::runtime_error {
public:
  explicit plugin_failure(const std::string& text,
                          commy_status code = COMMY_FAILED)
      : std::runtime_error{text}, code_{code} {}
  [[nodiscard]] commy_status code() const noexcept { return code_; }

private:
  commy_status code_;
};

/// Whether the host took a message, and if not, why.
struct plugin_sent {
  commy_status code = COMMY_OK;
  std::string text;
  explicit operator bool() const noexcept { return code == COMMY_OK; }
};

/// What the host offers. Copies are as good as the original. Threads: any, but
/// see `resolve`.
class plugin_host {
public:
  explicit plugin_host(const commy_host* host) noexcept : host_{host} {}

  void debug(std::string_view text) const { log(COMMY_LOG_DEBUG, text); }
  void info(std::string_view text) const { log(COMMY_LOG_INFO, text); }
  void warning(std::string_view text) const { log(COMMY_LOG_WARNING, text); }
  void error(std::string_view text) const { log(COMMY_LOG_ERROR, text); }

  /// The host's clock, which never goes back and may be a fake under test.
  [[nodiscard]] std::chrono::nanoseconds now() const {
    return std::chrono::nanoseconds{
        static_cast<std::int64_t>(host_->now_ns(host_->context))};
  }

  /// A declared option in the form of `commy_host.option`; nothing when it is
  /// neither set nor has it a default.
  [[nodiscard]] std::optional<std::string_view> option(
      std::string_view name) const {
    commy_text value{nullptr, 0};
    if (host_->option(host_->context, {name.data(), name.size()}, &value) !=
        COMMY_OK) {
      return std::nullopt;
    }
    return std::string_view{value.data, static_cast<std::size_t>(value.size)};
  }
  /// Those that are there for sure. Throw `plugin_failure` when `name` is not.
  [[nodiscard]] std::string text(std::string_view name) const {
    const auto value = option(name);
    if (!value) {
      throw plugin_failure{"the option \"" + std::string{name} +
                           "\" is not set"};
    }
    return std::string{*value};
  }
  [[nodiscard]] std::int64_t integer(std::string_view name) const {
    return std::stoll(text(name));
  }
  [[nodiscard]] double number(std::string_view name) const {
    return std::stod(text(name));
  }
  [[nodiscard]] bool boolean(std::string_view name) const {
    return text(name) == "true";
  }
  [[nodiscard]] std::chrono::nanoseconds duration(std::string_view name) const {
    return std::chrono::nanoseconds{integer(name)};
  }
  [[nodiscard]] std::uint64_t bytes(std::string_view name) const {
    return std::stoull(text(name));
  }

  /// Sends a copy of `message` to the actor of that name; never waits.
  template <class M>
  [[nodiscard]] plugin_sent send(std::string_view actor,
                                 const M& message) const {
    static_assert(std::is_trivially_copyable_v<M>);
    commy_error why{};
    why.size = sizeof(why);
    const auto code = host_->send(host_->context, {actor.data(), actor.size()},
                                  plugin_message_id(plugin_message<M>::layout),
                                  &message, sizeof(M), &why);
    return {code, code == COMMY_OK ? std::string{} : std::string{why.text}};
  }

  /// The T a handle points to, or null when it is gone or too small for a T.
  /// Valid, constant and readable until the handler under way returns; only to
  /// be called by that handler.
  template <class T>
  [[nodiscard]] const T* resolve(const commy_handle& handle) const {
    static_assert(std::is_trivially_copyable_v<T>);
    commy_view view{nullptr, 0};
    if (host_->resolve(host_->context, &handle, &view, nullptr) != COMMY_OK ||
        view.size < sizeof(T) ||
        reinterpret_cast<std::uintptr_t>(view.data) % alignof(T) != 0) {
      return nullptr;
    }
    return static_cast<const T*>(view.data);
  }

private:
  void log(std::uint32_t level, std::string_view text) const {
    host_->log(host_->context, level, {text.data(), text.size()});
  }

  const commy_host* host_;
};

}  // namespace commy
