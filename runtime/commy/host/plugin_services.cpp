#include <commy/actor/actor_system.hpp>
#include <commy/base/log.hpp>
#include <commy/host/option_text.hpp>
#include <commy/host/plugin_services.hpp>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <utility>

namespace commy::host {
namespace {

thread_local plugin_services::turn* current_turn = nullptr;

constexpr std::uint64_t log_bytes_max = 4'096;
constexpr std::uint64_t message_bytes_max = 65'536;
// A message carries at most eight handles; more are not the handler's own.
constexpr std::size_t resolved_max = 64;

std::string_view view(commy_text text, std::uint64_t bytes_max) {
  return {text.data,
          static_cast<std::size_t>(
              text.data == nullptr ? 0 : std::min(text.size, bytes_max))};
}

// Numbers as plain decimals, so that a plugin needs to know no units.
std::string plain_text(const option& what, const option_value& value) {
  if (const auto* time = std::get_if<std::chrono::nanoseconds>(&value)) {
    return std::to_string(time->count());
  }
  if (const auto* bytes = std::get_if<std::uint64_t>(&value)) {
    return std::to_string(*bytes);
  }
  return print_value(what, value);
}

commy_status status_of(deliver_error error) {
  switch (error) {
    case deliver_error::unknown_name:
      return COMMY_NOT_FOUND;
    case deliver_error::unknown_message:
      return COMMY_UNKNOWN_MESSAGE;
    case deliver_error::wrong_size:
    case deliver_error::invalid_bytes:
      return COMMY_BAD_ARGUMENT;
    default:
      return COMMY_REFUSED;
  }
}

plugin_services& self(void* context) {
  return *static_cast<plugin_services*>(context);
}

log_level level_of(std::uint32_t level) {
  switch (level) {
    case COMMY_LOG_DEBUG:
      return log_level::debug;
    case COMMY_LOG_INFO:
      return log_level::info;
    case COMMY_LOG_WARNING:
      return log_level::warning;
    default:
      return log_level::error;
  }
}

}  // namespace

commy_status fill_error(commy_error* error, commy_status code,
                        std::string_view text) noexcept {
  if (error == nullptr || error->size < sizeof(commy_error)) return code;
  error->code = code;
  const auto size = std::min(text.size(), sizeof(error->text) - 1);
  std::memcpy(error->text, text.data(), size);
  error->text[size] = '\0';
  return code;
}

plugin_services::turn::turn(plugin_services& services) noexcept
    : services_{&services}, outer_{std::exchange(current_turn, this)} {}
plugin_services::turn::~turn() { current_turn = outer_; }

plugin_services::plugin_services(parts host, const option_values& options)
    : host_{std::move(host)} {
  for (std::size_t i = 0; i < options.options().size(); ++i) {
    if (options.at(i).index() == 0) continue;
    const auto& what = options.options()[i];
    options_.emplace(what.name, plain_text(what, options.at(i)));
  }
  constexpr std::string_view name = "commy";
  constexpr std::string_view version = COMMY_VERSION;
  table_ = {
      .size = sizeof(commy_host),
      .abi_major = COMMY_PLUGIN_ABI_MAJOR,
      .abi_minor = COMMY_PLUGIN_ABI_MINOR,
      .name = {name.data(), name.size()},
      .version = {version.data(), version.size()},
      .context = this,
      .log =
          [](void* context, std::uint32_t level, commy_text text) {
            log(level_of(level), self(context).host_.id,
                view(text, log_bytes_max));
          },
      .now_ns =
          [](void* context) {
            return static_cast<std::uint64_t>(
                self(context).host_.now().count());
          },
      .option =
          [](void* context, commy_text wanted, commy_text* value) {
            const auto& all = self(context).options_;
            const auto found = all.find(view(wanted, log_bytes_max));
            if (found == all.end()) return commy_status{COMMY_NOT_FOUND};
            *value = {found->second.data(), found->second.size()};
            return commy_status{COMMY_OK};
          },
      .send =
          [](void* context, commy_text actor, std::uint64_t id,
             const void* bytes, std::uint64_t size, commy_error* error) {
            return self(context).send(view(actor, log_bytes_max), id, bytes,
                                      size, error);
          },
      .resolve =
          [](void* context, const commy_handle* handle, commy_view* found,
             commy_error* error) {
            if (handle == nullptr || found == nullptr) {
              return fill_error(error, COMMY_BAD_ARGUMENT,
                                "no handle, or nowhere to put the answer");
            }
            const auto status = self(context).resolve(*handle, *found);
            return status == COMMY_OK
                       ? status
                       : fill_error(error, status,
                                    "the handle leads nowhere here");
          },
      .extension = [](void*, commy_text) -> const void* { return nullptr; }};
}

commy_status plugin_services::send(std::string_view actor, std::uint64_t id,
                                   const void* bytes, std::uint64_t size,
                                   commy_error* error) const {
  if (size > message_bytes_max || (bytes == nullptr && size != 0)) {
    return fill_error(error, COMMY_BAD_ARGUMENT,
                      "no bytes, or more than 65536 of them");
  }
  const std::shared_lock hold{mutex_};
  if (host_.actors == nullptr) {
    return fill_error(error, COMMY_REFUSED, "the host has stopped");
  }
  try {
    const auto sent = host_.actors->deliver(
        actor, message_id{id},
        {static_cast<const std::byte*>(bytes), static_cast<std::size_t>(size)});
    if (sent) return COMMY_OK;
    return fill_error(error, status_of(sent.error().code()),
                      sent.error().message());
  } catch (const std::exception& e) {
    return fill_error(error, COMMY_FAILED, e.what());
  }
}

commy_status plugin_services::resolve(const commy_handle& handle,
                                      commy_view& found) const {
  found = {nullptr, 0};
  auto* const handling = current_turn;
  if (handling == nullptr || handling->services_ != this) {
    return COMMY_BAD_ARGUMENT;
  }
  const std::array<std::uint64_t, 2> words{handle.word[0], handle.word[1]};
  auto& seen = handling->resolved_;
  auto at = std::find_if(seen.begin(), seen.end(),
                         [&](const auto& r) { return r.handle == words; });
  if (at == seen.end()) {
    if (seen.size() >= resolved_max) return COMMY_BAD_ARGUMENT;
    if (host_.resolver == nullptr) return COMMY_UNAVAILABLE;
    try {
      auto answer = host_.resolver->resolve(words);
      if (answer.bytes.empty()) return COMMY_NOT_FOUND;
      at = seen.insert(seen.end(), {words, std::move(answer)});
    } catch (const std::exception&) {
      return COMMY_FAILED;
    }
  }
  found = {at->what.bytes.data(), at->what.bytes.size()};
  return COMMY_OK;
}

void plugin_services::close() {
  const std::unique_lock hold{mutex_};
  host_.actors = nullptr;
}

}  // namespace commy::host
