// commy/actor/pending_answers.hpp: who waits for answers of other processes.
#pragma once

#include <commy/actor/answer.hpp>
#include <commy/actor/handler.hpp>
#include <commy/actor/wire_entry.hpp>
#include <commy/base/blocking.hpp>
#include <commy/message/wire_type.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace commy::actors {

/// What bytes must be to answer one kind of request, and how they do. Static.
struct reply_shape {
  message_id request{};  // It names the reply's layout, too.
  std::size_t bytes = 0;
  /// Whether a private copy of so many bytes is a reply; null: all are.
  bool (*accepts)(const std::byte* copy) noexcept = nullptr;
  /// Answers with an accepted copy, whose loans come from `loans`; false, and
  /// the slot is as before, when one of them cannot be adopted.
  bool (*answer)(message::reply_slot& slot, const std::byte* copy,
                 const loan_source& loans) noexcept;
};

template <request M>
bool answer_from_bytes(message::reply_slot& slot, const std::byte* copy,
                       const loan_source& loans) noexcept {
  using reply = reply_of<M>;
  if constexpr (std::is_void_v<reply>) {
    answer_with(slot, answered<void>{});
  } else if constexpr (carries_loans<reply>) {
    auto made = message::from_wire<reply>({copy, wire_bytes<reply>}, loans);
    if (!made) return false;
    answer_with(slot, answered<reply>{std::move(*made)});
  } else {
    static_assert(std::is_trivially_copyable_v<reply>);
    alignas(reply) std::array<std::byte, sizeof(reply)> bytes;
    std::memcpy(bytes.data(), copy, bytes.size());
    // Trivially copyable, so these bytes are one.
    answer_with(slot, answered<reply>{*std::launder(
                          reinterpret_cast<const reply*>(bytes.data()))});
  }
  return true;
}

template <request M>
constexpr reply_shape make_reply_shape() noexcept {
  using reply = reply_of<M>;
  if constexpr (std::is_void_v<reply>) {
    return {wire_id<M>(), 0, nullptr, &answer_from_bytes<M>};
  } else {
    return {wire_id<M>(), wire_bytes<reply>, &wire_accepts<reply>,
            &answer_from_bytes<M>};
  }
}
template <request M>
inline constexpr reply_shape shape_of_reply = make_reply_shape<M>();

/// One opening of another participant's inbox; see name_place.
struct peer {
  std::uint32_t slot = 0;
  std::uint64_t reader = 0;
  friend bool operator==(const peer&, const peer&) = default;
};

/// The requests of this process that others have not answered yet. Each is
/// taken out once, under one lock: by its reply, its refusal, the end of who
/// was asked, or by who could not send it. So each gets one answer, and a reply
/// that comes late, twice or from somebody else finds none.
/// Threads: any. Cost: a lock, once to add and once to take.
class pending_answers {
public:
  /// What became of replies. Each number only grows.
  struct counts {
    std::uint64_t answered = 0;
    std::uint64_t late = 0;   // Nobody waits: too late, again, or forged.
    std::uint64_t wrong = 0;  // Of one, but not what it asked, or whom.
  };
  /// Requests that may be pending at once; more are `mailbox_full`. Four times
  /// what one receiver's ring of 4,096 cells could hold, and a mebibyte: who
  /// has more under way is not helped by more.
  static constexpr std::uint32_t most = 16'384;
  /// When all places are taken, those whose askers have gone are given up; of
  /// interleaved handlers that is not known, and no ask waits as long as that.
  static constexpr std::chrono::minutes longest_wait{10};

  pending_answers() = default;
  pending_answers(const pending_answers&) = delete;
  pending_answers& operator=(const pending_answers&) = delete;
  /// Those left are answered `receiver_stopped`.
  ~pending_answers();

  /// Takes over a slot. The number that the answer will carry; nothing, and the
  /// slot is as before, when there is no place.
  std::optional<std::uint64_t> add(message::reply_slot& slot,
                                   const reply_shape& shape, const peer& asked);
  /// The slot of a request that could not be sent; empty when it was answered
  /// meanwhile.
  message::reply_slot take_back(std::uint64_t number);

  /// Answers the request `number`, if `from` was asked it and the bytes are its
  /// reply, whose loans `loans` adopts. Bytes that are none, and loans that are
  /// gone, are the answer `handler_failed`.
  void reply(std::uint64_t number, std::uint32_t from_slot, message_id request,
             std::span<const std::byte> bytes, const loan_source& loans = {});
  void refuse(std::uint64_t number, std::uint32_t from_slot, ask_error why,
              std::string_view text);
  /// Answers all that `gone` was asked with `receiver_stopped`.
  void end(const peer& gone, std::string_view text);
  /// The same for all.
  void end_all(std::string_view text);

  [[nodiscard]] counts statistics() const;
  [[nodiscard]] std::size_t pending() const;

private:
  struct entry {
    message::reply_slot slot{};  // Empty: the place is free.
    const reply_shape* shape = nullptr;
    peer asked{};
    std::uint64_t number = 0;
    std::int64_t since_ns = 0;  // By tick_time_ns().
  };
  static constexpr std::uint64_t index_mask = most - 1;
  static_assert((most & index_mask) == 0);

  /// Requires the lock, as all below.
  entry* find(std::uint64_t number) noexcept;
  message::reply_slot take(entry& e);
  bool make_place();
  std::vector<message::reply_slot> take_all(const peer* of);
  std::optional<entry> take_for(std::uint64_t number, std::uint32_t from_slot);

  mutable blocking::mutex mutex_;
  std::vector<entry> entries_;
  std::vector<std::uint32_t> free_;
  // Upper bits of the next number. It begins anywhere, so that an answer to
  // what an earlier process asked in this place fits nothing.
  std::uint64_t next_ = first_number();
  counts counts_;

  static std::uint64_t first_number() noexcept;
};

}  // namespace commy::actors
