#include <commy/actor/system_core.hpp>
#include <commy/actor/topic_core.hpp>

#include <algorithm>
#include <utility>

namespace commy::actors {

topic_core::~topic_core() {
  // relaxed, here and below: nobody else is left.
  auto* c = first_.load(std::memory_order_relaxed);
  while (c != nullptr) {
    const std::unique_ptr<chunk> ended{c};
    c = ended->next.load(std::memory_order_relaxed);
  }
}

/// A place that is nobody's. Under the lock.
topic_core::free_place topic_core::find_free() const noexcept {
  // relaxed: only who holds the lock writes these.
  for (auto* c = first_.load(std::memory_order_relaxed); c != nullptr;
       c = c->next.load(std::memory_order_relaxed)) {
    for (std::size_t i = 0; i < chunk_places; ++i) {
      // acquire, pairs with [end]: a reader that comes to a later number by
      // what is written then comes to that end, too.
      if (c->places[i].number.load(std::memory_order_acquire) == 0) {
        return {c, i};
      }
    }
  }
  return {};
}

topic_core::free_place topic_core::grow() {
  auto* const c = std::make_unique<chunk>(kind_.messages).release();
  // release: who walks finds a whole chunk.
  (last_ == nullptr ? first_ : last_->next).store(c, std::memory_order_release);
  last_ = c;
  places_ += chunk_places;
  return {c, 0};
}

result<topic_core::added, topic_error> topic_core::add(
    const cell_handle& who, std::span<const ops> how) {
  const std::lock_guard hold{mutex_};
  auto free = find_free();
  if (free.in == nullptr && places_ >= sweep_at_) {
    // Some may have stopped without a publish that found them so.
    sweep_at_ = std::clamp<std::size_t>(2 * count(), 64, most_subscribers);
    free = find_free();
  }
  if (free.in == nullptr) {
    if (places_ == most_subscribers) {
      return unexpected{topic_error::too_many_subscribers};
    }
    free = grow();
  }
  auto& p = free.in->places[free.index];
  // relaxed: only who holds the lock writes it.
  const auto number = newest_.load(std::memory_order_relaxed) + 1;
  // release, each: see visit().
  p.at.store(who.at, std::memory_order_release);
  p.generation.store(who.generation, std::memory_order_release);
  for (std::size_t i = 0; i < how.size(); ++i) {
    free.in->how[free.index * how.size() + i].store(how[i],
                                                    std::memory_order_release);
  }
  // relaxed: follows by [number].
  p.refused.store(number << 32U, std::memory_order_relaxed);
  // [number] release.
  p.number.store(number, std::memory_order_release);
  // [newest] release.
  newest_.store(number, std::memory_order_release);
  return added{&p, number};
}

void topic_core::end(const added& subscription) noexcept {
  auto number = subscription.number;
  // [end] release. One that has ended already is left as it is: its place may
  // be another's.
  subscription.where->number.compare_exchange_strong(
      number, 0, std::memory_order_release, std::memory_order_relaxed);
}

void topic_core::count_refusal(place& p, std::uint64_t number) noexcept {
  constexpr std::uint64_t count_bits = 0xffff'ffff;
  // relaxed: a count that orders nothing.
  auto seen = p.refused.load(std::memory_order_relaxed);
  do {
    if (seen >> 32U != (number & count_bits)) return;
    // Four thousand million have been missed; that will do.
    if ((seen & count_bits) == count_bits) return;
  } while (!p.refused.compare_exchange_weak(
      seen, seen + 1, std::memory_order_relaxed, std::memory_order_relaxed));
}

std::uint32_t topic_core::refused(const added& subscription) noexcept {
  // relaxed: as in count_refusal().
  const auto seen = subscription.where->refused.load(std::memory_order_relaxed);
  const bool mine = seen >> 32U == (subscription.number & 0xffff'ffff);
  return mine ? static_cast<std::uint32_t>(seen) : 0;
}

std::size_t topic_core::count() const noexcept {
  std::size_t living = 0;
  visit(0, [&](const cell_handle& to, const message::envelope_ops&) {
    if (to.at->inlet.generation() != to.generation) return heard::gone;
    ++living;
    return heard::taken;
  });
  return living;
}

result<std::shared_ptr<topic_core>, topic_error> topic_directory::find_or_make(
    std::string_view name, const topic_kind& kind) {
  if (name.empty() || !is_name(name)) {
    return unexpected{topic_error::bad_name, name};
  }
  const std::lock_guard hold{mutex_};
  const auto at = topics_.find(name);
  auto known = at == topics_.end() ? nullptr : at->second.lock();
  if (known != nullptr) {
    if (*known->kind().id == *kind.id) return known;
    failure_detail detail;
    detail.text.append(name).append(" is a topic of ");
    detail.text.append(known->kind().names()).append(", not of ");
    detail.text.append(kind.names());
    return unexpected{topic_error::other_messages, detail};
  }
  if (topics_.size() >= sweep_at_) sweep();
  if (topics_.size() >= most_topics) {
    return unexpected{topic_error::too_many_topics, name};
  }
  auto made = std::make_shared<topic_core>(kind);
  topics_.insert_or_assign(std::string{name}, made);
  return made;
}

void topic_directory::sweep() {
  std::erase_if(topics_, [](const auto& t) { return t.second.expired(); });
  sweep_at_ =
      std::min(most_topics, std::max<std::size_t>(64, 2 * topics_.size()));
}

}  // namespace commy::actors
