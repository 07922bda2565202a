#include "modules/heartbeat/watch_list.hpp"

#include <algorithm>

namespace commy::heartbeat {
namespace {

using kind = participant_event::kind;
using state_kind = participant_report::state_kind;
using namespace std::chrono_literals;

// Enough for a page that shows what was just killed; a process that restarts
// for ever must not fill the host.
constexpr std::size_t ended_max = 64;
constexpr std::chrono::nanoseconds ended_shown = 10s;

watch_list::duration age(const participant_info& info, std::uint64_t now_ns) {
  // Another process wrote the beat: it may lie in the future.
  const auto passed = now_ns > info.heartbeat_ns ? now_ns - info.heartbeat_ns
                                                 : std::uint64_t{0};
  return watch_list::duration{static_cast<std::int64_t>(
      std::min<std::uint64_t>(passed, std::uint64_t{1} << 62U))};
}

bool same(const participant_info& a, const participant_info& b) {
  return a.slot == b.slot && a.generation == b.generation;
}

}  // namespace

participant_event watch_list::event(const known& who, kind what,
                                    std::uint64_t now_ns) const {
  return {
      .what = what,
      .segment = segment_,
      .name = who.info.name,
      .slot = who.info.slot,
      .pid = who.info.pid,
      .generation = who.info.generation,
      .age = who.info.heartbeat_ns == 0 ? duration{} : age(who.info, now_ns)};
}

void watch_list::end(known who, state_kind how, std::uint64_t now_ns) {
  who.state = how;
  who.since_ns = now_ns;
  if (ended_.size() == ended_max) ended_.erase(ended_.begin());
  ended_.push_back(std::move(who));
}

void watch_list::judge(known& who, std::uint64_t now_ns,
                       std::vector<participant_event>& news) {
  const bool slow =
      who.info.heartbeat_ns != 0 && age(who.info, now_ns) > slow_after_;
  const auto state = slow ? state_kind::slow : state_kind::alive;
  if (state == who.state) return;
  who.state = state;
  who.since_ns = now_ns;
  news.push_back(event(who, slow ? kind::slow : kind::back, now_ns));
}

// True when it is clear how it ended. Another participant may have swept it
// before we looked; then its process's end is reported at about the same time,
// perhaps after this look, so the verdict waits for the next one.
bool watch_list::judge_missing(known& who, std::uint64_t now_ns,
                               bool was_killed,
                               std::vector<participant_event>& news) {
  if (!was_killed && !who.missing) {
    who.missing = true;
    return false;
  }
  const auto how = was_killed ? state_kind::dead : state_kind::left;
  news.push_back(event(who, was_killed ? kind::dead : kind::detached, now_ns));
  end(who, how, now_ns);
  return true;
}

std::vector<participant_event> watch_list::look(
    std::span<const participant_info> seen, std::uint64_t now_ns,
    const std::set<std::uint32_t>& killed) {
  std::vector<participant_event> news;
  // Those who ended come first: a slot's new holder follows its old one.
  std::erase_if(attached_, [&](known& who) {
    const auto found = std::ranges::find_if(
        seen, [&](const auto& info) { return same(info, who.info); });
    if (found == seen.end()) {
      return judge_missing(who, now_ns, killed.contains(who.info.pid), news);
    }
    who.info = *found;
    who.missing = false;
    if (!found->alive) {
      news.push_back(event(who, kind::dead, now_ns));
      end(who, state_kind::dead, now_ns);
      return true;
    }
    judge(who, now_ns, news);
    return false;
  });
  for (const auto& info : seen) {
    const auto is_it = [&](const known& who) { return same(info, who.info); };
    if (std::ranges::any_of(attached_, is_it)) continue;
    if (!info.alive) {
      // Came and died between two looks, or is dead and not swept yet.
      if (std::ranges::any_of(ended_, is_it)) continue;
      known who{.info = info, .since_ns = now_ns};
      news.push_back(event(who, kind::attached, now_ns));
      news.push_back(event(who, kind::dead, now_ns));
      end(std::move(who), state_kind::dead, now_ns);
      continue;
    }
    attached_.push_back({.info = info, .since_ns = now_ns});
    news.push_back(event(attached_.back(), kind::attached, now_ns));
  }
  std::erase_if(ended_, [&](const known& who) {
    return now_ns - who.since_ns >
           static_cast<std::uint64_t>(ended_shown.count());
  });
  return news;
}

std::vector<participant_report> watch_list::reports(
    std::uint64_t now_ns) const {
  std::vector<participant_report> all;
  all.reserve(attached_.size() + ended_.size());
  const auto add = [&](const known& who) {
    all.push_back(
        {.segment = segment_,
         .name = who.info.name,
         .slot = who.info.slot,
         .pid = who.info.pid,
         .generation = who.info.generation,
         .state = who.state,
         .beats = who.info.heartbeat_ns != 0,
         .age = age(who.info, now_ns),
         .since = duration{static_cast<std::int64_t>(now_ns - who.since_ns)}});
  };
  std::ranges::for_each(attached_, add);
  std::ranges::for_each(ended_, add);
  return all;
}

}  // namespace commy::heartbeat
