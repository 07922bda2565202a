// commy/host/nearest.hpp: the known word a misspelt one was meant to be.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace commy::host {

/// The candidate with the fewest edits from `word` (a letter added, dropped or
/// changed, or two neighbours swapped), at most one for every three letters of
/// the longer word; nothing when all are further off, or when `word` is longer
/// than 64 bytes. Of equals the first. Cost: the product of both lengths for
/// each candidate.
std::optional<std::string_view> nearest(
    std::string_view word, std::span<const std::string_view> candidates);

}  // namespace commy::host
