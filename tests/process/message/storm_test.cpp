// Processes that send to each other, all to all, and are killed at random.
#include "claims.hpp"
#include "traffic.hpp"

#include <catch2/catch_get_random_seed.hpp>
#include <catch2/catch_test_macros.hpp>

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <memory>
#include <new>
#include <random>
#include <support/forked.hpp>
#include <support/loan_count.hpp>
#include <support/test_folder.hpp>

namespace commy::test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using message::inbox;

constexpr std::uint32_t peers = 4;
/// Lives of all peers in one storm; the longest form needs some 6,000.
constexpr std::uint32_t lives_max = 20'000;

/// What the processes tell the test, in memory that outlives each of them.
struct board {
  struct alignas(64) peer {
    std::atomic<std::uint64_t> taken;
    std::atomic<std::uint64_t> skipped;
    std::atomic<std::uint64_t> loans_taken;
  };
  std::array<peer, peers> of;
  // How far the receiver's place has heard the sender's life; so a message that
  // comes twice is found out, whoever gets it the second time.
  std::array<std::array<std::atomic<std::uint32_t>, peers>, lives_max> heard;
  std::atomic<std::uint32_t> twice;
  std::atomic<std::uint32_t> torn;
  std::atomic<std::uint32_t> refused;
};

class shared_board {
public:
  shared_board() {
    void* const at = ::mmap(nullptr, sizeof(board), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) throw std::bad_alloc{};
    board_ = static_cast<board*>(at);  // Zeros.
  }
  shared_board(const shared_board&) = delete;
  shared_board& operator=(const shared_board&) = delete;
  ~shared_board() { ::munmap(board_, sizeof(board)); }
  board* operator->() const noexcept { return board_; }

private:
  board* board_;
};

std::string name_of(std::uint32_t peer) {
  return "peer " + std::to_string(peer);
}

/// One life of a peer: takes what comes, keeps some of the loans, sends to the
/// others whatever there is room for. Never returns.
class peer_life {
public:
  peer_life(const segment_options& options, const shared_board& b,
            std::uint32_t self, std::uint32_t life)
      : board_{&b},
        self_{self},
        life_{life},
        random_{life},
        shared_{segment::open("mail", options).value()},
        box_{inbox::open(shared_).value()} {
    box_.publish(name_of(self)).value();
  }

  [[noreturn]] void run() {
    for (;;) {
      const auto got = take_some();
      const auto sent = send_some();
      if (!got && !sent) static_cast<void>(box_.wait(clock::now() + 1ms));
    }
  }

private:
  board& told() const { return *board_->operator->(); }

  bool take_some() {
    bool any = false;
    for (auto left = random_() % 16; left > 0; --left) {
      const auto parcel = box_.try_take();
      if (!parcel) break;
      any = true;
      take(*parcel);
    }
    const auto skipped = box_.statistics().skipped_claims;
    told().of[self_].skipped += skipped - skipped_;
    skipped_ = skipped;
    return any;
  }

  void take(const message::parcel& parcel) {
    std::vector<loan<const sheet>> pages;
    const auto what = open_one(parcel, pages);
    if (!what || what->sender >= lives_max) {
      ++told().torn;
      return;
    }
    auto& heard = told().heard[what->sender][self_];
    const auto number = static_cast<std::uint32_t>(what->number) + 1;
    // One reader at a time writes it: this place has one life at a time.
    if (heard.load() >= number) ++told().twice;
    heard = number;
    told().of[self_].loans_taken += pages.size();
    for (auto& page : pages)
      held_.push_back({std::move(page), *what});
    if (held_.size() > 8) {
      // Whoever else held one of these would have written over it by now.
      for (const auto& h : held_) {
        if (!is_whole(*h.page, h.of.sender, h.of.number)) ++told().torn;
      }
      held_.erase(held_.begin(), held_.begin() + 4);
    }
    ++told().of[self_].taken;
  }

  bool send_some() {
    bool any = false;
    for (std::uint32_t other = 0; other < peers; ++other) {
      if (other != self_) any |= send_to(other);
    }
    return any;
  }

  bool send_to(std::uint32_t other) {
    auto& to = to_[other];
    if (!to) {
      auto found = traffic_address::find(shared_, name_of(other));
      if (!found) return false;
      to.emplace(std::move(*found));
    }
    bool any = false;
    for (auto left = random_() % 8; left > 0; --left) {
      const auto sent = send_one(shared_, *to, life_, next_[other]);
      if (!sent) {
        if (sent.error() == send_error::receiver_stopped) {
          to.reset();
        } else if (sent.error() != send_error::ring_full) {
          ++told().refused;
        }
        break;
      }
      ++next_[other];
      any = true;
    }
    return any;
  }

  const shared_board* board_;
  std::uint32_t self_;
  std::uint32_t life_;
  std::mt19937_64 random_;
  segment shared_;
  inbox box_;
  std::uint64_t skipped_ = 0;
  std::array<std::optional<traffic_address>, peers> to_;
  std::array<std::uint32_t, peers> next_{};
  struct kept_page {
    loan<const sheet> page;
    received of;
  };
  std::vector<kept_page> held_;
};

struct storm_report {
  std::uint32_t kills = 0;
  std::uint32_t in_message = 0;
  std::vector<double> flow_ms;  // From a kill until a survivor took something.
};

class storm {
public:
  explicit storm(std::uint64_t seed) : random_{seed} {
    for (std::uint32_t p = 0; p < peers; ++p)
      peers_.push_back(begin_life(p));
    REQUIRE(eventually([&] {
      return std::ranges::all_of(told_->of,
                                 [](const auto& p) { return p.taken > 0; });
    }));
  }

  /// Kills at `pace` for so long.
  storm_report run(std::chrono::nanoseconds length,
                   std::chrono::nanoseconds pace) {
    storm_report report;
    const auto end = clock::now() + length;
    auto due = clock::now();
    // On a busy machine nobody may have died in a message yet: for a minute
    // more, at most, until somebody has.
    const auto in_vain = end + 60s;
    while (clock::now() < end ||
           (report.in_message == 0 && clock::now() < in_vain)) {
      const auto victim = static_cast<std::uint32_t>(random_() % peers);
      // Every second one where it hurts most, if it gets there within 20 ms.
      if (report.kills % 2 == 0) stop_in_message(peers_[victim]);
      if (has_claim(shared_.engine()->img(), peers_[victim].pid())) {
        ++report.in_message;
      }
      const auto before = taken_by_others(victim);
      const auto struck = clock::now();
      peers_[victim].signal(SIGKILL);
      // The others go on, whatever the dead one left half done.
      REQUIRE(eventually([&] { return taken_by_others(victim) > before; }));
      report.flow_ms.push_back(
          std::chrono::duration<double, std::milli>(clock::now() - struck)
              .count());
      ++report.kills;
      // Its name is free once the kernel has let go of it.
      peers_[victim].kill();
      peers_[victim] = begin_life(victim);
      due = std::max(due + pace, clock::now());
      // The storm's own pace, not a wait for something to have happened.
      static_cast<void>(eventually([&] { return clock::now() >= due; }));
    }
    return report;
  }

  /// All die at once; then the segment is swept and looked at.
  void end() {
    for (auto& p : peers_)
      p.kill();
    peers_.clear();
    shared_.sweep();
  }

  [[nodiscard]] const shared_board& told() const { return told_; }
  [[nodiscard]] const segment& shared() const { return shared_; }
  [[nodiscard]] const segment_options& options() const { return options_; }

private:
  forked begin_life(std::uint32_t peer) {
    const auto life = lives_++;
    REQUIRE(life < lives_max);
    return forked{[this, peer, life](const auto&) -> int {
      peer_life{options_, told_, peer, life}.run();
    }};
  }
  void stop_in_message(const forked& victim) const {
    const auto& img = shared_.engine()->img();
    const auto until = clock::now() + 20ms;
    for (;;) {
      victim.signal(SIGSTOP);
      victim.wait_stopped();
      if (has_claim(img, victim.pid()) || clock::now() >= until) return;
      victim.signal(SIGCONT);
    }
  }
  [[nodiscard]] std::uint64_t taken_by_others(std::uint32_t than) const {
    std::uint64_t all = 0;
    for (std::uint32_t p = 0; p < peers; ++p) {
      if (p != than) all += told_->of[p].taken;
    }
    return all;
  }

  test_folder folder_;
  segment_options options_ = in_folder(folder_);
  segment shared_ = segment::create("mail", options_).value();
  shared_board told_;
  std::mt19937_64 random_;
  std::uint32_t lives_ = 0;
  std::vector<forked> peers_;
};

void print(const storm& s, storm_report report) {
  std::uint64_t taken = 0;
  std::uint64_t skipped = 0;
  std::uint64_t loans = 0;
  for (const auto& p : s.told()->of) {
    taken += p.taken;
    skipped += p.skipped;
    loans += p.loans_taken;
  }
  std::ranges::sort(report.flow_ms);
  const auto at = [&](double part) {
    return report.flow_ms[static_cast<std::size_t>(
        part * static_cast<double>(report.flow_ms.size() - 1))];
  };
  std::printf(
      "%u kills, %u in a message; %lu messages and %lu loans taken; %lu claims "
      "of the dead "
      ""
      "skipped; a survivor took something after "
      "%.2f ms (p50), %.2f (p99), %.2f (worst)\n",
      report.kills, report.in_message, taken, loans, skipped, at(0.5), at(0.99),
      at(1));
}

void rage(std::chrono::seconds length) {
  INFO("seed " << Catch::getSeed());
  storm s{Catch::getSeed()};
  auto report = s.run(length, 10ms);
  s.end();
  CHECK(report.in_message > 0);
  print(s, std::move(report));
  CHECK(s.told()->twice == 0);
  CHECK(s.told()->torn == 0);
  CHECK(s.told()->refused == 0);
  CHECK(count_loans(s.shared().engine()->img()) == loan_count{});
  CHECK(s.shared().participants().size() == 1);
}

}  // namespace

TEST_CASE("processes that send to each other are killed, and nothing is lost") {
  rage(5s);
}

TEST_CASE("so they are for a minute", "[.slow]") { rage(60s); }

}  // namespace commy::test
