// commy/actor/timer_set.hpp: messages that an actor sends itself later.
#pragma once

#include <commy/message/envelope.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

namespace commy {

/// One timer of one actor, made by `after` and `every`. A number: it stays
/// harmless when the timer is over. A default one is none.
struct timer {
  std::uint64_t number = 0;

  friend bool operator==(const timer&, const timer&) = default;
};

namespace actors {

/// What a timer sends, each time anew.
class timed_message {
public:
  timed_message() = default;
  timed_message(const timed_message&) = delete;
  timed_message& operator=(const timed_message&) = delete;
  virtual ~timed_message() = default;
  /// In an envelope of its own, for its receiver to free; null when there is no
  /// memory, or the message could not be copied. With `last` it is moved.
  [[nodiscard]] virtual message::envelope* take(std::uint32_t generation,
                                                bool last) noexcept = 0;
};

template <sendable M>
class timed_content final : public timed_message {
public:
  timed_content(const message::envelope_ops& ops, M&& content) noexcept
      : ops_{&ops}, content_{std::move(content)} {}

  message::envelope* take(std::uint32_t generation,
                          bool last) noexcept override {
    auto* const e = last ? make(generation, content_) : copy(generation);
    if (e != nullptr) e->kind = message::envelope_kind::timed;
    return e;
  }

private:
  message::envelope* make(std::uint32_t generation, M& content) noexcept {
    return message::try_make_envelope(*ops_, generation, content);
  }
  message::envelope* copy(std::uint32_t generation) noexcept {
    if constexpr (std::is_copy_constructible_v<M>) {
      try {
        M content{std::as_const(content_)};
        return make(generation, content);
      } catch (...) {
        return nullptr;
      }
    } else {
      return nullptr;  // `every` asks for copies; `after` moves.
    }
  }

  const message::envelope_ops* ops_;
  M content_;
};

/// The timers of one actor by the time they are due. Owner only. Cost: a few
/// nodes each; logarithmic in their number.
class timer_set {
public:
  /// What a program that makes a timer for each request and forgets to cancel
  /// it should run into: some 10 MiB.
  static constexpr std::size_t most = 65'536;

  /// Times in ns of the system's clock; `period` 0: once. Throws when there
  /// are `most` already.
  timer add(std::int64_t due, std::int64_t period,
            std::unique_ptr<timed_message> message);
  /// False when it is over.
  bool cancel(timer which) noexcept;
  void clear() noexcept;

  /// When the first one is due; `cell::never` without any.
  [[nodiscard]] std::int64_t earliest() const noexcept;
  /// The message of the timer that has been due longest, or null if none is.
  /// A periodic one is due again one period after it was, or, of those times
  /// that have passed meanwhile, after the last.
  [[nodiscard]] message::envelope* take_due(std::int64_t now,
                                            std::uint32_t generation) noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return by_due_.size(); }

private:
  struct content {
    std::int64_t period;
    std::unique_ptr<timed_message> message;
  };
  // By time; of those due at once, the older one first.
  using key = std::pair<std::int64_t, std::uint64_t>;

  std::map<key, content> by_due_;
  std::unordered_map<std::uint64_t, std::int64_t> due_of_;
  std::uint64_t made_ = 0;
};

}  // namespace actors
}  // namespace commy
