// commy/host/messages/authenticate.hpp: who holds this key, and what may he?
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace commy {

/// What a principal may do to an object. Each is one bit of `grant::rights`.
enum class right : std::uint8_t {
  create,
  read,
  write,
  remove,
  watch,
  tell,
  admin
};
std::string_view describe(right r) noexcept;

/// Rights on all objects that a pattern matches.
struct grant {
  std::uint8_t rights = 0;  // Bit i stands for right i.
  /// "tenant/service/object"; each part is a name, or "*" for any.
  std::string pattern;
};

/// Who is asking. Without a grant that covers it, everything is refused.
struct principal {
  std::string name;
  std::vector<grant> grants;
};

/// Does a grant of `who` give `wanted` on "tenant/service/object"? A path or
/// pattern that has not three parts matches nothing. Cost: a walk over the
/// grants, without allocation.
[[nodiscard]] bool allows(const principal& who, right wanted,
                          std::string_view path) noexcept;

/// The answer to `authenticate`.
struct authentication {
  bool accepted = false;
  principal who;       // When accepted.
  std::string reason;  // When refused; for the log, not for the caller.
};

/// Asked of the module `auth`: is this key good?
struct authenticate {
  static constexpr std::string_view actor = "commy.auth";
  using reply = authentication;
  std::string key;
  std::string origin;  // Where it came from, for the log: "127.0.0.1:4711".
};

}  // namespace commy
