// Writers killed at random while they work, again and again.
#include <catch2/catch_test_macros.hpp>

#include <iostream>
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

[[noreturn]] void write_for_ever(const segment_options& options,
                                 std::uint64_t seed) {
  auto w = shared_world::open_or_create("s", options);
  std::mt19937_64 random{seed};
  for (;;)
    transfer(w, random);
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

struct storm_report {
  int kills = 0;
  std::uint32_t found_idle = 0;
  std::uint32_t rolled_back = 0;
  std::uint32_t rolled_forward = 0;
};

/// Recovers who is dead, unless a survivor was quicker, and counts what it was
/// doing.
void recover(memory::engine& engine, storm_report& report) {
  for (memory::slot_index i = 0; i < engine.img().sizes().participants; ++i) {
    if (!engine.is_dead(i)) continue;
    const auto found = engine.recover(i);
    report.rolled_back += found.rolled_back;
    report.rolled_forward += found.rolled_forward;
    report.found_idle += found.lanes - found.rolled_back - found.rolled_forward;
  }
}

}  // namespace

TEST_CASE("a storm of kills loses no money, leaks nothing, stops nobody") {
  const auto seed = platform::random_u64();
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  const test_folder folder;
  auto sizes = memory::geometry{};
  sizes.capacity = 64U << 20U;
  sizes.participants = 16;
  const auto options = in_folder(folder, &sizes);
  auto w = shared_world::open_or_create("s", options);
  for (int i = 0; i < accounts; ++i) {
    must(w.numbers.insert(name_of(i), each));
    must(w.texts.insert(i, note_of(each)));
  }
  const auto start_writer = [&] {
    const auto own_seed = random();
    return forked{[&options, own_seed](const auto&) -> int {
      write_for_ever(options, own_seed);
    }};
  };
  std::vector<forked> writers;
  for (int i = 0; i < 4; ++i)
    writers.push_back(start_writer());
  const auto rounds = [&] { return must(w.box.get()).y; };

  storm_report report;
  const auto end = std::chrono::steady_clock::now() + 3s;
  while (report.kills < 20 || std::chrono::steady_clock::now() < end) {
    // The survivors go on; after some of their transactions one more dies.
    const auto goal = rounds() + static_cast<std::int64_t>(random() % 200);
    REQUIRE(eventually([&] { return rounds() >= goal; }));
    auto& victim = writers[random() % writers.size()];
    victim.kill();
    ++report.kills;
    recover(*w.home.engine(), report);
    if (report.kills % 4 == 0) {
      // All of one moment, beside those who write.
      std::int64_t sum = 0;
      for (const auto& [name, amount] : must(w.numbers.read()))
        sum += amount;
      REQUIRE(sum == accounts * each);
    }
    victim = start_writer();
  }
  const auto last = rounds();
  writers.clear();
  recover(*w.home.engine(), report);

  std::cout << "kill storm: " << last << " transactions, " << report.kills
            << " kills; swept here: " << report.rolled_back << " rolled back, "
            << report.rolled_forward << " rolled forward, " << report.found_idle
            << " idle\n";
  const auto found = must(read_world(w.home.engine(), w.where()));
  CHECK(balances(found));
  CHECK(found.box.value.y >= last);
  CHECK(report.rolled_back > 0);
  CHECK(trace_blocks(w.home.engine()->img()).text() == "");
  CHECK(w.home.participants().size() == 1);
  transfer(w, random);
  CHECK(balances(must(read_world(w.home.engine(), w.where()))));
}
