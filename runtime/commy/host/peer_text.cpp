#include <commy/host/peer_text.hpp>

#include <algorithm>
#include <cstring>

namespace commy::host {

std::vector<std::byte> refusal_bytes(ask_error why, std::string_view text) {
  const auto size = std::min<std::size_t>(text.size(), refusal_text_max);
  std::vector<std::byte> bytes(1 + size);
  bytes[0] = static_cast<std::byte>(why);
  std::memcpy(bytes.data() + 1, text.data(), size);
  return bytes;
}

std::string printable(std::span<const std::byte> bytes) {
  std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (auto& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  }
  return text;
}

}  // namespace commy::host
