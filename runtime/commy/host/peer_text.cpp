#include <commy/host/peer_text.hpp>

#include <algorithm>
#include <array>
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

std::string title_of(const segment& shared, memory::slot_index index) {
  const auto& slot = shared.engine()->img().slot(index);
  std::array<char, 64> name{};
  for (std::size_t i = 0; i < slot.name.size(); ++i) {
    const auto bytes = slot.name[i].load(std::memory_order_relaxed);
    std::memcpy(name.data() + 8 * i, &bytes, 8);
  }
  name.back() = '\0';
  const memory::slot_word who{slot.word.load(std::memory_order_relaxed)};
  const std::string called =
      printable(std::as_bytes(std::span{name}.first(std::strlen(name.data()))));
  return "process " + std::to_string(who.pid()) +
         (called.empty() ? "" : " (" + called + ")") + " of segment '" +
         shared.name() + "'";
}

}  // namespace commy::host
