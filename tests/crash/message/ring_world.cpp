#include "ring_world.hpp"

#include "segment_watch.hpp"
#include <commy/memory/ring_repair.hpp>

#include <algorithm>
#include <cstdio>
#include <initializer_list>
#include <stdexcept>

namespace commy::test {

using message::parcel;
using message::ring_consumer;
using message::ring_producer;

void party::open_box() {
  box.emplace(message::inbox::open(shared).value());
  box->publish("sink").value();
}

void party::find_sink() {
  to.emplace(traffic_address::find(shared, "sink").value());
}

void party::send(std::uint32_t number) {
  // Refusals are part of what is explored.
  static_cast<void>(send_one(shared, *to, 7, number));
}

void party::ask(std::uint32_t number) {
  const auto place =
      message::name_table::open(shared).value().find("sink").value();
  ring_producer producer{shared.engine(), place.slot, place.reader};
  const auto send = [&](const auto& content,
                        std::initializer_list<loan<sheet>*> pages) {
    using content_type = std::remove_cvref_t<decltype(content)>;
    std::vector<message::carried_loan> carried;
    std::size_t next = 0;
    for (auto* const page : pages) {
      fill(**page, 7, number);
      carried.push_back(
          {&page->block(), message::handle_places<content_type>[next++]});
    }
    static_cast<void>(
        producer.push({.actor = place.actor,
                       .id = wire_id<content_type>(),
                       .bytes = std::as_bytes(std::span{&content, 1}),
                       .loans = carried,
                       .kind = memory::cell_kind::request,
                       .correlation = correlation_of(number)}));
  };
  if (number % 3 == 0) return send(note{7, number, mix(7, number)}, {});
  auto page = try_loan<sheet>(shared).value();
  if (number % 3 == 1) return send(letter{7, number, {}}, {&page});
  auto other = try_loan<sheet>(shared).value();
  bundle all{7, number, {}, {}};
  for (std::uint64_t i = 0; i < 30; ++i)
    all.words[i] = mix(7, number, i);
  send(all, {&page, &other});
}

void party::take() {
  if (const auto p = box->try_take()) open_one(*p, got);
}

std::string ring_exploration::row(const std::string& name) const {
  char line[256];
  std::snprintf(line, sizeof line,
                "%-42s %5lu instr %4lu states (%4lu before, %4lu after; %4lu "
                "claims skipped, %5lu loans freed), sweeps cut at %4lu stores, "
                "%5.2f s, %lu violations",
                name.c_str(), instructions, states, ended_before, ended_after,
                skipped, freed, swept_states, seconds, violations);
  return line;
}

ring_checks::ring_checks(const memory::geometry& sizes,
                         const ring_scenario& scenario,
                         memory::slot_index victim, ring_exploration& into)
    : copy_{sizes}, scenario_{scenario}, victim_{victim}, done_{into} {}

std::shared_ptr<memory::engine> ring_checks::resume() {
  auto& word = copy_.img().slot(living).word;
  const memory::slot_word now{word.load()};
  word =
      memory::slot_word::make(memory::slot_state::free, now.generation() - 1, 0)
          .raw;
  copy_.let_others_live(true);  // Attaching would sweep the victim.
  auto engine = copy_.attach(true);
  copy_.let_others_live(false);
  if (engine->slot() != living) throw std::logic_error{"another slot"};
  return engine;
}

void ring_checks::expect_loans(const loan_count& wanted, const char* when) {
  const auto found = count_loans(copy_.img());
  if (const auto kept = kept_by(copy_.img(), victim_); kept != 0) {
    done_.violation(std::string{when} + ": " + std::to_string(kept) +
                    " loans kept by a dead one");
  }
  if (found == wanted) return;
  done_.violation(std::string{when} + ": " + std::to_string(found.owned) +
                  " loans owned, " + std::to_string(found.in_ring) +
                  " in rings, " + std::to_string(found.other) + " strange");
}

void ring_checks::sweep_twice() {
  const auto report = sweep_all(copy_.img(), victim_);
  done_.freed += report.loans;
  if (report.poisoned) done_.violation("a sweep poisoned the segment");
  const auto once = copy_.bytes();
  sweep_all(copy_.img(), victim_);
  if (copy_.bytes() != once) done_.violation("a second sweep changed bytes");
}

numbers ring_checks::take_all(const std::shared_ptr<memory::engine>& reader) {
  // The same reader in another process: a new opening, for which the messages
  // of the old one are made to be. Unless that was closed: then they are for
  // nobody, and their loans may have gone with their sender.
  auto ring = memory::ring_of(copy_.img(), living);
  if (!ring) throw std::logic_error{"no ring"};
  const auto open = ring.header->reader.exchange(0);
  const auto old = static_cast<std::uint32_t>(open);
  auto consumer = ring_consumer::open(reader).value();
  for (std::uint32_t i = 0; i < ring.count; ++i) {
    auto& target = ring.cells[i].target;
    const auto now = target.load();
    if (old != 0 && static_cast<std::uint32_t>(now) == old) {
      target =
          (now & ~0xffff'ffffULL) | static_cast<std::uint32_t>(consumer.tag());
    }
  }
  const std::string name = "sink";
  numbers found;
  std::vector<loan<const sheet>> held;
  while (consumer.wait(ring_consumer::clock::now())) {
    message::incoming m;
    while (consumer.try_take(m)) {
      const parcel p{consumer, name, m};
      const auto sound = open_one(p, held);
      if (!sound) {
        done_.violation("a torn message");
        continue;
      }
      if (p.kind() == memory::cell_kind::request &&
          p.correlation() != correlation_of(sound->number)) {
        done_.violation("a request with another one's correlation");
      }
      found.push_back(sound->number);
    }
  }
  done_.skipped += consumer.statistics().skipped_claims;
  return found;
}

void ring_checks::check_living_reader(const segment_bytes& state,
                                      bool sweep_first) {
  copy_.load(state);
  if (sweep_first) sweep_twice();
  const auto reader = resume();
  const auto ring = memory::ring_of(copy_.img(), living);
  if (!ring) throw std::logic_error{"no ring"};
  const bool closed = ring.header->reader == 0;
  const auto found = take_all(reader);
  if (closed) {
    // It reads no more; what is left in its ring may go with the sender.
    ++done_.ended_closed;
  } else if (found == scenario_.before) {
    ++done_.ended_before;
  } else if (found == scenario_.after) {
    ++done_.ended_after;
  } else {
    done_.violation("the reader found " + std::to_string(found.size()) +
                    " messages");
  }
  reader->recover(victim_);
  expect_loans({}, sweep_first ? "swept, then read" : "read, then swept");
}

void ring_checks::check_living_sender(const segment_bytes& state,
                                      bool sweep_first) {
  copy_.load(state);
  if (sweep_first) sweep_twice();
  const auto sender = resume();
  std::uint64_t tag = 0;
  if (const auto ring = memory::ring_of(copy_.img(), victim_)) {
    tag = ring.header->reader.load();
  }
  ring_producer to{sender, victim_, tag == 0 ? 77 : tag};
  auto page = memory::loan_block::take(sender, sizeof(sheet), 0).value();
  const message::carried_loan carried{&page, 0};
  const std::array<std::byte, 16> bytes{};
  const auto sent = to.push({1, message_id{5}, bytes, std::span{&carried, 1}});
  if (sent && sweep_first) {
    done_.violation("a message went to a reader that was swept");
  }
  if (!sent && !page) done_.violation("a refused message kept its loan");
  page.give_back();
  sender->recover(victim_);
  expect_loans({scenario_.kept, 0, 0},
               sweep_first ? "swept, then sent" : "sent, then swept");
  if (const auto ring = memory::ring_of(copy_.img(), victim_)) {
    if (ring.header->reader.load() != 0) {
      done_.violation("a swept ring has a reader");
    }
  }
  check_next_reader(victim_);
}

void ring_checks::check_next_reader(memory::slot_index slot) {
  const auto next = copy_.attach(true);
  if (next->slot() != slot) return;  // Another one was free before it.
  auto opened = ring_consumer::open(next);
  if (!opened) {
    done_.violation("the next inbox: " + opened.error().message());
    return;
  }
  const auto sender = copy_.attach(true);
  ring_producer to{sender, slot, opened->tag()};
  std::uint32_t got = 0;
  for (std::uint32_t i = 1; i <= 20; ++i) {
    const std::array<std::byte, 8> bytes{std::byte(i)};
    if (const auto sent = to.push({i, message_id{5}, bytes, {}}); !sent) {
      done_.violation("to the next reader: " + sent.error().message());
    }
    while (opened->wait(ring_consumer::clock::now())) {
      message::incoming m;
      if (!opened->try_take(m)) continue;
      if (m.actor != ++got) done_.violation("the next reader: out of order");
    }
  }
  if (got != 20) done_.violation("the next reader lost messages");
}

void ring_checks::check_extents() {
  const auto& img = copy_.img();
  const auto& sizes = img.sizes();
  std::vector<std::pair<std::uint64_t, std::uint64_t>> extents;
  const auto steps = img.control().lane_steps.load();
  for (std::uint32_t i = 0; i < steps; ++i) {
    extents.emplace_back(img.control().lane_step_at[i].load(),
                         sizes.lane_step * lane_bytes(sizes));
  }
  for (memory::slot_index s = 0; s < sizes.participants; ++s) {
    if (memory::ring_of(img, s)) {
      extents.emplace_back(img.slot(s).ring.load(), ring_bytes(sizes));
    }
  }
  std::ranges::sort(extents);
  for (std::size_t i = 1; i < extents.size(); ++i) {
    if (extents[i - 1].first + extents[i - 1].second > extents[i].first) {
      done_.violation("two extents of the control file overlap");
    }
  }
}

void ring_checks::check_both_dead(const segment_bytes& state) {
  copy_.load(state);
  // Either may be swept first.
  const bool victim_first = done_.states % 2 == 0;
  sweep_all(copy_.img(), victim_first ? victim_ : living);
  sweep_all(copy_.img(), victim_first ? living : victim_);
  expect_loans({}, "both dead");
  {
    // Attaching frees the slots of both.
    const auto next = copy_.attach(true);
  }
  check_next_reader(living);
  check_extents();
}

void ring_checks::check(const segment_bytes& state) {
  for (const bool sweep_first : {false, true}) {
    if (scenario_.role == victim_role::sender) {
      check_living_reader(state, sweep_first);
    } else {
      check_living_sender(state, sweep_first);
    }
  }
  check_both_dead(state);
}

void ring_checks::check_cut_sweep(const segment_bytes& state) {
  if (scenario_.role == victim_role::sender) {
    check_living_reader(state, true);
  } else {
    check_living_sender(state, true);
  }
}

}  // namespace commy::test
