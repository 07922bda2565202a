#include "modules/gateway/object_path.hpp"

#include <algorithm>

namespace commy::gateway {
namespace {

constexpr std::size_t part_max = 64;
constexpr std::size_t object_max = 255;

bool is_part(std::string_view part) {
  return !part.empty() && part.size() <= part_max && part.front() != '.' &&
         std::ranges::all_of(part, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
         });
}

bool is_object(std::string_view name) {
  return !name.empty() && name.size() <= object_max &&
         std::ranges::none_of(name, [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte < 0x20 || byte == 0x7f || c == '/';
         });
}

}  // namespace

std::optional<object_path> parse_path(std::string_view text,
                                      std::string_view own_tenant) {
  object_path path;
  const auto cut = [&](std::string& into) {
    const auto slash = text.find('/');
    if (slash == std::string_view::npos) return false;
    into = text.substr(0, slash);
    text.remove_prefix(slash + 1);
    return true;
  };
  if (text.starts_with(std::string{object_path::system_service} + "/")) {
    path.tenant = own_tenant;
  } else if (!cut(path.tenant) || !is_part(path.tenant)) {
    return std::nullopt;
  }
  if (!cut(path.service)) return std::nullopt;
  if (!path.is_system() && !is_part(path.service)) return std::nullopt;
  if (!is_object(text)) return std::nullopt;
  path.object = text;
  return path;
}

}  // namespace commy::gateway
