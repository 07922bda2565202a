// commy/base/failure.hpp: what went wrong, as a code and a sentence.
#pragma once

#include <commy/base/fixed_text.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace commy {

/// The circumstances of a failure. Fixed size: a failure is made where memory
/// may be exhausted, and hot paths leave the text empty.
struct failure_detail {
  /// Where it happened, and what else helps: a path, a name, the holder. Long
  /// enough for a path beside a sentence that a lower layer said.
  fixed_text<240> text{};
  /// The two sides of a mismatch, or zero when they mean nothing here.
  std::uint64_t wanted = 0;
  std::uint64_t found = 0;
};

/// An error of one operation: `Code` is that operation's own small enum, for
/// which `std::string_view describe(Code)` is found by argument-dependent
/// lookup and says in one clause what happened and what to do.
template <class Code>
class failure {
  static_assert(std::is_enum_v<Code>);

public:
  // Implicit: `return unexpected{lock_error::timeout}` stays short.
  constexpr failure(Code code) noexcept : code_{code} {}
  failure(Code code, std::string_view text) noexcept : code_{code} {
    detail_.text.append(text);
  }
  failure(Code code, const failure_detail& detail) noexcept
      : code_{code}, detail_{detail} {}

  [[nodiscard]] constexpr Code code() const noexcept { return code_; }
  [[nodiscard]] constexpr const failure_detail& detail() const noexcept {
    return detail_;
  }

  /// One sentence for a person: where, then what and what to do.
  [[nodiscard]] std::string message() const {
    std::string sentence{detail_.text.view()};
    if (!sentence.empty()) sentence += ": ";
    sentence += describe(code_);
    if (detail_.wanted != detail_.found) {
      sentence += " (wanted " + std::to_string(detail_.wanted) + ", found " +
                  std::to_string(detail_.found) + ")";
    }
    return sentence;
  }

  friend constexpr bool operator==(const failure& a, Code b) noexcept {
    return a.code_ == b;
  }

private:
  Code code_;
  failure_detail detail_;
};

template <class Code>
failure(Code) -> failure<Code>;
template <class Code>
failure(Code, std::string_view) -> failure<Code>;
template <class Code>
failure(Code, failure_detail) -> failure<Code>;

/// Thrown by `result::value()`; `what()` is the failure's sentence.
class bad_result : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

}  // namespace commy
