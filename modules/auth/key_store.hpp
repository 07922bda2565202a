// modules/auth/key_store.hpp: the hashes of all keys, and whose they are.
#pragma once

#include "modules/auth/api_key.hpp"
#include <commy/base/result.hpp>
#include <commy/host/messages/authenticate.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace commy::auth {

enum class store_error : std::uint8_t {
  not_found,
  no_permission,
  exposed,  // Others than its owner may read or write the file.
  flawed,   // Not what `save` writes; the detail says where.
  io,
};
std::string_view describe(store_error error) noexcept;

/// Rights as they are written: "read watch"; any order, separated by spaces.
/// Nothing when a word is no right, or there is none.
std::optional<std::uint8_t> parse_rights(std::string_view words) noexcept;
/// "tenant/service/object", each a name or "*".
bool is_pattern(std::string_view text) noexcept;

/// What a key stands for.
struct key_record {
  key_hash hash{};
  principal owner;
};

/// All keys of a host. In a file it is JSON, for its owner alone (mode 0600):
///
///     {"version": 1, "keys": [{"id": "7f3k2m9q", "hash": "<64 hex digits>",
///      "principal": "owner",
///      "grants": [{"on": "demo/*/*", "rights": "read watch"}]}]}
///
/// Bounds, against a damaged file: 1 MiB, 4,096 keys, 256 grants of a key.
class key_store {
public:
  static result<key_store, store_error> load(const std::string& path);
  /// Writes a new file beside `path` and renames it, so that the old one stays
  /// whole until the new one is.
  [[nodiscard]] result<void, store_error> save(const std::string& path) const;

  /// Makes a key for `owner` and keeps its hash. The text is all there is.
  std::string add(principal owner);

  /// Who holds this key, or null. Takes the same time for a wrong secret and
  /// for an unknown id: the same hash is made and the same comparison done.
  [[nodiscard]] const principal* find(std::string_view key_text) const;

  [[nodiscard]] bool empty() const noexcept { return records_.empty(); }

private:
  std::unordered_map<std::string, key_record> records_;
};

/// Writes a file that its owner alone may read, in place of an older one.
result<void, store_error> write_secret(const std::string& path,
                                       std::string_view content);

}  // namespace commy::auth
