#include <commy/host/option_text.hpp>
#include <commy/host/plugin_table.hpp>

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>

namespace commy {

std::string_view describe(plugin_error error) noexcept {
  switch (error) {
    case plugin_error::not_found:
      return "there is no such plugin library; check the path";
    case plugin_error::not_loadable:
      return "the plugin's library cannot be loaded";
    case plugin_error::no_entry:
      return "the library does not export commy_plugin, so it is no plugin";
    case plugin_error::no_table:
      return "the plugin could not describe itself";
    case plugin_error::other_abi:
      return "the plugin is built for another version of the plugin "
             "interface; rebuild it, or use a host that fits";
    case plugin_error::other_id:
      return "the library is another plugin than the manifest says; correct "
             "its id or path";
    case plugin_error::bad_table:
      return "what the plugin says of itself breaks the plugin interface; its "
             "author has to correct it";
    case plugin_error::bad_options:
      return "the plugin's options in the manifest are wrong";
    case plugin_error::unknown_actor:
      return "the plugin has no such type of actors; correct the manifest";
    case plugin_error::start_failed:
      return "the plugin refused to start";
    case plugin_error::actor_failed:
      return "an actor of the plugin could not be created";
  }
  return "unknown plugin error";
}

}  // namespace commy

namespace commy::host {
namespace {

constexpr std::uint64_t options_max = 64;
constexpr std::uint64_t types_max = 256;
constexpr std::uint64_t messages_max = 256;
constexpr std::uint64_t message_bytes_max = 65'536;
constexpr std::uint64_t text_bytes_max = 4'096;

// Copies the members both sides know; what the other side's version lacks
// stays zero. Nothing when not even `needed` bytes are there.
template <class Table>
std::optional<Table> copy_table(const Table* from, std::size_t needed) {
  if (from == nullptr) return std::nullopt;
  std::uint32_t size = 0;
  std::memcpy(&size, from, sizeof(size));
  if (size < needed) return std::nullopt;
  Table copy{};
  std::memcpy(&copy, from, std::min<std::size_t>(size, sizeof(copy)));
  return copy;
}

class table_reader {
public:
  explicit table_reader(std::string_view wanted_id) : wanted_id_{wanted_id} {}

  result<plugin_table, plugin_error> read(const commy_plugin_table* given) {
    if (given == nullptr) {
      return unexpected{plugin_error::no_table, wanted_id_};
    }
    // Size and version come first in every version there will ever be.
    if (given->abi_major != COMMY_PLUGIN_ABI_MAJOR ||
        given->abi_minor > COMMY_PLUGIN_ABI_MINOR) {
      return unexpected{plugin_error::other_abi,
                        std::string{wanted_id_} + ": wanted version " +
                            version_text() + ", found " +
                            std::to_string(given->abi_major) + "." +
                            std::to_string(given->abi_minor)};
    }
    const auto table = copy_table(
        given, offsetof(commy_plugin_table, stop) + sizeof(void (*)()));
    if (!table) return bad("its table is too short");
    if (!is_text(table->id) || !is_text(table->version) ||
        !is_text(table->summary)) {
      return bad("its id, version or summary is no text");
    }
    plugin_table made;
    made.id = view(table->id);
    if (made.id != wanted_id_) {
      return unexpected{plugin_error::other_id,
                        "wanted \"" + std::string{wanted_id_} + "\", found \"" +
                            made.id + "\""};
    }
    made.version = view(table->version);
    made.summary = view(table->summary);
    made.start = table->start;
    made.stop = table->stop;
    if (made.start == nullptr || made.stop == nullptr) {
      return bad("it has no start or no stop");
    }
    if (auto flaw = read_options(*table, made)) return bad(*flaw);
    if (auto flaw = read_types(*table, made)) return bad(*flaw);
    return made;
  }

private:
  static std::string version_text() {
    return std::to_string(COMMY_PLUGIN_ABI_MAJOR) + ".0 to " +
           std::to_string(COMMY_PLUGIN_ABI_MAJOR) + "." +
           std::to_string(COMMY_PLUGIN_ABI_MINOR);
  }

  unexpected<plugin_error> bad(const std::string& flaw) const {
    return {plugin_error::bad_table, std::string{wanted_id_} + ": " + flaw};
  }

  static bool is_text(commy_text text) {
    return text.size <= text_bytes_max &&
           (text.size == 0 || text.data != nullptr);
  }
  static std::string_view view(commy_text text) {
    return {text.data, static_cast<std::size_t>(text.size)};
  }

  static std::optional<std::string> read_options(
      const commy_plugin_table& table, plugin_table& made) {
    if (table.option_count > options_max ||
        (table.option_count != 0 && table.options == nullptr)) {
      return "it has no options or more than 64";
    }
    for (std::uint64_t i = 0; i < table.option_count; ++i) {
      const auto given =
          copy_table(table.options[i],
                     offsetof(commy_option, choices) + sizeof(commy_text));
      if (!given) return "an option is missing or too short";
      for (const auto text : {given->name, given->summary, given->standard,
                              given->minimum, given->maximum, given->choices}) {
        if (!is_text(text)) return "an option has a text that is none";
      }
      if (given->kind > COMMY_OPTION_BYTES) {
        return "the option \"" + std::string{view(given->name)} +
               "\" has an unknown kind";
      }
      made.options.push_back(
          {.name = view(given->name),
           .kind = static_cast<option_kind>(given->kind),
           .summary = view(given->summary),
           .standard = view(given->standard),
           .minimum = view(given->minimum),
           .maximum = view(given->maximum),
           .choices = view(given->choices),
           .required = (given->flags & COMMY_OPTION_REQUIRED) != 0,
           .secret = (given->flags & COMMY_OPTION_SECRET) != 0});
    }
    return flaw_of(made.options);
  }

  static std::optional<std::string> read_types(const commy_plugin_table& table,
                                               plugin_table& made) {
    if (table.actor_type_count > types_max ||
        (table.actor_type_count != 0 && table.actor_types == nullptr)) {
      return "it has no types of actors or more than 256";
    }
    for (std::uint64_t i = 0; i < table.actor_type_count; ++i) {
      const auto given =
          copy_table(table.actor_types[i],
                     offsetof(commy_actor_type, handle) + sizeof(void (*)()));
      if (!given || !is_text(given->name) || given->name.size == 0) {
        return "a type of actors is missing, too short or without name";
      }
      plugin_actor_type type;
      type.name = view(given->name);
      type.create = given->create;
      type.destroy = given->destroy;
      type.handle = given->handle;
      if (type.create == nullptr || type.destroy == nullptr ||
          type.handle == nullptr) {
        return "the type \"" + type.name + "\" lacks a function";
      }
      if (auto flaw = read_messages(*given, type)) {
        return "the type \"" + type.name + "\" " + *flaw;
      }
      made.types.push_back(std::move(type));
    }
    return std::nullopt;
  }

  static std::optional<std::string> read_messages(const commy_actor_type& given,
                                                  plugin_actor_type& type) {
    if (given.message_count == 0 || given.message_count > messages_max ||
        given.messages == nullptr) {
      return "has no messages or more than 256";
    }
    for (std::uint64_t i = 0; i < given.message_count; ++i) {
      const auto message =
          copy_table(given.messages[i],
                     offsetof(commy_message, layout) + sizeof(commy_text));
      if (!message || !is_text(message->layout) || message->bytes == 0 ||
          message->bytes > message_bytes_max) {
        return "has a message that is missing, empty or too long";
      }
      if (message->id != commy_message_id(message->layout)) {
        return "has a message whose id does not belong to its layout \"" +
               std::string{view(message->layout)} + "\"";
      }
      for (const auto& other : type.messages) {
        if (other.id == message->id) return "has the same message twice";
      }
      type.messages.push_back(*message);
    }
    return std::nullopt;
  }

  std::string_view wanted_id_;
};

// The numbers of the C interface are those of our enum.
static_assert(static_cast<unsigned>(option_kind::text) == COMMY_OPTION_TEXT);
static_assert(static_cast<unsigned>(option_kind::integer) ==
              COMMY_OPTION_INTEGER);
static_assert(static_cast<unsigned>(option_kind::number) ==
              COMMY_OPTION_NUMBER);
static_assert(static_cast<unsigned>(option_kind::boolean) ==
              COMMY_OPTION_BOOLEAN);
static_assert(static_cast<unsigned>(option_kind::duration) ==
              COMMY_OPTION_DURATION);
static_assert(static_cast<unsigned>(option_kind::bytes) == COMMY_OPTION_BYTES);

}  // namespace

result<plugin_table, plugin_error> read_plugin_table(
    const commy_plugin_table* table, std::string_view wanted_id) {
  return table_reader{wanted_id}.read(table);
}

}  // namespace commy::host
