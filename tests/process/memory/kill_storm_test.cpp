// Writers killed at random while they work, again and again.
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
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
  for (int look = 0; look < 400; ++look) {
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
  // Blocks of its own, for others to free: a sweep takes its time for them.
  std::vector<loan_handle> own;
  for (int i = 0; i < 20'000; ++i)
    own.push_back(must(w.home.allocate(64)));
  for (;;) {
    transfer(w, random);
    if (random() % 8 == 0) audit(w);
    auto& one = own[random() % own.size()];
    must(w.home.deallocate(one));
    one = must(w.home.allocate(64));
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

/// What a participant is about, by its own words in the segment.
enum class doing {
  idle,
  waiting,
  locked,
  active,
  committed,
  guarded,
  sweeping
};
constexpr std::size_t doings = 7;
constexpr std::array<const char*, doings> doing_text{
    "idle",    "waiting for a lock",       "with a lock, its journal idle",
    "active",  "committed or giving back", "with a guard",
    "sweeping"};
/// Somebody has to die in each of these.
constexpr std::array to_be_struck{doing::active, doing::committed,
                                  doing::locked, doing::guarded,
                                  doing::sweeping};

double percentile(std::vector<double> times, double share) {
  if (times.empty()) return 0;
  std::sort(times.begin(), times.end());
  return times[static_cast<std::size_t>(share *
                                        static_cast<double>(times.size() - 1))];
}

struct storm_report {
  int kills = 0;
  std::array<int, doings> of{};
  // In milliseconds. From the kill to our next transaction; and, of every
  // second kill, the kernel's and our part of it.
  std::vector<double> next;
  std::vector<double> kernel;
  std::vector<double> ours;
};

/// Is this participant marked as one who sweeps another?
bool is_sweeping(const memory::image& img, memory::slot_index who) {
  const memory::slot_word word{img.slot(who).word.load()};
  for (memory::slot_index i = 0; i < img.sizes().participants; ++i) {
    if (i != who && img.slot(i).sweeper.load() ==
                        (word.generation() << memory::owner_bits | (who + 1))) {
      return true;
    }
  }
  return false;
}

bool holds_a_lock(const memory::image& img, memory::lane_index index,
                  const memory::lane_record& lane) {
  const auto self = memory::lock_word::held_by(
      index, memory::lane_word{lane.word.load()}.generation());
  // All cells: the count is private to the lane.
  for (const auto& cell : lane.held) {
    const auto root = cell.load();
    if (root == 0) break;
    if (memory::lock_word{img.root_at(root).lock.load()}.holder() == self.raw) {
      return true;
    }
  }
  return false;
}

std::optional<memory::slot_index> slot_of(const memory::image& img, pid_t pid) {
  for (memory::slot_index s = 0; s < img.sizes().participants; ++s) {
    const memory::slot_word word{img.slot(s).word.load()};
    if (word.state() == memory::slot_state::live &&
        word.pid() == static_cast<std::uint32_t>(pid)) {
      return s;
    }
  }
  return std::nullopt;
}

doing doing_of(const memory::image& img, memory::slot_index slot) {
  if (is_sweeping(img, slot)) return doing::sweeping;
  for (memory::lane_index i = 0; i < img.lane_count(); ++i) {
    const auto& lane = *img.lane(i);
    const memory::lane_word lease{lane.word.load()};
    if (lease.participant_plus_one() != slot + 1) continue;
    if (lane.guards[0].load() != 0) return doing::guarded;
    switch (static_cast<memory::journal_state>(lane.state.load())) {
      case memory::journal_state::idle:
        if (lane.waiting_for.load() != 0) return doing::waiting;
        if (holds_a_lock(img, i, lane)) return doing::locked;
        break;
      case memory::journal_state::active:
        return doing::active;
      default:
        return doing::committed;
    }
  }
  return doing::idle;
}

std::uint64_t number_from(const char* variable, std::uint64_t usual) {
  const auto* const said = std::getenv(variable);
  return said != nullptr ? std::strtoull(said, nullptr, 10) : usual;
}

}  // namespace

namespace {

using clock = std::chrono::steady_clock;

double ms_since(clock::time_point begun) {
  return std::chrono::duration<double, std::milli>(clock::now() - begun)
      .count();
}

/// Writers, eight of them by default, and one who kills them.
class storm {
public:
  storm(std::uint64_t seed, std::uint64_t ballast_bytes) : random_{seed} {
    sizes_.capacity = (128U << 20U) + align_up(2 * ballast_bytes, 64U << 20U);
    sizes_.participants = 16;
    options_ = in_folder(folder_, &sizes_);
    w_.emplace(shared_world::open_or_create("s", options_));
    for (int i = 0; i < accounts; ++i) {
      must(w_->numbers.insert(name_of(i), each));
      must(w_->texts.insert(i, note_of(each)));
    }
    // Small blocks of a living one.
    for (std::uint64_t lent = 0; lent < ballast_bytes; lent += 64)
      must(w_->home.allocate(64));
    const auto writers = number_from("COMMY_STORM_WRITERS", 8);
    for (std::uint64_t i = 0; i < writers; ++i)
      writers_.push_back(start_writer());
  }

  storm_report run(std::chrono::seconds length) {
    constexpr auto pace = 20ms;
    const auto end = clock::now() + length;
    auto due = clock::now();
    // Where the machine is busy the rarer states are seldom met: for a minute
    // more, at most, until somebody has died in each.
    const auto in_vain = end + 60s;
    while (report_.kills < 50 || clock::now() < end ||
           (!has_struck_all() && clock::now() < in_vain)) {
      strike();
      // The survivors go on.
      const auto goal = rounds() + static_cast<std::int64_t>(random_() % 50);
      REQUIRE(eventually([&] {
        static_cast<void>(w_->box.wait_for_change(w_->box.version(), 1ms));
        return rounds() >= goal;
      }));
      due = std::max(due + pace, clock::now());
      while (clock::now() < due)
        static_cast<void>(w_->box.wait_for_change(w_->box.version(), 1ms));
      if (report_.kills % 16 == 0) audit(*w_);
    }
    return report_;
  }

  /// The number of transactions; nobody writes any more.
  std::int64_t end() {
    const auto last = rounds();
    writers_.clear();
    w_->home.sweep();
    return last;
  }

  shared_world& world() { return *w_; }
  const memory::image& img() { return w_->home.engine()->img(); }
  std::mt19937_64& random() { return random_; }

private:
  forked start_writer() {
    const auto own_seed = random_();
    return forked{[this, own_seed](const auto&) -> int {
      write_for_ever(options_, own_seed);
    }};
  }

  std::int64_t rounds() { return must(w_->box.get()).y; }

  [[nodiscard]] bool has_struck_all() const {
    return std::ranges::all_of(to_be_struck, [&](doing one) {
      return report_.of[static_cast<std::size_t>(one)] > 0;
    });
  }

  /// Stops a writer that its own words say to be about `wanted`; after 50 ms
  /// without one, any.
  std::size_t stop_one(std::optional<doing> wanted) {
    const auto until = clock::now() + 50ms;
    for (auto i = random_() % writers_.size();; i = (i + 1) % writers_.size()) {
      const bool late = clock::now() >= until;
      const auto slot = slot_of(img(), writers_[i].pid());
      const auto fits = [&] {
        return !wanted || late || (slot && doing_of(img(), *slot) == *wanted);
      };
      if (!fits()) continue;
      // First it stands still, wherever it is; then it dies there.
      writers_[i].signal(SIGSTOP);
      writers_[i].wait_stopped();
      if (fits()) return i;
      writers_[i].signal(SIGCONT);
    }
  }

  void strike() {
    // In turn at random, and in each state that is worth dying in.
    constexpr std::array<std::optional<doing>, 6> turns{
        std::nullopt,   doing::active, doing::sweeping,
        doing::guarded, doing::locked, doing::committed};
    // Not by the kills: a bait counts as one, and its turn's successor would
    // always be left out.
    const auto wanted = turns[strikes_++ % turns.size()];
    std::optional<forked> bait;
    if (wanted == doing::sweeping) {
      // Somebody to sweep: one who dies with a lock that others wait for.
      bait.emplace(
          std::exchange(writers_[stop_one(doing::active)], start_writer()));
      ++report_.of[static_cast<std::size_t>(doing::active)];
      ++report_.kills;
      bait->signal(SIGKILL);
    }
    auto& victim = writers_[stop_one(wanted)];
    const auto slot = slot_of(img(), victim.pid());
    ++report_.of[static_cast<std::size_t>(slot ? doing_of(img(), *slot)
                                               : doing::idle)];
    ++report_.kills;
    // While it stands still: once it is dead others may end its slot at once.
    const auto before = slot ? img().slot(*slot).word.load() : 0;
    const auto killed = clock::now();
    victim.signal(SIGKILL);
    if (slot && report_.kills % 2 == 0) {
      // The kernel's part: until it says that the victim is dead.
      while (!w_->home.engine()->is_dead(*slot) &&
             img().slot(*slot).word.load() == before) {
      }
      report_.kernel.push_back(ms_since(killed));
      const auto begun = clock::now();
      must(w_->box.update([](point& p) { p.y += 1; }));
      report_.ours.push_back(ms_since(begun));
    } else {
      must(w_->box.update([](point& p) { p.y += 1; }));
    }
    report_.next.push_back(ms_since(killed));
    auto dead = std::exchange(victim, start_writer());
    dead.wait();
  }

  std::mt19937_64 random_;
  test_folder folder_;
  memory::geometry sizes_;
  segment_options options_;
  std::optional<shared_world> w_;
  std::vector<forked> writers_;
  std::size_t strikes_ = 0;
  storm_report report_;
};

void rage(std::chrono::seconds length, std::uint64_t ballast_bytes) {
  const auto seed = number_from("COMMY_SEED", platform::random_u64());
  CAPTURE(seed);
  storm all{seed, ballast_bytes};

  const auto report = all.run(length);
  const auto last = all.end();

  std::cout << "kill storm beside " << (ballast_bytes >> 20U)
            << " MiB of small blocks: " << last << " transactions, "
            << report.kills << " kills:";
  for (std::size_t i = 0; i < doings; ++i) {
    std::cout << ' ' << report.of[i] << ' ' << doing_text[i]
              << (i + 1 < doings ? "," : "");
  }
  const auto row = [](const char* what, const std::vector<double>& times) {
    std::cout << what << percentile(times, 0.5) << " / "
              << percentile(times, 0.99);
  };
  row("; ms p50 / p99: to the next transaction ", report.next);
  row(", of it until the kernel says dead ", report.kernel);
  row(", from there ", report.ours);
  std::cout << "\n";
  auto& w = all.world();
  const auto found = must(read_world(w.home.engine(), w.where()));
  CHECK(balances(found));
  CHECK(found.box.value.y >= last);
  for (const auto one : to_be_struck) {
    CAPTURE(doing_text[static_cast<std::size_t>(one)]);
    CHECK(report.of[static_cast<std::size_t>(one)] > 0);
  }
  CHECK(trace_blocks(all.img()).text() == "");
  CHECK(w.home.participants().size() == 1);
  transfer(w, all.random());
  CHECK(balances(must(read_world(w.home.engine(), w.where()))));
}

}  // namespace

TEST_CASE("a storm of kills loses no money, leaks nothing, stops nobody") {
  rage(std::chrono::seconds{number_from("COMMY_STORM_SECONDS", 5)},
       number_from("COMMY_STORM_BALLAST_MIB", 32) << 20U);
}

TEST_CASE("a storm of a minute beside a gibibyte of small blocks", "[.slow]") {
  {
    const test_folder probe;
    const auto room = std::filesystem::space(probe.path()).available;
    if (room < 2ULL << 30U) SKIP("needs 2 GiB in the folder for segments");
  }
  rage(60s, 1ULL << 30U);
}
