// tests/crash/message/topic_world.hpp: publishers and subscribers that die.
#pragma once

#include "segment_watch.hpp"
#include <commy/message/shared_topic.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <support/segment_copy.hpp>
#include <unit/message/topics.hpp>
#include <vector>

namespace commy::test {

/// A process's side of a topic.
struct stand {
  segment shared;
  topic_options how{};
  std::optional<shared_topic<tick>> prices{};
  std::optional<subscription<tick>> reader{};
  std::vector<sample<tick>> held{};
  std::vector<loan<tick>> own{};

  void open() {
    prices.emplace(
        shared_topic<tick>::open_or_create(shared, "prices", how).value());
  }
  void subscribe() { reader.emplace(prices->subscribe().value()); }
  void leave() { reader.reset(); }
  void lend() { own.push_back(try_loan<tick>(shared).value()); }
  /// Publishes the message of that number; refusals are part of it.
  void publish(std::uint64_t number);
  /// The same with a loan that it has already.
  void publish_own(std::uint64_t number);
  void publish(std::uint64_t from, std::uint64_t to) {
    for (auto i = from; i <= to; ++i)
      publish(i);
  }
  void take() {
    if (auto next = reader->try_take()) held.push_back(std::move(next));
  }
  void remove() { static_cast<void>(shared.remove_object("prices")); }
};

/// One operation of the victim, and what comes before it. The topic is made by
/// the living one, in slot 0, unless `made_by_victim`.
struct topic_scenario {
  std::string name;
  topic_options how{.depth = 4, .history = 4};
  bool made_by_victim = false;
  std::function<void(stand&)> prepare = [](stand&) {};
  std::function<void(stand&)> operate;
  /// What the living one does: 0 before `prepare`, 1 after it.
  std::function<void(stand&, int)> meanwhile = [](stand&, int) {};
  /// Called after each changed byte, with how many there were.
  std::function<void(stand&, std::uint64_t)> interfere = [](stand&,
                                                            std::uint64_t) {};
  /// What a new subscriber may find.
  std::vector<numbers> outcomes{};
};

struct topic_exploration : state_exploration {
  std::vector<std::uint64_t> ended;  // By outcome.

  [[nodiscard]] std::string row(const std::string& name) const;
};

/// Runs a scenario's victim instruction by instruction; after each changed byte
/// it counts as dead, and on copies, before any sweep and after one,
///
///  1. a sweep run twice changes nothing;
///  2. a new subscriber of the living participant finds one of the outcomes,
///     each message whole and in order;
///  3. what the living one publishes then comes through at once;
///  4. after the sweep every block is free, or named by a cell, or held by a
///     living one (fsck), and no entry is the victim's;
///  5. with both dead, in either order: the same, and a next participant
///     publishes, reads, and removes the topic, after which no block is left.
///
/// Of some states the sweep is stepped through as well, cut at each store.
topic_exploration explore_topic(
    const topic_scenario& s,
    memory::planted_bug bug = memory::planted_bug::none);

}  // namespace commy::test
