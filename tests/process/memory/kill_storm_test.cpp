// Writers killed at random while they work, again and again.
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <random>
#include <support/block_trace.hpp>
#include <support/forked.hpp>
#include <support/test_folder.hpp>
#include <support/worlds.hpp>

using namespace commy;
using namespace commy::test;
using namespace std::chrono_literals;

namespace {

constexpr int accounts = 20;
constexpr std::int64_t each = 1000;

std::string name_of(int account) {
  // Every second one in a block of its own.
  return (account % 2 == 0 ? "account " : "an account of long name ") +
         std::to_string(account);
}

/// What the text beside an account says: its amount, and so many dots.
std::string note_of(std::int64_t amount) {
  const auto dots = static_cast<std::size_t>(amount % 97 + 97) % 97 * 3;
  return std::to_string(amount) + std::string(dots, '.');
}

/// Moves money between two accounts, and keeps books, in one transaction.
void transfer(shared_world& w, std::mt19937_64& random) {
  const auto from = static_cast<int>(random() % accounts);
  const auto to = static_cast<int>(random() % accounts);
  const auto amount = static_cast<std::int64_t>(random() % 50);
  w.together([&] {
    const auto move = [&](int account, std::int64_t by) {
      std::int64_t now = 0;
      must(w.numbers.update(name_of(account),
                            [&](std::int64_t& n) { now = n += by; }));
      must(w.texts.erase(account));
      must(w.texts.insert(account, note_of(now)));
    };
    move(from, -amount);
    move(to, amount);
    must(w.queue.push_back({from, to}));
    if (must(w.queue.size()) > 40) {
      while (must(w.queue.size()) > 2)
        must(w.queue.pop_front());
    }
    must(w.box.update([](point& p) { p.y += 1; }));
  });
}

/// Looks at all accounts under a guard, where they lie.
void audit(const shared_world& w) {
  const auto view = must(w.numbers.read());
  std::int64_t sum = 0;
  // Again and again, so that there is a time to die in.
  for (int look = 0; look < 20; ++look) {
    sum = 0;
    for (const auto& [name, amount] : view)
      sum += amount;
  }
  if (sum != accounts * each) throw std::runtime_error{"money was lost"};
}

[[noreturn]] void write_for_ever(const segment_options& options,
                                 std::uint64_t seed) {
  auto w = shared_world::open_or_create("s", options);
  std::mt19937_64 random{seed};
  for (;;) {
    transfer(w, random);
    if (random() % 2 == 0) audit(w);
  }
}

/// True if the books balance.
bool balances(const model_world& world) {
  std::int64_t sum = 0;
  for (int i = 0; i < accounts; ++i) {
    const auto amount = world.numbers.at(name_of(i));
    if (world.texts.at(i) != note_of(amount)) return false;
    sum += amount;
  }
  return sum == accounts * each;
}

/// What those who were killed were about, by their own words in the segment.
struct storm_report {
  int kills = 0;
  int active = 0;
  int committed = 0;  // Or giving blocks back.
  int locked = 0;     // With its journal idle.
  int waiting = 0;
  int guarded = 0;
  int sweeping = 0;
  int idle = 0;
  std::vector<double> next_ms;  // From the kill to our next transaction.

  [[nodiscard]] double percentile(double share) {
    std::sort(next_ms.begin(), next_ms.end());
    return next_ms[static_cast<std::size_t>(
        share * static_cast<double>(next_ms.size() - 1))];
  }
};

/// Is this participant marked as one who sweeps another?
bool is_sweeping(const memory::image& img, memory::slot_index who) {
  for (memory::slot_index i = 0; i < img.sizes().participants; ++i) {
    const auto mark = img.slot(i).sweeper.load();
    const memory::slot_word word{img.slot(who).word.load()};
    if (i != who &&
        mark == (word.generation() << memory::owner_bits | (who + 1))) {
      return true;
    }
  }
  return false;
}

bool holds_a_lock(const memory::image& img, memory::lane_index index,
                  const memory::lane_record& lane) {
  const auto self = memory::lock_word::held_by(
      index, memory::lane_word{lane.word.load()}.generation());
  const auto count =
      std::min<std::uint64_t>(lane.held_count.load(), memory::held_locks);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto root = lane.held[i].load();
    if (memory::lock_word{img.root_at(root).lock.load()}.holder() == self.raw) {
      return true;
    }
  }
  return false;
}

/// Notes what a participant that stands still is about.
void note_state(const memory::image& img, std::uint32_t pid,
                storm_report& report) {
  for (memory::slot_index s = 0; s < img.sizes().participants; ++s) {
    const memory::slot_word word{img.slot(s).word.load()};
    if (word.state() != memory::slot_state::live || word.pid() != pid) continue;
    if (is_sweeping(img, s)) ++report.sweeping;
    for (memory::lane_index i = 0; i < img.lane_count(); ++i) {
      const auto& lane = *img.lane(i);
      const memory::lane_word lease{lane.word.load()};
      if (lease.participant_plus_one() != s + 1) continue;
      if (lane.guards[0].load() != 0) ++report.guarded;
      switch (static_cast<memory::journal_state>(lane.state.load())) {
        case memory::journal_state::idle:
          ++(lane.waiting_for.load() != 0 ? report.waiting
             : holds_a_lock(img, i, lane) ? report.locked
                                          : report.idle);
          break;
        case memory::journal_state::active:
          ++report.active;
          break;
        default:
          ++report.committed;
      }
    }
    return;
  }
}

std::uint64_t number_from(const char* variable, std::uint64_t usual) {
  const auto* const said = std::getenv(variable);
  return said != nullptr ? std::strtoull(said, nullptr, 10) : usual;
}

}  // namespace

// COMMY_STORM_SECONDS=60 COMMY_STORM_BALLAST_MIB=1024 is the long form.
TEST_CASE("a storm of kills loses no money, leaks nothing, stops nobody") {
  const auto seed = number_from("COMMY_SEED", platform::random_u64());
  const std::chrono::seconds length{number_from("COMMY_STORM_SECONDS", 5)};
  const auto ballast = number_from("COMMY_STORM_BALLAST_MIB", 32) << 20U;
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  const test_folder folder;
  auto sizes = memory::geometry{};
  sizes.capacity = (64U << 20U) + align_up(2 * ballast, 64U << 20U);
  sizes.participants = 16;
  const auto options = in_folder(folder, &sizes);
  auto w = shared_world::open_or_create("s", options);
  for (int i = 0; i < accounts; ++i) {
    must(w.numbers.insert(name_of(i), each));
    must(w.texts.insert(i, note_of(each)));
  }
  // Small blocks that a sweep of lent ones has to look at.
  for (std::uint64_t lent = 0; lent < ballast; lent += 64)
    must(w.home.allocate(64));
  const auto start_writer = [&] {
    const auto own_seed = random();
    return forked{[&options, own_seed](const auto&) -> int {
      write_for_ever(options, own_seed);
    }};
  };
  std::vector<forked> writers;
  for (int i = 0; i < 8; ++i)
    writers.push_back(start_writer());
  const auto rounds = [&] { return must(w.box.get()).y; };
  const auto& img = w.home.engine()->img();
  const auto sweeper = [&]() -> std::optional<std::size_t> {
    for (std::size_t i = 0; i < writers.size(); ++i) {
      for (const auto& one : w.home.participants()) {
        if (one.pid == static_cast<std::uint32_t>(writers[i].pid()) &&
            is_sweeping(img, one.slot)) {
          return i;
        }
      }
    }
    return std::nullopt;
  };

  storm_report report;
  using clock = std::chrono::steady_clock;
  constexpr auto pace = 20ms;
  const auto end = clock::now() + length;
  auto due = clock::now();
  while (report.kills < 50 || clock::now() < end) {
    auto chosen = random() % writers.size();
    // Every fourth time one of those who clear up after the last.
    if (report.kills % 4 == 3) chosen = sweeper().value_or(chosen);
    auto& victim = writers[chosen];
    // First it stands still, wherever it is; then it dies there.
    victim.signal(SIGSTOP);
    victim.wait_stopped();
    note_state(img, static_cast<std::uint32_t>(victim.pid()), report);
    ++report.kills;
    const auto killed = clock::now();
    victim.signal(SIGKILL);
    must(w.box.update([](point& p) { p.y += 1; }));
    report.next_ms.push_back(
        std::chrono::duration<double, std::milli>(clock::now() - killed)
            .count());
    if (report.kills % 4 != 2) victim.wait();
    auto dead = std::exchange(victim, start_writer());
    dead.wait();
    // The survivors go on.
    const auto goal = rounds() + static_cast<std::int64_t>(random() % 50);
    REQUIRE(eventually([&] {
      static_cast<void>(w.box.wait_for_change(w.box.version(), 1ms));
      return rounds() >= goal;
    }));
    due += pace;
    while (clock::now() < due)
      static_cast<void>(w.box.wait_for_change(w.box.version(), 1ms));
    if (report.kills % 16 == 0) audit(w);
  }
  const auto last = rounds();
  writers.clear();
  w.home.sweep();

  std::cout << "kill storm: " << last << " transactions, " << report.kills
            << " kills: " << report.active << " active, " << report.committed
            << " committed, " << report.locked << " with a lock alone, "
            << report.waiting << " waiting for one, " << report.guarded
            << " with a guard, " << report.sweeping << " sweeping, "
            << report.idle << " idle; next transaction after p50 "
            << report.percentile(0.5) << " ms, p99 " << report.percentile(0.99)
            << " ms\n";
  const auto found = must(read_world(w.home.engine(), w.where()));
  CHECK(balances(found));
  CHECK(found.box.value.y >= last);
  CHECK(report.active > 0);
  CHECK(report.waiting + report.idle > 0);
  if (length >= 60s) {
    CHECK(report.committed > 0);
    CHECK(report.locked > 0);
    CHECK(report.guarded > 0);
    CHECK(report.sweeping > 0);
  }
  CHECK(trace_blocks(img).text() == "");
  CHECK(w.home.participants().size() == 1);
  transfer(w, random);
  CHECK(balances(must(read_world(w.home.engine(), w.where()))));
}
