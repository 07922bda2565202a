// commy/host/plugin_test.hpp: a host for the tests of one plugin.
//
// Link the plugin's sources into the test with COMMY_PLUGIN_STATIC defined:
//
//     extern "C" const commy_plugin_table* commy_plugin_acme_blur();
//
//     commy::plugin_test_host host{commy_plugin_acme_blur(), {{"radius",
//     "3"}}}; auto blur = host.create("acme.blur", "blur");
//     CHECK(blur.handle(picture_taken{host.lend(picture)}) == COMMY_OK);
//     CHECK(host.sent<picture_blurred>().size() == 1);
//
// Time stands still until the test moves it; nothing runs in other threads.
// C++20, and nothing but the plugin SDK.
#pragma once

#include <commy/host/plugin.hpp>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace commy {

class plugin_test_host;

/// One actor of the plugin under test; destroyed with this object.
class plugin_test_actor {
public:
  plugin_test_actor(plugin_test_actor&& other) noexcept
      : type_{other.type_},
        object_{std::exchange(other.object_, nullptr)},
        host_{other.host_} {}
  plugin_test_actor& operator=(plugin_test_actor&&) = delete;
  ~plugin_test_actor() {
    if (object_ != nullptr) type_->destroy(object_);
  }

  /// Hands over a message, which must be one of its type's. The plugin's own
  /// words, if it fails, are in `error()`.
  template <class M>
  commy_status handle(const M& message);
  [[nodiscard]] std::string error() const { return error_.text; }

private:
  friend class plugin_test_host;
  plugin_test_actor(const commy_actor_type* type, void* object,
                    plugin_test_host* host)
      : type_{type}, object_{object}, host_{host} {}

  const commy_actor_type* type_;
  void* object_;
  plugin_test_host* host_;
  commy_error error_{};
};

class plugin_test_host {
public:
  /// Starts the plugin. `options` are in the form of `commy_host.option`
  /// (durations in nanoseconds); those that are absent have the plugin's
  /// default as it is written. Throws when the plugin refuses.
  explicit plugin_test_host(const commy_plugin_table* plugin,
                            std::map<std::string, std::string> options = {})
      : plugin_{plugin}, options_{std::move(options)} {
    if (plugin == nullptr) throw std::runtime_error{"the plugin has no table"};
    for (std::uint64_t i = 0; i < plugin->option_count; ++i) {
      const auto& what = *plugin->options[i];
      if (what.standard.size != 0) {
        options_.emplace(text_of(what.name), text_of(what.standard));
      }
    }
    fill_table();
    commy_error error{};
    error.size = sizeof(error);
    if (plugin->start(&table_, &instance_, &error) != COMMY_OK) {
      throw std::runtime_error{error.text};
    }
  }
  plugin_test_host(const plugin_test_host&) = delete;
  plugin_test_host& operator=(const plugin_test_host&) = delete;
  /// Stops the plugin. All its actors are to be gone by then.
  ~plugin_test_host() { plugin_->stop(instance_, 0, nullptr); }

  /// Throws when there is no such type, or the plugin refuses.
  plugin_test_actor create(std::string_view type, std::string_view name) {
    for (std::uint64_t i = 0; i < plugin_->actor_type_count; ++i) {
      const auto* const found = plugin_->actor_types[i];
      if (text_of(found->name) != type) continue;
      void* object = nullptr;
      commy_error error{};
      error.size = sizeof(error);
      if (found->create(instance_, {name.data(), name.size()}, &object,
                        &error) != COMMY_OK) {
        throw std::runtime_error{error.text};
      }
      return {found, object, this};
    }
    throw std::runtime_error{"no type " + std::string{type}};
  }

  void advance(std::chrono::nanoseconds time) { now_ += time; }

  /// A handle that leads to a copy of `value`, until the test host is gone or
  /// `forget` is called.
  template <class T>
  commy_handle lend(const T& value) {
    static_assert(std::is_trivially_copyable<T>::value);
    // In units of the strictest alignment, like a block of a segment.
    std::vector<std::max_align_t> block(
        (sizeof(T) + sizeof(std::max_align_t) - 1) / sizeof(std::max_align_t));
    std::memcpy(block.data(), &value, sizeof(T));
    lent_.emplace_back(std::move(block), sizeof(T));
    return {{lent_.size(), 0x636f6d6d79U}};
  }
  void forget(const commy_handle& handle) {
    lent_.at(handle.word[0] - 1).first.clear();
  }

  /// What the plugin has sent as an M, to whom it may be, oldest first.
  template <class M>
  [[nodiscard]] std::vector<M> sent() const {
    std::vector<M> found;
    for (const auto& one : sent_) {
      if (one.id != plugin_message_id(plugin_message<M>::layout) ||
          one.bytes.size() != sizeof(M)) {
        continue;
      }
      M message;
      std::memcpy(&message, one.bytes.data(), sizeof(M));
      found.push_back(message);
    }
    return found;
  }
  /// To whom the plugin has sent something, oldest first.
  [[nodiscard]] std::vector<std::string> receivers() const {
    std::vector<std::string> names;
    for (const auto& one : sent_)
      names.push_back(one.actor);
    return names;
  }
  /// From now on every send of the plugin is answered with this.
  void answer_sends_with(commy_status status) { send_status_ = status; }

  [[nodiscard]] const std::vector<std::string>& logged() const {
    return logged_;
  }

private:
  friend class plugin_test_actor;
  struct sent_message {
    std::string actor;
    std::uint64_t id;
    std::vector<unsigned char> bytes;
  };

  static std::string text_of(commy_text text) {
    return text.size == 0
               ? std::string{}
               : std::string(text.data, static_cast<std::size_t>(text.size));
  }
  static plugin_test_host& self(void* context) {
    return *static_cast<plugin_test_host*>(context);
  }

  void fill_table() {
    table_.size = sizeof(table_);
    table_.abi_major = COMMY_PLUGIN_ABI_MAJOR;
    table_.abi_minor = COMMY_PLUGIN_ABI_MINOR;
    table_.name = plugin_detail::c_text("plugin test");
    table_.context = this;
    table_.log = [](void* context, std::uint32_t, commy_text text) {
      self(context).logged_.push_back(text_of(text));
    };
    table_.now_ns = [](void* context) {
      return static_cast<std::uint64_t>(self(context).now_.count());
    };
    table_.option = [](void* context, commy_text name, commy_text* value) {
      const auto& all = self(context).options_;
      const auto found = all.find(text_of(name));
      if (found == all.end()) return commy_status{COMMY_NOT_FOUND};
      *value = plugin_detail::c_text(found->second);
      return commy_status{COMMY_OK};
    };
    table_.send = [](void* context, commy_text actor, std::uint64_t id,
                     const void* bytes, std::uint64_t size, commy_error*) {
      auto& host = self(context);
      if (host.send_status_ != COMMY_OK) return host.send_status_;
      const auto* const first = static_cast<const unsigned char*>(bytes);
      host.sent_.push_back({text_of(actor), id, {first, first + size}});
      return commy_status{COMMY_OK};
    };
    table_.resolve = [](void* context, const commy_handle* handle,
                        commy_view* view, commy_error*) {
      auto& host = self(context);
      const auto index = handle->word[0] - 1;
      if (!host.handling_) return commy_status{COMMY_BAD_ARGUMENT};
      if (index >= host.lent_.size() || host.lent_[index].first.empty()) {
        return commy_status{COMMY_NOT_FOUND};
      }
      *view = {host.lent_[index].first.data(), host.lent_[index].second};
      return commy_status{COMMY_OK};
    };
    table_.extension = [](void*, commy_text) -> const void* { return nullptr; };
  }

  const commy_plugin_table* plugin_;
  std::map<std::string, std::string> options_;
  commy_host table_{};
  void* instance_ = nullptr;
  std::chrono::nanoseconds now_{1};
  std::vector<std::pair<std::vector<std::max_align_t>, std::size_t>> lent_;
  std::vector<sent_message> sent_;
  std::vector<std::string> logged_;
  commy_status send_status_ = COMMY_OK;
  bool handling_ = false;
};

template <class M>
commy_status plugin_test_actor::handle(const M& message) {
  error_ = {};
  error_.size = sizeof(error_);
  host_->handling_ = true;
  const auto status =
      type_->handle(object_, plugin_message_id(plugin_message<M>::layout),
                    &message, sizeof(M), &error_);
  host_->handling_ = false;
  return status;
}

}  // namespace commy
