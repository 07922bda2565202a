#include <commy/actor/pending_answers.hpp>
#include <commy/actor/tick_time.hpp>
#include <commy/base/interleaving.hpp>
#include <commy/platform/liveness.hpp>

#include <algorithm>
#include <utility>

namespace commy::actors {

std::uint64_t pending_answers::first_number() noexcept {
  return platform::random_u64() & ~index_mask;
}

pending_answers::~pending_answers() {
  for (auto& slot : take_all(nullptr)) {
    answer_refused(slot, ask_error::receiver_stopped, "");
  }
}

pending_answers::entry* pending_answers::find(std::uint64_t number) noexcept {
  const auto index = number & index_mask;
  if (index >= entries_.size()) return nullptr;
  auto& e = entries_[index];
  return e.slot.who != 0 && e.number == number ? &e : nullptr;
}

message::reply_slot pending_answers::take(entry& e) {
  free_.push_back(static_cast<std::uint32_t>(e.number & index_mask));
  return std::exchange(e.slot, {});
}

bool pending_answers::make_place() {
  if (!free_.empty()) return true;
  if (entries_.size() < most) {
    // Room to give each place back without memory.
    free_.reserve(entries_.size() + 1);
    entries_.emplace_back();
    free_.push_back(static_cast<std::uint32_t>(entries_.size() - 1));
    return true;
  }
  // Few come here, so few walks over a mebibyte.
  const auto long_ago =
      tick_time_ns() - std::chrono::nanoseconds{longest_wait}.count();
  for (auto& e : entries_) {
    if (is_awaited(e.slot) && e.since_ns > long_ago) continue;
    auto slot = take(e);
    answer_refused(slot, ask_error::timeout, "");
  }
  return !free_.empty();
}

std::optional<std::uint64_t> pending_answers::add(message::reply_slot& slot,
                                                  const reply_shape& shape,
                                                  const peer& asked) {
  COMMY_POINT("pending.add");
  const std::lock_guard hold{mutex_};
  if (!make_place()) return std::nullopt;
  const auto index = free_.back();
  free_.pop_back();
  next_ += most;
  entries_[index] = {std::exchange(slot, {}), &shape, asked, next_ | index,
                     tick_time_ns()};
  return next_ | index;
}

message::reply_slot pending_answers::take_back(std::uint64_t number) {
  COMMY_POINT("pending.take_back");
  const std::lock_guard hold{mutex_};
  auto* const e = find(number);
  return e == nullptr ? message::reply_slot{} : take(*e);
}

std::optional<pending_answers::entry> pending_answers::take_for(
    std::uint64_t number, std::uint32_t from_slot) {
  COMMY_POINT("pending.take");
  const std::lock_guard hold{mutex_};
  auto* const e = find(number);
  if (e == nullptr) {
    ++counts_.late;
    return std::nullopt;
  }
  if (e->asked.slot != from_slot) {
    ++counts_.wrong;
    return std::nullopt;
  }
  auto taken = *e;
  take(*e);
  // Somebody who has given up gets it all the same, and drops it.
  ++(is_awaited(taken.slot) ? counts_.answered : counts_.late);
  return taken;
}

void pending_answers::reply(std::uint64_t number, std::uint32_t from_slot,
                            message_id request,
                            std::span<const std::byte> bytes,
                            const loan_source& loans) {
  auto e = take_for(number, from_slot);
  if (!e) return;
  const auto& shape = *e->shape;
  if (request == shape.request && bytes.size() == shape.bytes &&
      (shape.accepts == nullptr || shape.accepts(bytes.data())) &&
      shape.answer(e->slot, bytes.data(), loans)) {
    return;
  }
  {
    const std::lock_guard hold{mutex_};
    ++counts_.wrong;
  }
  answer_refused(e->slot, ask_error::handler_failed,
                 "what came back is no reply to this request");
}

void pending_answers::refuse(std::uint64_t number, std::uint32_t from_slot,
                             ask_error why, std::string_view text) {
  if (auto e = take_for(number, from_slot)) answer_refused(e->slot, why, text);
}

std::vector<message::reply_slot> pending_answers::take_all(const peer* of) {
  std::vector<message::reply_slot> taken;
  const std::lock_guard hold{mutex_};
  taken.reserve(entries_.size() - free_.size());
  for (auto& e : entries_) {
    if (e.slot.who != 0 && (of == nullptr || e.asked == *of)) {
      taken.push_back(take(e));
    }
  }
  return taken;
}

void pending_answers::end(const peer& gone, std::string_view text) {
  COMMY_POINT("pending.end");
  for (auto& slot : take_all(&gone)) {
    answer_refused(slot, ask_error::receiver_stopped, text);
  }
}

void pending_answers::end_all(std::string_view text) {
  for (auto& slot : take_all(nullptr)) {
    answer_refused(slot, ask_error::receiver_stopped, text);
  }
}

pending_answers::counts pending_answers::statistics() const {
  const std::lock_guard hold{mutex_};
  return counts_;
}

std::size_t pending_answers::pending() const {
  const std::lock_guard hold{mutex_};
  return entries_.size() - free_.size();
}

}  // namespace commy::actors
