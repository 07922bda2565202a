#include <commy/actor/answer.hpp>
#include <commy/actor/send.hpp>
#include <commy/actor/shelf.hpp>
#include <commy/actor/tell.hpp>
#include <commy/memory/key_hash.hpp>

#include <gsl/gsl>

#include <algorithm>
#include <memory>
#include <new>
#include <utility>

namespace commy::actors {
namespace {

struct store {
  blocking::mutex mutex;
  std::vector<std::unique_ptr<shelf>> all;
  std::vector<shelf*> free;
};

store& the_store() {
  // Never destroyed: references may be used while static objects are.
  static auto* const made = new store;
  return *made;
}

/// Of its type and key.
std::uint64_t place_key(const message::envelope& e) noexcept {
  return memory::mix_bits(e.ops->key_hash(e) ^
                          reinterpret_cast<std::uintptr_t>(e.ops));
}

/// Null when the actor is gone.
shelf* shelf_of(const cell_handle& to) noexcept {
  // acquire, pairs with the release where it is set: one that is new is made.
  return to.at->side.load(std::memory_order_acquire);
}

}  // namespace

sent overflow_with(const cell_handle& to, message::envelope& e) noexcept {
  // relaxed: see the cell.
  if (to.at->when_full.load(std::memory_order_relaxed) == overflow::stop) {
    signal(to, message::mailbox_signal::overflow);
    return sent::full;
  }
  auto* const s = shelf_of(to);
  return s == nullptr ? sent::stopped : s->try_put(to, e);
}

sent put_or_wait(const cell_handle& to, room_wait& w) noexcept {
  auto* const s = shelf_of(to);
  return s == nullptr ? sent::stopped : s->put_or_wait(to, w);
}

shelf& acquire_shelf() {
  auto& s = the_store();
  const std::lock_guard hold{s.mutex};
  if (s.free.empty()) {
    // Room for all, so that release_shelf() never allocates.
    s.free.reserve(s.all.size() + 1);
    s.all.push_back(std::make_unique<shelf>());
    return *s.all.back();
  }
  auto& found = *s.free.back();
  s.free.pop_back();
  return found;
}

void release_shelf(shelf& s) noexcept {
  auto& all = the_store();
  const std::lock_guard hold{all.mutex};
  all.free.push_back(&s);
}

void shelf::open(const cell_handle& owner, message::room bound,
                 overflow policy) {
  const std::lock_guard hold{mutex_};
  Expects(closed_ && is_empty());
  owner_ = owner;
  bound_ = bound;
  policy_ = policy;
  held_ = {};
  replaced_ = 0;
  closed_ = false;
}

sent shelf::try_put(const cell_handle& to, message::envelope& e) noexcept {
  aftermath after;
  auto done = sent::stopped;
  {
    const std::lock_guard hold{mutex_};
    if (closed_ || owner_ != to) return sent::stopped;
    try {
      done = put_locked(e, after);
    } catch (const std::bad_alloc&) {
      done = sent::out_of_memory;
    }
  }
  clean_up(to, after);
  return done;
}

sent shelf::put_or_wait(const cell_handle& to, room_wait& w) noexcept {
  aftermath after;
  auto done = sent::stopped;
  {
    const std::lock_guard hold{mutex_};
    if (closed_ || owner_ != to) return sent::stopped;
    try {
      done = put_locked(*w.e, after);
    } catch (const std::bad_alloc&) {
      done = sent::out_of_memory;
    }
    if (done == sent::full && policy_ == overflow::wait) {
      enlist(w);
      done = sent::waits;
      // There was no memory to let another one in: the owner tries again.
      after.tell_owner = is_empty();
    }
  }
  if (done == sent::accepted) w.now = room_wait::fate::entered;
  clean_up(to, after);
  return done;
}

void shelf::enlist(room_wait& w) noexcept {
  w.in = this;
  w.now = room_wait::fate::waiting;
  w.before = std::exchange(last_waiter_, &w);
  (w.before == nullptr ? first_waiter_ : w.before->behind) = &w;
}

bool shelf::withdraw(room_wait& w) noexcept {
  const std::lock_guard hold{mutex_};
  if (w.now != room_wait::fate::waiting) return false;
  unlink(w);
  w.now = room_wait::fate::refused;
  return true;
}

sent shelf::put_locked(message::envelope& e, aftermath& after) {
  if (policy_ == overflow::latest_by_key && replace(e, after)) {
    return sent::accepted;
  }
  // Who waits is not overtaken while there is room again for a moment.
  if (!held_.is_below(bound_) || first_waiter_ != nullptr) {
    switch (policy_) {
      case overflow::drop_newest:
        drop(e, after);
        return sent::accepted;
      case overflow::drop_oldest:
        while (!held_.is_below(bound_) && !is_empty()) {
          const bool urgent = lanes_[0].waiting.empty();
          drop(*pop_from(lanes_[urgent ? 1 : 0], urgent), after);
        }
        break;
      default:
        return sent::full;
    }
  }
  after.tell_owner = after.tell_owner || is_empty();
  append(e);
  return sent::accepted;
}

/// Puts the message into the place of an older one of its key, if there is one.
bool shelf::replace(message::envelope& e, aftermath& after) {
  if (e.ops->key_hash == nullptr) return false;
  const auto at = by_key_.find(place_key(e));
  if (at == by_key_.end()) return false;
  auto& in = lanes_[at->second.urgent ? 1 : 0];
  auto*& older = in.waiting[at->second.position - in.first];
  // Two keys of one hash: the later one is queued without a place to replace.
  if (older->ops != e.ops || !e.ops->same_key(*older, e)) return false;
  auto others = held_;
  others -= message::room_of(*older);
  // Beside a bound on bytes that it would break.
  if (!others.is_below(bound_)) return false;
  held_ = others;
  held_ += message::room_of(e);
  older->next.store(after.dropped, std::memory_order_relaxed);
  after.dropped = std::exchange(older, &e);
  ++replaced_;
  return true;
}

void shelf::append(message::envelope& e) {
  const bool urgent = e.ops->is_urgent;
  auto& in = lanes_[urgent ? 1 : 0];
  const auto position = in.first + in.waiting.size();
  in.waiting.push_back(&e);
  held_ += message::room_of(e);
  if (policy_ != overflow::latest_by_key || e.ops->key_hash == nullptr) return;
  try {
    by_key_.try_emplace(place_key(e), place{urgent, position});
  } catch (const std::bad_alloc&) {
    return;  // It is inside; only that no later one replaces it.
  }
}

/// The message will not be handled. Requests are answered, others are counted
/// for the owner to report: the sender may not touch the system it is from.
void shelf::drop(message::envelope& e, aftermath& after) noexcept {
  // relaxed: the list is ours.
  e.next.store(after.dropped, std::memory_order_relaxed);
  after.dropped = &e;
  // Nobody waits for the answer to one that was told.
  const auto* const slot = message::reply_slot_of(e);
  if (slot != nullptr && slot->who != 0) return;
  after.tell_owner = after.tell_owner || drops_.empty();
  const auto same = std::find_if(
      drops_.begin(), drops_.end(),
      [&](const drop_count& d) { return d.message == e.ops->message_name; });
  if (same != drops_.end()) {
    ++same->count;
    return;
  }
  try {
    drops_.push_back({e.ops->message_name, 1});
  } catch (const std::bad_alloc&) {
    return;  // Not even for the count.
  }
}

message::envelope* shelf::pop_from(lane& from, bool urgent) noexcept {
  auto* const e = from.waiting.front();
  from.waiting.pop_front();
  if (policy_ == overflow::latest_by_key && e->ops->key_hash != nullptr) {
    const auto at = by_key_.find(place_key(*e));
    if (at != by_key_.end() && at->second.urgent == urgent &&
        at->second.position == from.first) {
      by_key_.erase(at);
    }
  }
  ++from.first;
  held_ -= message::room_of(*e);
  return e;
}

message::envelope* shelf::take() noexcept {
  message::envelope* taken = nullptr;
  std::optional<message::reply_slot> admitted;
  {
    const std::lock_guard hold{mutex_};
    // One that had no memory to enter may have some now.
    if (is_empty()) admitted = admit_one();
    if (is_empty()) return nullptr;
    const bool urgent = !lanes_[1].waiting.empty();
    taken = pop_from(lanes_[urgent ? 1 : 0], urgent);
    if (!admitted) admitted = admit_one();
  }
  while (admitted) {
    answer_with(*admitted, answered<void>{});
    const std::lock_guard hold{mutex_};
    admitted = admit_one();
  }
  return taken;
}

/// Lets the first of those that wait enter, if there is room.
std::optional<message::reply_slot> shelf::admit_one() noexcept {
  if (first_waiter_ == nullptr || !held_.is_below(bound_)) return std::nullopt;
  auto& w = *first_waiter_;
  try {
    append(*w.e);
  } catch (const std::bad_alloc&) {
    return std::nullopt;  // Its own timeout ends its wait.
  }
  unlink(w);
  w.now = room_wait::fate::entered;
  return w.slot;
}

void shelf::unlink(room_wait& w) noexcept {
  (w.before == nullptr ? first_waiter_ : w.before->behind) = w.behind;
  (w.behind == nullptr ? last_waiter_ : w.behind->before) = w.before;
  w.before = nullptr;
  w.behind = nullptr;
}

void shelf::close() noexcept {
  for (;;) {
    message::reply_slot slot;
    {
      const std::lock_guard hold{mutex_};
      closed_ = true;
      if (first_waiter_ == nullptr) return;
      auto& w = *first_waiter_;
      unlink(w);
      w.now = room_wait::fate::refused;
      slot = w.slot;
    }
    answer_refused(slot, ask_error::receiver_stopped, "");
  }
}

std::vector<drop_count> shelf::take_drops() noexcept {
  const std::lock_guard hold{mutex_};
  return std::exchange(drops_, {});
}

bool shelf::is_empty() const noexcept {
  return lanes_[0].waiting.empty() && lanes_[1].waiting.empty();
}

message::room shelf::held() const noexcept {
  const std::lock_guard hold{mutex_};
  return held_;
}
message::room shelf::bound() const noexcept {
  const std::lock_guard hold{mutex_};
  return bound_;
}
std::uint64_t shelf::replaced() const noexcept {
  const std::lock_guard hold{mutex_};
  return replaced_;
}

void shelf::clean_up(const cell_handle& to, const aftermath& after) noexcept {
  for (auto* e = after.dropped; e != nullptr;) {
    // relaxed: the list is ours.
    auto* const next = e->next.load(std::memory_order_relaxed);
    if (auto* const slot = message::reply_slot_of(*e)) {
      answer_refused(*slot, ask_error::mailbox_full,
                     "its place was given to another message");
    }
    message::drop_envelope(*e);
    e = next;
  }
  if (after.tell_owner) signal(to, message::mailbox_signal::mail);
}

}  // namespace commy::actors
