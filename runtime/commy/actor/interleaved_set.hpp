// commy/actor/interleaved_set.hpp: handlers that wait while their actor goes
// on.
#pragma once

#include <commy/actor/cell.hpp>

#include <cstddef>
#include <cstdint>
#include <list>
#include <set>
#include <unordered_map>
#include <utility>

namespace commy::actors {

struct pending_ask;

/// What a handler leaves in the cell while it waits, and takes back.
struct interleaved_handler {
  promise_base* root = nullptr;
  message::envelope* current = nullptr;
  pending_ask* awaiting = nullptr;
  std::int64_t deadline = cell::never;
};

/// Of one actor, by the number of the ask that each waits for. Answers find
/// their handler by it and late ones find none, so no number is claimed as for
/// handlers that wait alone: the owner decides, between two messages. Owner
/// only.
class interleaved_set {
public:
  /// What an actor that forwards each request and never gets an answer should
  /// run into: some 500 KiB of frames and messages.
  static constexpr std::size_t most = 1024;

  [[nodiscard]] bool is_full() const noexcept {
    return waiting_.size() + ready_.size() >= most;
  }
  [[nodiscard]] bool is_empty() const noexcept {
    return waiting_.empty() && ready_.empty();
  }
  [[nodiscard]] std::size_t size() const noexcept {
    return waiting_.size() + ready_.size();
  }
  /// Throws `std::bad_alloc`.
  void add(std::uint64_t ask, const interleaved_handler& h);
  void forget(std::uint64_t ask) noexcept;

  /// Gives the answer to the handler that waits for it, which is ready from now
  /// on; false when there is none.
  bool answer(std::uint64_t ask, message::envelope& e) noexcept;
  /// Handlers whose time is over become ready.
  void expire(std::int64_t now) noexcept;
  [[nodiscard]] std::int64_t earliest() const noexcept {
    return by_deadline_.empty() ? cell::never : by_deadline_.begin()->first;
  }

  [[nodiscard]] bool has_ready() const noexcept { return !ready_.empty(); }
  /// Requires: `has_ready()`.
  [[nodiscard]] interleaved_handler take_ready() noexcept;
  /// Any of them, for its end; requires: not empty.
  [[nodiscard]] interleaved_handler take_any() noexcept;

private:
  struct entry {
    std::uint64_t ask;
    interleaved_handler handler;
  };
  // A list: what is ready moves to the other one, which cannot fail.
  using entries = std::list<entry>;
  void make_ready(entries::iterator at) noexcept;

  entries waiting_;
  entries ready_;
  std::unordered_map<std::uint64_t, entries::iterator> by_ask_;
  std::set<std::pair<std::int64_t, std::uint64_t>> by_deadline_;
};

/// After a handler that may be interleaved was started or resumed: true when it
/// waits, and the cell is free for other messages, or not if it had to wait
/// alone.
[[nodiscard]] bool leaves_waiting(cell& c) noexcept;

}  // namespace commy::actors
