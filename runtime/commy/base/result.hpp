// commy/base/result.hpp: a value, or the reason why there is none.
#pragma once

#include <commy/base/failure.hpp>

#include <tl/expected.hpp>

#include <type_traits>
#include <utility>

namespace commy {

/// The failing side of a `result`: `return unexpected{grow_error::disk_full}`,
/// with a text or a `failure_detail` as second argument where it helps.
template <class Code>
struct unexpected {
  failure<Code> why;

  // Implicit from a failure so that one layer hands on another's unchanged.
  unexpected(Code code) noexcept : why{code} {}
  unexpected(Code code, std::string_view text) noexcept : why{code, text} {}
  unexpected(Code code, const failure_detail& detail) noexcept
      : why{code, detail} {}
  unexpected(const failure<Code>& same) noexcept : why{same} {}
};

template <class Code>
unexpected(Code) -> unexpected<Code>;
template <class Code>
unexpected(Code, std::string_view) -> unexpected<Code>;
template <class Code>
unexpected(Code, failure_detail) -> unexpected<Code>;
template <class Code>
unexpected(failure<Code>) -> unexpected<Code>;

/// What every operation that can fail under correct use returns: `T`, or a
/// `failure<Code>`. A thin wrap of `tl::expected`; no member allocates or
/// throws, except `value()`, which throws `bad_result` with the sentence.
template <class T, class Code>
class [[nodiscard]] result {
public:
  using value_type = T;
  using error_type = Code;

  // Not defaulted: `return {}` would first zero all 280 bytes, which costs more
  // than a small transaction does.
  result()  // NOLINT(modernize-use-equals-default)
    requires std::is_default_constructible_v<T> || std::is_void_v<T>
  {}

  template <class U = T>
    requires(!std::is_void_v<T> && std::is_constructible_v<T, U &&> &&
             !std::is_same_v<std::remove_cvref_t<U>, result>)
  result(U&& value) : state_{std::forward<U>(value)} {}

  result(unexpected<Code> reason) noexcept
      : state_{tl::unexpect, std::move(reason.why)} {}

  [[nodiscard]] bool has_value() const noexcept { return state_.has_value(); }
  explicit operator bool() const noexcept { return state_.has_value(); }

  /// Requires: `has_value()`.
  template <class Self = T>
    requires(!std::is_void_v<Self>)
  [[nodiscard]] Self& operator*() & noexcept {
    return *state_;
  }
  template <class Self = T>
    requires(!std::is_void_v<Self>)
  [[nodiscard]] const Self& operator*() const& noexcept {
    return *state_;
  }
  template <class Self = T>
    requires(!std::is_void_v<Self>)
  [[nodiscard]] Self&& operator*() && noexcept {
    return std::move(*state_);
  }
  template <class Self = T>
    requires(!std::is_void_v<Self>)
  [[nodiscard]] Self* operator->() noexcept {
    return &*state_;
  }
  template <class Self = T>
    requires(!std::is_void_v<Self>)
  [[nodiscard]] const Self* operator->() const noexcept {
    return &*state_;
  }

  /// The value; throws `bad_result` with the failure's sentence.
  T value() && {
    check();
    if constexpr (!std::is_void_v<T>) return std::move(*state_);
  }
  std::conditional_t<std::is_void_v<T>, void, std::add_lvalue_reference_t<T>>
  value() & {
    check();
    if constexpr (!std::is_void_v<T>) return *state_;
  }
  std::conditional_t<std::is_void_v<T>, void,
                     std::add_lvalue_reference_t<const T>>
  value() const& {
    check();
    if constexpr (!std::is_void_v<T>) return *state_;
  }

  template <class U>
  [[nodiscard]] T value_or(U&& other) const&
    requires(!std::is_void_v<T>)
  {
    return state_.value_or(std::forward<U>(other));
  }

  /// Why there is no value. Requires: `!has_value()`.
  [[nodiscard]] const failure<Code>& error() const noexcept {
    return state_.error();
  }

private:
  void check() const {
    if (!state_.has_value()) [[unlikely]]
      refuse();
  }
  // Apart, so that check() is small enough to be inlined.
  [[noreturn, gnu::cold, gnu::noinline]] void refuse() const {
    throw bad_result{state_.error().message()};
  }

  tl::expected<T, failure<Code>> state_;
};

}  // namespace commy
