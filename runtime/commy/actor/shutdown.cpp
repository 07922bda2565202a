#include <commy/actor/cell_arena.hpp>
#include <commy/actor/inspect.hpp>
#include <commy/actor/system_core.hpp>
#include <commy/actor/turn.hpp>

#include <gsl/gsl>

#include <algorithm>
#include <functional>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace commy::actors {
namespace {

using std::chrono::nanoseconds;

// Nobody tells more of them apart; and each costs a walk over all actors.
constexpr std::size_t most_phases = 32;

/// "awaiting 'oracle' for at most 50 ms"
std::string text_of_wait(const actor_info& info) {
  const auto ms =
      std::chrono::ceil<std::chrono::milliseconds>(info.waits_at_most).count();
  return "awaiting '" + info.waits_for + "' for at most " + std::to_string(ms) +
         " ms";
}

std::string doing(const actor_info& info) {
  std::string text = info.waits_for.empty() ? info.state : text_of_wait(info);
  if (!info.handling.empty()) text += ", handling " + info.handling;
  return text + ", " + std::to_string(info.queued) + " messages queued";
}

}  // namespace

void check_phases(const std::vector<stop_phase>& phases) {
  const auto refuse = [](const std::string& why) {
    throw std::invalid_argument{"system_options::stop_phases: " + why};
  };
  if (phases.size() > most_phases) {
    refuse("at most " + std::to_string(most_phases) + " phases");
  }
  for (const auto& p : phases) {
    if (p.name.empty()) refuse("a phase needs a name");
    if (p.deadline.count() <= 0) {
      refuse("the deadline of '" + p.name + "' is not positive");
    }
    if (std::ranges::count(phases, p.name, &stop_phase::name) > 1) {
      refuse("two phases are called '" + p.name + "'");
    }
  }
}

std::optional<std::uint16_t> system_core::phases_before_last(
    std::string_view name) const noexcept {
  if (name.empty()) return std::uint16_t{0};
  const auto& phases = options_.stop_phases;
  const auto at = std::ranges::find(phases, name, &stop_phase::name);
  if (at == phases.end()) return std::nullopt;
  return static_cast<std::uint16_t>(phases.end() - at - 1);
}

/// The living actors of one phase, the newest first.
std::vector<system_core::numbered> system_core::newest_first(
    std::uint16_t before_last) const {
  std::vector<numbered> all;
  for_each_cell(*this, [&](const cell& c) {
    if (phase_of(c) != before_last) return;
    // The arena's cells are all mutable; only the walk is const.
    all.push_back(
        {c.spawn_number, {const_cast<cell*>(&c), c.inlet.generation()}});
  });
  std::ranges::sort(all, std::ranges::greater{}, &numbered::number);
  return all;
}

void system_core::drain(const cell_handle& actor) noexcept {
  auto& c = *actor.at;
  if (!c.inlet.raise(actor.generation, message::mailbox_signal::drain) ||
      !c.inlet.try_wake()) {
    return;
  }
  // Idle, as most are: ends here, which saves two changes of threads. Pinned
  // actors may depend on their thread.
  if (c.pool != shared_.get() || run_turn(c)) schedule(c);
}

/// One after the other, the newest first: it may still need those that were
/// there before it, and they do not know it. False when the time was up first.
/// One walk finds all: see is_stopping().
bool system_core::drain_phase(std::uint16_t before_last, std::int64_t until) {
  const auto actors = newest_first(before_last);
  return std::ranges::all_of(actors, [&](const numbered& one) {
    const nanoseconds left{until - alarms_.now()};
    if (left.count() <= 0) return false;
    drain(one.actor);
    return wait_stopped(one.actor, left);
  });
}

/// Tells those of the phase that still live to stop at once.
std::vector<late_actor> system_core::end_late(std::uint16_t before_last) {
  std::vector<late_actor> late;
  const auto now_ns = alarms_.now();
  const auto& phases = options_.stop_phases;
  for_each_cell(*this, [&](const cell& c) {
    if (phase_of(c) != before_last) return;
    auto info = info_of(c, now_ns);
    auto text = doing(info);
    late.push_back({.name = std::move(info.name),
                    .doing = std::move(text),
                    .phase = phases.empty()
                                 ? std::string{}
                                 : phases[phases.size() - 1 - before_last].name,
                    .waits_for = std::move(info.waits_for),
                    .waits_at_most = info.waits_at_most});
  });
  for (const auto& [number, actor] : newest_first(before_last)) {
    signal(actor, message::mailbox_signal::stop_now);
  }
  return late;
}

std::vector<late_actor> system_core::shutdown(nanoseconds deadline) {
  Expects(current_cell() == nullptr);
  const auto until = alarms_.after(deadline);
  // relaxed: see is_stopping().
  stopping_.store(true, std::memory_order_relaxed);
  std::vector<late_actor> late;
  const auto& phases = options_.stop_phases;
  for (auto left = std::max<std::size_t>(phases.size(), 1); left > 0; --left) {
    const auto phase = static_cast<std::uint16_t>(left - 1);
    const auto end = phases.empty()
                         ? until
                         : alarms_.after(phases[phases.size() - left].deadline);
    if (drain_phase(phase, std::min(end, until))) continue;
    std::ranges::move(end_late(phase), std::back_inserter(late));
  }
  while (stepped_ && stepped_->step()) {
  }
  return late;
}

}  // namespace commy::actors
