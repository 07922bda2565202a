// modules/auth/api_key.hpp: the text that a program shows to be let in.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace commy::auth {

/// `ck_<id>_<secret>`, for example
///
///     ck_7f3k2m9q_0fT6...   8 characters of id, 43 of secret
///
/// The id, 40 random bits in base 32, finds the stored hash; it is no secret.
/// The secret is base64url without padding of 28 random bytes and a checksum of
/// 4, so that a mistyped or cut key is known as such, and a scanner for leaked
/// secrets knows a key when it sees one. 224 random bits cannot be guessed, so
/// a fast hash of them is safe to store.
struct api_key {
  static constexpr std::size_t id_chars = 8;
  static constexpr std::size_t secret_chars = 43;
  static constexpr std::size_t random_bytes = 28;

  std::string id;
  std::array<unsigned char, random_bytes> secret{};

  /// A new one, from the system's random numbers.
  static api_key make();
  /// Nothing when the text is no key, or its checksum is wrong.
  static std::optional<api_key> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
};

/// What is stored of a key: BLAKE2b of id and secret.
using key_hash = std::array<unsigned char, 32>;
key_hash hash_of(const api_key& key);
/// In a time that does not depend on where they differ.
bool same_hash(const key_hash& a, const key_hash& b) noexcept;

}  // namespace commy::auth
