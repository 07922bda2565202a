// commy/host/peer_text.hpp: texts that go from process to process.
#pragma once

#include <commy/actor/errors.hpp>
#include <commy/memory/segment.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace commy::host {

/// Bytes of a refusal's text; a longer one is cut.
inline constexpr std::size_t refusal_text_max = 180;

/// A refusal's payload: a code, then the text. Throws `std::bad_alloc`.
[[nodiscard]] std::vector<std::byte> refusal_bytes(ask_error why,
                                                   std::string_view text);
/// Another process's text, for people and their terminals.
[[nodiscard]] std::string printable(std::span<const std::byte> bytes);
/// "process 12 (sampler) of segment 'shop'"
[[nodiscard]] std::string title_of(const segment& shared,
                                   memory::slot_index index);

}  // namespace commy::host
