#include "modules/auth/key_store.hpp"

#include <commy/platform/file.hpp>

#include <nlohmann/json.hpp>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <optional>
#include <span>

namespace commy::auth {
namespace {

using nlohmann::json;
using platform::file_error;
namespace fs = std::filesystem;

constexpr std::uint64_t file_bytes_max = 1ULL << 20U;
constexpr std::size_t keys_max = 4096;
constexpr std::size_t grants_max = 256;
constexpr std::size_t text_max = 256;  // Of a name or pattern.

constexpr std::array all_rights{right::create, right::read,  right::write,
                                right::remove, right::watch, right::tell,
                                right::admin};

store_error translate(file_error error) {
  switch (error) {
    case file_error::not_found:
      return store_error::not_found;
    case file_error::no_permission:
      return store_error::no_permission;
    default:
      return store_error::io;
  }
}

unexpected<store_error> flawed(const std::string& path, std::string_view what) {
  return {store_error::flawed, path + ": " + std::string{what}};
}

result<std::string, store_error> read_private(const std::string& path) {
  const auto opened = platform::file::open(path, platform::access::read_only);
  if (!opened) return unexpected{translate(opened.error().code()), path};
  std::error_code code;
  const auto mode = fs::status(path, code).permissions();
  constexpr auto others = fs::perms::group_all | fs::perms::others_all;
  if (code || (mode & others) != fs::perms::none) {
    return unexpected{store_error::exposed, path};
  }
  const auto size = opened->size();
  if (!size) return unexpected{store_error::io, path};
  if (*size > file_bytes_max) return flawed(path, "larger than 1 MiB");
  std::string text(static_cast<std::size_t>(*size), '\0');
  if (!opened->read_at(0, std::as_writable_bytes(std::span{text}))) {
    return unexpected{store_error::io, path};
  }
  return text;
}

std::string rights_text(std::uint8_t rights) {
  std::string words;
  for (const auto r : all_rights) {
    if ((rights >> static_cast<unsigned>(r) & 1U) == 0) continue;
    if (!words.empty()) words += ' ';
    words += describe(r);
  }
  return words;
}

std::string hex(const key_hash& hash) {
  std::array<char, 65> text{};
  sodium_bin2hex(text.data(), text.size(), hash.data(), hash.size());
  return text.data();
}

bool from_hex(const std::string& text, key_hash& into) {
  std::size_t size = 0;
  const char* end = nullptr;
  return text.size() == 64 &&
         sodium_hex2bin(into.data(), into.size(), text.data(), text.size(),
                        nullptr, &size, &end) == 0 &&
         size == into.size() && end == text.data() + text.size();
}

// Throws json's exceptions for members that are absent or of another type, and
// `std::invalid_argument` for what they should not say.
std::string text_of(const json& object, const char* member) {
  auto text = object.at(member).get<std::string>();
  if (text.empty() || text.size() > text_max) {
    throw std::invalid_argument{std::string{member} + " has a bad length"};
  }
  return text;
}

key_record record_of(const json& entry) {
  key_record record;
  record.owner.name = text_of(entry, "principal");
  if (!from_hex(text_of(entry, "hash"), record.hash)) {
    throw std::invalid_argument{"hash is not 64 hexadecimal digits"};
  }
  const auto& grants = entry.at("grants");
  if (!grants.is_array() || grants.size() > grants_max) {
    throw std::invalid_argument{"grants is not a list of at most 256"};
  }
  for (const auto& g : grants) {
    const auto rights = parse_rights(text_of(g, "rights"));
    auto pattern = text_of(g, "on");
    if (!rights || !is_pattern(pattern)) {
      throw std::invalid_argument{"a grant makes no sense"};
    }
    record.owner.grants.push_back({*rights, std::move(pattern)});
  }
  return record;
}

}  // namespace

std::string_view describe(store_error error) noexcept {
  switch (error) {
    case store_error::not_found:
      return "there is no such file";
    case store_error::no_permission:
      return "this user may not use it";
    case store_error::exposed:
      return "others may read or change this file of secrets; make it yours "
             "alone with chmod 600";
    case store_error::flawed:
      return "this is not a file of keys as Commy writes it";
    case store_error::io:
      return "it cannot be read or written";
  }
  return "unknown store error";
}

std::optional<std::uint8_t> parse_rights(std::string_view words) noexcept {
  std::uint8_t rights = 0;
  while (!words.empty()) {
    const auto space = std::min(words.find(' '), words.size());
    const auto word = words.substr(0, space);
    words.remove_prefix(std::min(space + 1, words.size()));
    if (word.empty()) continue;
    const auto found = std::ranges::find(all_rights, word,
                                         [](right r) { return describe(r); });
    if (found == all_rights.end()) return std::nullopt;
    rights =
        static_cast<std::uint8_t>(rights | 1U << static_cast<unsigned>(*found));
  }
  if (rights == 0) return std::nullopt;
  return rights;
}

bool is_pattern(std::string_view text) noexcept {
  if (std::ranges::count(text, '/') != 2) return false;
  for (int i = 0; i < 3; ++i) {
    const auto slash = std::min(text.find('/'), text.size());
    if (slash == 0) return false;
    text.remove_prefix(std::min(slash + 1, text.size()));
  }
  return true;
}

result<key_store, store_error> key_store::load(const std::string& path) {
  const auto text = read_private(path);
  if (!text) return unexpected{text.error()};
  const auto root = json::parse(*text, nullptr, false);
  if (root.is_discarded()) return flawed(path, "not JSON");
  key_store store;
  try {
    if (root.at("version") != 1) return flawed(path, "unknown version");
    const auto& keys = root.at("keys");
    if (!keys.is_array() || keys.size() > keys_max) {
      return flawed(path, "keys is not a list of at most 4096");
    }
    for (const auto& entry : keys) {
      auto id = text_of(entry, "id");
      if (!store.records_.emplace(id, record_of(entry)).second) {
        return flawed(path, "the id " + id + " is there twice");
      }
    }
  } catch (const std::exception& e) {
    return flawed(path, e.what());
  }
  return store;
}

result<void, store_error> key_store::save(const std::string& path) const {
  json keys = json::array();
  for (const auto& [id, record] : records_) {
    json grants = json::array();
    for (const auto& g : record.owner.grants) {
      grants.push_back({{"on", g.pattern}, {"rights", rights_text(g.rights)}});
    }
    keys.push_back({{"id", id},
                    {"hash", hex(record.hash)},
                    {"principal", record.owner.name},
                    {"grants", std::move(grants)}});
  }
  const json root{{"version", 1}, {"keys", std::move(keys)}};
  return write_secret(path, root.dump(2) + "\n");
}

std::string key_store::add(principal owner) {
  // Ids have 40 random bits: a repetition among 4,096 is a matter of luck.
  auto key = api_key::make();
  while (records_.contains(key.id))
    key = api_key::make();
  records_.emplace(key.id, key_record{hash_of(key), std::move(owner)});
  return key.text();
}

const principal* key_store::find(std::string_view key_text) const {
  // What is no key at all is known as such by whoever sends it.
  const auto key = api_key::parse(key_text);
  if (!key) return nullptr;
  static const key_record nobody;
  const auto found = records_.find(key->id);
  const auto& record = found == records_.end() ? nobody : found->second;
  const bool right_secret = same_hash(hash_of(*key), record.hash);
  return right_secret && found != records_.end() ? &record.owner : nullptr;
}

result<void, store_error> write_secret(const std::string& path,
                                       std::string_view content) {
  const auto aside = path + ".new";
  // What a killed writer left. A folder or link there is refused by `create`.
  static_cast<void>(platform::remove(aside));
  if (const auto folder = fs::path{path}.parent_path(); !folder.empty()) {
    if (const auto made = platform::make_folders(folder.string()); !made) {
      return unexpected{translate(made.error().code()), folder.string()};
    }
  }
  {
    auto made = platform::file::create(aside);
    if (!made) return unexpected{translate(made.error().code()), aside};
    if (!made->write_at(0, std::as_bytes(std::span{content}))) {
      return unexpected{store_error::io, aside};
    }
  }
  std::error_code code;
  fs::rename(aside, path, code);
  if (code) return unexpected{store_error::io, path + ": " + code.message()};
  return {};
}

}  // namespace commy::auth
