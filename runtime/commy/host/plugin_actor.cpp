#include <commy/actor/protocol.hpp>
#include <commy/host/plugin_actor.hpp>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace commy::host {
namespace {

commy_error empty_error() {
  commy_error error{};
  error.size = sizeof(error);
  return error;
}

// What the plugin wrote, which may lack its end.
template <std::size_t Size>
std::string_view text_in(const char (&field)[Size]) {
  return {field, static_cast<std::size_t>(std::find(field, field + Size, '\0') -
                                          field)};
}

[[noreturn]] void refuse(std::string text, commy_status status,
                         const commy_error& error) {
  text += text_in(error.text).empty() ? "status " + std::to_string(status)
                                      : std::string{text_in(error.text)};
  if (!text_in(error.wanted).empty() || !text_in(error.found).empty()) {
    text.append(" (wanted ").append(text_in(error.wanted));
    text.append(", found ").append(text_in(error.found)).append(")");
  }
  throw actor_failure{text};
}

}  // namespace

running_plugin::running_plugin(plugin_table&& description,
                               plugin_services::parts host,
                               const option_values& options)
    : table{std::move(description)}, services{std::move(host), options} {
  for (const auto& type : table.types) {
    auto& entries = protocols.emplace_back();
    for (const auto& message : type.messages) {
      entries.push_back(raw_entry<plugin_actor>(
          message_id{message.id}, message.bytes,
          {message.layout.data,
           static_cast<std::size_t>(message.layout.size)}));
    }
  }
}

plugin_actor::plugin_actor(running_plugin* plugin,
                           const plugin_actor_type* type,
                           const std::string& name)
    : plugin_{plugin}, type_{type} {
  auto error = empty_error();
  const auto status = type_->create(
      plugin_->instance, {name.data(), name.size()}, &object_, &error);
  if (status != COMMY_OK) {
    refuse({}, status, error);  // Who creates it says for whom.
  }
}

plugin_actor::~plugin_actor() { type_->destroy(object_); }

void plugin_actor::on(wire_message message) {
  auto error = empty_error();
  const plugin_services::turn handling{plugin_->services};
  const auto status =
      type_->handle(object_, static_cast<std::uint64_t>(message.id),
                    message.bytes.data(), message.bytes.size(), &error);
  if (status != COMMY_OK) {
    refuse("plugin " + plugin_->table.id + ", " + type_->name + ": ", status,
           error);
  }
}

}  // namespace commy::host
