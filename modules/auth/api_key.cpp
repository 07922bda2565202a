#include "modules/auth/api_key.hpp"

#include <gsl/gsl>
#include <sodium.h>

#include <algorithm>

namespace commy::auth {
namespace {

constexpr std::string_view prefix = "ck_";
// Without 0, 1, l and o, which people confuse.
constexpr std::string_view letters = "23456789abcdefghijkmnpqrstuvwxyz";
static_assert(letters.size() == 32);

constexpr std::size_t checksum_bytes = 4;
constexpr std::size_t packed_bytes = api_key::random_bytes + checksum_bytes;
constexpr auto variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
static_assert((packed_bytes * 4 + 2) / 3 == api_key::secret_chars);

void need_sodium() {
  // Idempotent and thread safe; fails only without a source of random numbers.
  Ensures(sodium_init() >= 0);
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// A hash of id and secret, told apart by `purpose` and by the digest's size.
template <std::size_t Bytes>
std::array<unsigned char, Bytes> digest(const api_key& key,
                                        std::string_view purpose) {
  static_assert(Bytes >= crypto_generichash_BYTES_MIN);
  std::array<unsigned char, Bytes> out{};
  crypto_generichash_state state;
  crypto_generichash_init(&state, bytes_of(purpose), purpose.size(), Bytes);
  crypto_generichash_update(&state, bytes_of(key.id), key.id.size());
  crypto_generichash_update(&state, key.secret.data(), key.secret.size());
  crypto_generichash_final(&state, out.data(), Bytes);
  return out;
}

// Both at least 16 bytes, as libsodium asks of a hash's key.
constexpr std::string_view purpose_checksum = "commy api key checksum v1";
constexpr std::string_view purpose_store = "commy api key store v1";

std::array<unsigned char, checksum_bytes> checksum(const api_key& key) {
  const auto whole = digest<16>(key, purpose_checksum);
  std::array<unsigned char, checksum_bytes> first{};
  std::copy_n(whole.begin(), first.size(), first.begin());
  return first;
}

}  // namespace

api_key api_key::make() {
  need_sodium();
  api_key key;
  key.id.resize(id_chars);
  for (auto& c : key.id)
    c = letters[randombytes_uniform(32)];
  randombytes_buf(key.secret.data(), key.secret.size());
  return key;
}

std::optional<api_key> api_key::parse(std::string_view text) {
  need_sodium();
  constexpr auto id_at = prefix.size();
  constexpr auto secret_at = id_at + id_chars + 1;
  if (text.size() != secret_at + secret_chars || !text.starts_with(prefix) ||
      text[secret_at - 1] != '_') {
    return std::nullopt;
  }
  api_key key;
  key.id = text.substr(id_at, id_chars);
  if (key.id.find_first_not_of(letters) != std::string::npos) {
    return std::nullopt;
  }
  std::array<unsigned char, packed_bytes> packed{};
  std::size_t size = 0;
  const char* end = nullptr;
  const auto secret = text.substr(secret_at);
  if (sodium_base642bin(packed.data(), packed.size(), secret.data(),
                        secret.size(), nullptr, &size, &end, variant) != 0 ||
      size != packed.size() || end != secret.data() + secret.size()) {
    return std::nullopt;
  }
  std::copy_n(packed.begin(), random_bytes, key.secret.begin());
  const auto wanted = checksum(key);
  if (!std::equal(wanted.begin(), wanted.end(),
                  packed.begin() + random_bytes)) {
    return std::nullopt;
  }
  return key;
}

std::string api_key::text() const {
  std::array<unsigned char, packed_bytes> packed{};
  std::copy(secret.begin(), secret.end(), packed.begin());
  const auto sum = checksum(*this);
  std::copy(sum.begin(), sum.end(), packed.begin() + random_bytes);
  std::array<char, secret_chars + 1> base64{};
  sodium_bin2base64(base64.data(), base64.size(), packed.data(), packed.size(),
                    variant);
  return std::string{prefix} + id + "_" + base64.data();
}

key_hash hash_of(const api_key& key) {
  need_sodium();
  return digest<32>(key, purpose_store);
}

bool same_hash(const key_hash& a, const key_hash& b) noexcept {
  return sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace commy::auth
