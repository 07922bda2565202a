// commy/host/plugin.hpp: plugins in C++, with plugin.h and nothing else.
//
//     #include <commy/host/plugin.hpp>
//
//     struct picture_taken { commy_handle picture; };
//     template <>
//     struct commy::plugin_message<picture_taken> {
//       static constexpr std::string_view layout =
//           "picture_taken {picture: handle @0} 16";
//     };
//
//     class blur {
//      public:
//       using protocol = commy::plugin_messages<picture_taken>;
//       blur(commy::plugin_host host, std::string_view name);
//       void on(const picture_taken& message);
//     };
//
//     COMMY_PLUGIN(acme_blur, "1.2.0") { plugin.actor<blur>("acme.blur"); }
//
// C++20. Whatever a plugin throws is caught before it reaches the host, and
// becomes a failure with its text.
#pragma once

#include <commy/host/plugin.h>
#include <commy/host/plugin_host.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <exception>
#include <iterator>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace commy {

/// A key of the plugin's `options` in the manifest: see `commy_option`. All
/// texts are literals.
struct plugin_option {
  std::string_view name;
  std::uint32_t kind = COMMY_OPTION_TEXT;
  std::string_view summary = {};
  std::string_view standard = {};
  std::string_view minimum = {};
  std::string_view maximum = {};
  std::string_view choices = {};
  bool required = false;
  bool secret = false;
};

namespace plugin_detail {

inline commy_text c_text(std::string_view text) noexcept {
  return {text.data(), text.size()};
}

template <std::size_t Size>
void copy(char (&into)[Size], std::string_view text) noexcept {
  const auto size = text.size() < Size ? text.size() : Size - 1;
  text.copy(into, size);  // Unlike memcpy, it may be empty without data.
  into[size] = '\0';
}

inline commy_status fail(commy_error* error, commy_status code,
                         std::string_view text, std::string_view wanted = {},
                         std::string_view found = {}) noexcept {
  // A caller of another minor version may know a longer or shorter form.
  if (error == nullptr || error->size < sizeof(commy_error)) return code;
  error->code = code;
  copy(error->text, text);
  copy(error->wanted, wanted);
  copy(error->found, found);
  return code;
}

/// Runs `f` and turns what it throws into a status.
template <class F>
commy_status guarded(commy_error* error, F f) noexcept {
  try {
    return f();
  } catch (const plugin_failure& e) {
    return fail(error, e.code() == COMMY_OK ? COMMY_FAILED : e.code(),
                e.what());
  } catch (const std::exception& e) {
    return fail(error, COMMY_FAILED, e.what());
  } catch (...) {
    return fail(error, COMMY_FAILED, "something that is no std::exception");
  }
}

struct instance {
  plugin_host host;
};

template <class Actor, class Message>
commy_status hand_over(Actor& actor, const void* bytes, std::uint64_t size,
                       commy_error* error) {
  if (size != sizeof(Message)) {
    return fail(error, COMMY_BAD_ARGUMENT, "a message has the wrong size",
                std::to_string(sizeof(Message)), std::to_string(size));
  }
  // A copy: no cast from bytes, and nobody changes it while it is read.
  alignas(Message) unsigned char storage[sizeof(Message)];
  std::memcpy(storage, bytes, sizeof(Message));
  actor.on(*std::launder(reinterpret_cast<const Message*>(storage)));
  return COMMY_OK;
}

template <class Actor, class Protocol>
struct dispatcher;

template <class Actor, class... M>
struct dispatcher<Actor, plugin_messages<M...>> {
  static constexpr commy_message messages[] = {commy_message{
      sizeof(commy_message),
      sizeof(M),
      plugin_message_id(plugin_message<M>::layout),
      {plugin_message<M>::layout.data(), plugin_message<M>::layout.size()}}...};

  static const commy_message* const* list() {
    static const std::array<const commy_message*, sizeof...(M)> pointers = [] {
      std::array<const commy_message*, sizeof...(M)> made{};
      for (std::size_t i = 0; i < made.size(); ++i)
        made[i] = &messages[i];
      return made;
    }();
    return pointers.data();
  }

  static commy_status handle(void* actor, std::uint64_t id, const void* bytes,
                             std::uint64_t size, commy_error* error) {
    return guarded(error, [&] {
      commy_status status = COMMY_UNKNOWN_MESSAGE;
      static_cast<void>(((id == plugin_message_id(plugin_message<M>::layout) &&
                          (status = hand_over<Actor, M>(
                               *static_cast<Actor*>(actor), bytes, size, error),
                           true)) ||
                         ...));
      return status;
    });
  }
};

template <class Actor>
commy_status create(void* plugin, commy_text name, void** actor,
                    commy_error* error) {
  return guarded(error, [&] {
    const auto& host = static_cast<instance*>(plugin)->host;
    *actor = new Actor(
        host, std::string_view{name.data, static_cast<std::size_t>(name.size)});
    return COMMY_OK;
  });
}

template <class Actor>
void destroy(void* actor) {
  delete static_cast<Actor*>(actor);
}

inline commy_status start(const commy_host* host, void** plugin,
                          commy_error* error) {
  return guarded(error, [&] {
    *plugin = new instance{plugin_host{host}};
    return COMMY_OK;
  });
}

inline commy_status stop(void* plugin, std::uint64_t, commy_error*) {
  delete static_cast<instance*>(plugin);
  return COMMY_OK;
}

}  // namespace plugin_detail

/// Collects what a plugin is made of, in the body after `COMMY_PLUGIN`. Its
/// texts must be literals.
class plugin_builder {
public:
  /// Adds a type of actors. `Actor` has a public `protocol`, a constructor from
  /// (plugin_host, std::string_view name), and for each message `M` of the
  /// protocol a public `void on(const M&)`.
  template <class Actor>
  plugin_builder& actor(std::string_view type) {
    using dispatch = plugin_detail::dispatcher<Actor, typename Actor::protocol>;
    commy_actor_type added{};
    added.size = sizeof(added);
    added.name = plugin_detail::c_text(type);
    added.messages = dispatch::list();
    added.message_count = std::size(dispatch::messages);
    added.create = &plugin_detail::create<Actor>;
    added.destroy = &plugin_detail::destroy<Actor>;
    added.handle = &dispatch::handle;
    types_.push_back(added);
    return *this;
  }

  plugin_builder& option(const plugin_option& what) {
    commy_option added{};
    added.size = sizeof(added);
    added.kind = what.kind;
    added.flags = (what.required ? COMMY_OPTION_REQUIRED : 0U) |
                  (what.secret ? COMMY_OPTION_SECRET : 0U);
    added.name = plugin_detail::c_text(what.name);
    added.summary = plugin_detail::c_text(what.summary);
    added.standard = plugin_detail::c_text(what.standard);
    added.minimum = plugin_detail::c_text(what.minimum);
    added.maximum = plugin_detail::c_text(what.maximum);
    added.choices = plugin_detail::c_text(what.choices);
    options_.push_back(added);
    return *this;
  }

  plugin_builder& summary(std::string_view text) {
    summary_ = text;
    return *this;
  }

  /// The finished table, which points into this object.
  const commy_plugin_table* finish(std::string_view id,
                                   std::string_view version) {
    for (const auto& type : types_)
      type_list_.push_back(&type);
    for (const auto& what : options_)
      option_list_.push_back(&what);
    table_.size = sizeof(table_);
    table_.abi_major = COMMY_PLUGIN_ABI_MAJOR;
    table_.abi_minor = COMMY_PLUGIN_ABI_MINOR;
    table_.id = plugin_detail::c_text(id);
    table_.version = plugin_detail::c_text(version);
    table_.summary = plugin_detail::c_text(summary_);
    table_.options = option_list_.data();
    table_.option_count = option_list_.size();
    table_.actor_types = type_list_.data();
    table_.actor_type_count = type_list_.size();
    table_.start = &plugin_detail::start;
    table_.stop = &plugin_detail::stop;
    return &table_;
  }

private:
  std::string_view summary_;
  std::deque<commy_actor_type> types_;  // Deques: the lists point into them.
  std::deque<commy_option> options_;
  std::vector<const commy_actor_type*> type_list_;
  std::vector<const commy_option*> option_list_;
  commy_plugin_table table_{};
};

namespace plugin_detail {

/// Runs the body once and keeps what it made for the life of the program.
template <void (*Body)(plugin_builder&)>
const commy_plugin_table* table(std::string_view id,
                                std::string_view version) noexcept {
  try {
    static plugin_builder builder;
    static const auto* const finished = [&] {
      Body(builder);
      return builder.finish(id, version);
    }();
    return finished;
  } catch (...) {
    return nullptr;
  }
}

}  // namespace plugin_detail
}  // namespace commy

/// The symbol a plugin exports. With COMMY_PLUGIN_STATIC it bears the id, so
/// that several can be linked into one program.
#ifdef COMMY_PLUGIN_STATIC
#define COMMY_PLUGIN_SYMBOL(id) commy_plugin_##id
#else
#define COMMY_PLUGIN_SYMBOL(id) commy_plugin
#endif

/// Declares a plugin; its body names the parts. `id` is a C identifier.
#define COMMY_PLUGIN(id, version)                                           \
  static void commy_plugin_body_##id(::commy::plugin_builder& plugin);      \
  extern "C" COMMY_PLUGIN_EXPORT const commy_plugin_table*                  \
  COMMY_PLUGIN_SYMBOL(id)(void) {                                           \
    return ::commy::plugin_detail::table<&commy_plugin_body_##id>(#id,      \
                                                                  version); \
  }                                                                         \
  static void commy_plugin_body_##id(                                       \
      [[maybe_unused]] ::commy::plugin_builder& plugin)
