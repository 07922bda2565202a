#include "../stepper.hpp"
#include "segment_watch.hpp"
#include "topic_world.hpp"
#include <commy/memory/topic_repair.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <stdexcept>

namespace commy::test {

using message::topic_link;
using message::topic_publisher;
using message::topic_subscriber;

void stand::publish(std::uint64_t number) {
  auto next = try_loan<tick>(shared);
  if (!next) return;
  **next = {0, number, ~(number * 1000)};
  static_cast<void>(prices->publish(std::move(*next)));
}

void stand::publish_own(std::uint64_t number) {
  *own.back() = {0, number, ~(number * 1000)};
  static_cast<void>(prices->publish(std::move(own.back())));
}

std::string topic_exploration::row(const std::string& name) const {
  std::string by_outcome;
  for (const auto n : ended)
    by_outcome += " " + std::to_string(n);
  char line[256];
  std::snprintf(line, sizeof line,
                "%-44s %5lu instr %4lu states (ended%s; %4lu blocks freed), "
                "sweeps cut at %4lu stores, %5.2f s, %lu violations",
                name.c_str(), instructions, states, by_outcome.c_str(), freed,
                swept_states, seconds, violations);
  return line;
}

namespace {

constexpr memory::slot_index living = 0;

/// Messages that lie in the bytes of a removed topic.
std::uint64_t count_stale(const memory::image& img) {
  std::uint64_t stale = 0;
  memory::for_each_topic(img, [&](memory::offset, const auto& topic) {
    if (topic.header->root.load() != 0) return true;
    for (std::uint32_t i = 0; i < topic.depth; ++i) {
      const memory::cell_word word{topic.cells[i].word.load()};
      if (word.state() == memory::cell_state::full) ++stale;
    }
    return true;
  });
  return stale;
}

/// Checks of one state; see explore_topic().
class topic_checks {
public:
  topic_checks(const memory::geometry& sizes, const topic_scenario& scenario,
               memory::slot_index victim, topic_exploration& into)
      : copy_{sizes}, scenario_{scenario}, victim_{victim}, done_{into} {}

  void check(const segment_bytes& state) {
    check_living(state, false);
    check_living(state, true);
    check_both_dead(state);
  }
  void check_living(const segment_bytes& state, bool sweep_first) {
    copy_.load(state);
    if (sweep_first) sweep_twice();
    const char* const when =
        sweep_first ? "swept, then used" : "used, then swept";
    const auto engine = resume();
    use(engine, when);
    engine->recover(victim_);
    expect_whole(when);
    expect_no_entry_of(victim_, when);
  }

private:
  /// Becomes the living one's attachment on the copy, with its slot and its
  /// generation; the victim is dead.
  std::shared_ptr<memory::engine> resume() {
    auto& word = copy_.img().slot(living).word;
    const memory::slot_word now{word.load()};
    word = memory::slot_word::make(memory::slot_state::free,
                                   now.generation() - 1, 0)
               .raw;
    copy_.let_others_live(true);  // Attaching would sweep the victim.
    auto engine = copy_.attach(true);
    copy_.let_others_live(false);
    if (engine->slot() != living) throw std::logic_error{"another slot"};
    return engine;
  }
  void sweep_twice() {
    const auto report = sweep_all(copy_.img(), victim_);
    done_.freed += report.loans;
    if (report.poisoned) done_.violation("a sweep poisoned the segment");
    const auto once = copy_.bytes();
    sweep_all(copy_.img(), victim_);
    if (copy_.bytes() != once) done_.violation("a second sweep changed bytes");
    if (count_stale(copy_.img()) != 0) {
      done_.violation("swept: a message lies in a topic that is gone");
    }
  }
  [[nodiscard]] result<topic_link, open_error> open(
      const std::shared_ptr<memory::engine>& engine) const {
    return topic_link::open_or_create(
        engine, "prices", shared_topic<tick>::type_descriptor(), scenario_.how);
  }
  numbers read(topic_subscriber& from, const char* when) {
    numbers found;
    while (from.wait(topic_subscriber::clock::now())) {
      const auto held = from.try_take(memory::loan_type<tick>(), sizeof(tick));
      if (!held) continue;
      tick got;
      std::memcpy(static_cast<void*>(&got),
                  from.link().img().bytes(held->place.block), sizeof got);
      if (!is_sound(got) || (!found.empty() && found.back() >= got.number)) {
        done_.violation(std::string{when} + ": a torn or misplaced message");
      }
      found.push_back(got.number);
      from.let_go(*held);
    }
    return found;
  }
  void expect_outcome(const numbers& found, const char* when) {
    const auto at = std::ranges::find(scenario_.outcomes, found);
    if (at == scenario_.outcomes.end()) {
      std::string all;
      for (const auto n : found)
        all += " " + std::to_string(n);
      return done_.violation(std::string{when} + ": found" + all);
    }
    done_.ended.resize(scenario_.outcomes.size());
    ++done_.ended[static_cast<std::size_t>(at - scenario_.outcomes.begin())];
  }
  /// A living participant subscribes, publishes and reads on.
  void use(const std::shared_ptr<memory::engine>& engine, const char* when) {
    const auto link = open(engine);
    if (!link) return done_.violation("open: " + link.error().message());
    auto reader =
        topic_subscriber::join(*link, {.how = message::waiting::sleep});
    if (!reader) return done_.violation("join: " + reader.error().message());
    expect_outcome(read(**reader, when), when);
    topic_publisher publisher{*link};
    for (std::uint64_t i = 100; i < 103; ++i) {
      auto block = memory::loan_block::take(engine, sizeof(tick),
                                            memory::loan_type<tick>());
      if (!block) return done_.violation(block.error().message());
      const tick next{0, i, ~(i * 1000)};
      std::memcpy(block->data(), &next, sizeof next);
      if (const auto sent = publisher.publish(*block); !sent) {
        // The living one's first subscription does not read on here.
        if (sent.error() == publish_error::topic_full) return;
        return done_.violation(std::string{when} +
                               ": publish: " + sent.error().message());
      }
      if (read(**reader, when) != numbers{i}) {
        done_.violation(std::string{when} + ": a message did not come through");
      }
    }
  }
  void expect_whole(const char* when) {
    const auto found = fsck(copy_.img());
    if (!found.whole()) {
      done_.violation(std::string{when} + ": " + found.lines.front());
    }
    const auto count = count_loans(copy_.img());
    if (count.other != 0) done_.violation("a strange block");
  }
  void expect_no_entry_of(memory::slot_index slot, const char* when) {
    memory::for_each_topic(copy_.img(), [&](memory::offset, const auto& topic) {
      for (std::uint32_t s = 0; s < memory::holders_max; ++s) {
        const memory::entry_word word{topic.entries[s].word.load()};
        if (word.owner() == slot + 1) {
          done_.violation(std::string{when} + ": an entry of a dead one");
        }
      }
      return true;
    });
  }
  void check_both_dead(const segment_bytes& state) {
    copy_.load(state);
    // Either may be swept first.
    const bool victim_first = done_.states % 2 == 0;
    sweep_all(copy_.img(), victim_first ? victim_ : living);
    sweep_all(copy_.img(), victim_first ? living : victim_);
    expect_no_entry_of(victim_, "both dead");
    expect_no_entry_of(living, "both dead");
    const auto next = copy_.attach(true);  // Frees the slots of both.
    expect_whole("both dead");
    if (count_loans(copy_.img()).owned != 0) {
      done_.violation("both dead: a loan is left");
    }
    use(next, "both dead");
    static_cast<void>(memory::remove_object(*next, "prices"));
    if (count_loans(copy_.img()) != loan_count{}) {
      done_.violation("both dead: a block is left after the topic's end");
    }
    expect_whole("the topic is gone");
  }

  segment_copy copy_;
  const topic_scenario& scenario_;
  memory::slot_index victim_;
  topic_exploration& done_;
};

}  // namespace

topic_exploration explore_topic(const topic_scenario& s,
                                memory::planted_bug bug) {
  const test_folder folder;
  const auto sizes = small_geometry();
  const auto options = in_folder(folder, &sizes);
  stand here{segment::create("market", options).value(), s.how};
  if (!s.made_by_victim) here.open();
  stepper victim{[&](stepper::mark mark) {
    memory::planted = bug;
    stand there{segment::open("market", options).value(), s.how};
    if (!s.made_by_victim) there.open();
    mark();
    s.prepare(there);
    mark();
    s.operate(there);
    mark();
    // Nothing of this process ends in order.
    ::_exit(0);
  }};
  s.meanwhile(here, 0);
  victim.run_to_mark();
  s.meanwhile(here, 1);
  const auto slot = slot_beside(here.shared, living);
  topic_exploration done;
  topic_checks checks{sizes, s, slot, done};
  explore_states(
      victim, folder / "market", sizes, slot, bug,
      {[&](const segment_bytes& state) { checks.check(state); },
       [&](const segment_bytes& state) { checks.check_living(state, true); },
       [&] { s.interfere(here, done.states); }},
      done);
  if (count_stale(here.shared.engine()->img()) != 0) {
    done.violation("a message lies in a topic that is gone");
  }
  return done;
}

}  // namespace commy::test
