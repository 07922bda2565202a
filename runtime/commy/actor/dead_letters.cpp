#include <commy/actor/actor_trace.hpp>
#include <commy/actor/alarm_clock.hpp>
#include <commy/actor/dead_letters.hpp>
#include <commy/base/log.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace commy {

dead_letter_subscription::dead_letter_subscription(
    dead_letter_subscription&& other) noexcept
    : office_{std::exchange(other.office_, nullptr)}, id_{other.id_} {}

dead_letter_subscription& dead_letter_subscription::operator=(
    dead_letter_subscription&& other) noexcept {
  if (this != &other) {
    end();
    office_ = std::exchange(other.office_, nullptr);
    id_ = other.id_;
  }
  return *this;
}

dead_letter_subscription::~dead_letter_subscription() { end(); }

void dead_letter_subscription::end() noexcept {
  if (auto* const office = std::exchange(office_, nullptr)) office->forget(id_);
}

namespace actors {
namespace {

// An actor that stops with a full mailbox makes a thousand letters at once; ten
// lines a second tell as much as a thousand.
constexpr std::uint32_t lines_per_window = 10;
constexpr std::int64_t window_ns = 1'000'000'000;

constexpr std::string_view describe(dead_reason why) noexcept {
  switch (why) {
    case dead_reason::receiver_stopped:
      return "which has stopped";
    case dead_reason::handler_failed:
      return "whose handler failed";
    case dead_reason::mailbox_full:
      return "whose mailbox is full";
    case dead_reason::out_of_memory:
      return "for which there is no memory";
  }
  return "for a reason unknown";
}

}  // namespace

void dead_letter_office::report(const dead_letter& letter) noexcept {
  if (trace_ != nullptr) trace_->dead(letter);
  const auto now = alarm_clock::steady_now();
  const std::lock_guard hold{mutex_};
  count_ += letter.count;
  log_some(letter, now);
  for (const auto& [id, listener] : listeners_) {
    try {
      listener(letter);
    } catch (...) {
      log(log_level::error, "actor", "a listener for dead letters threw");
    }
  }
}

void dead_letter_office::log_some(const dead_letter& letter,
                                  std::int64_t now_ns) noexcept {
  if (log_level::warning < current_log_level()) return;
  try {
    if (now_ns - window_began_ns_ >= window_ns) {
      if (unlogged_ > 0) {
        log(log_level::warning, "actor",
            std::to_string(unlogged_) + " more dead letters not shown");
      }
      window_began_ns_ = now_ns;
      logged_in_window_ = 0;
      unlogged_ = 0;
    }
    if (logged_in_window_ == lines_per_window) {
      ++unlogged_;
      return;
    }
    ++logged_in_window_;
    std::string line{"dead letter: "};
    if (letter.count > 1) line.append(std::to_string(letter.count) + " times ");
    line.append(letter.message).append(" to '").append(letter.receiver);
    line.append("', ").append(describe(letter.why));
    if (!letter.text.empty()) line.append(": ").append(letter.text);
    log(log_level::warning, "actor", line);
  } catch (...) {
    return;  // Out of memory: the letter is counted all the same.
  }
}

std::uint64_t dead_letter_office::count() const noexcept {
  const std::lock_guard hold{mutex_};
  return count_;
}

dead_letter_subscription dead_letter_office::listen(
    dead_letter_listener listener) {
  const std::lock_guard hold{mutex_};
  listeners_.emplace_back(next_id_, std::move(listener));
  return dead_letter_subscription{*this, next_id_++};
}

void dead_letter_office::forget(std::uint64_t id) noexcept {
  const std::lock_guard hold{mutex_};
  std::erase_if(listeners_, [&](const auto& l) { return l.first == id; });
}

}  // namespace actors
}  // namespace commy
