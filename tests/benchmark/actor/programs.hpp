// tests/benchmark/actor/programs.hpp: work that each runtime does in the same
// words. R is the runtime: our_runtime, caf_runtime.
#pragma once

#include "resident.hpp"
#include "work.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

namespace commy::benchmark {

struct begin {};

// --- Ping-pong: two actors, one message. -----------------------------------

struct ball {};
template <class R>
struct opponent {
  typename R::template address<ball> who;
};

template <class R>
class player : public R::template base<player<R>, opponent<R>, ball> {
public:
  /// Without a score it only plays back.
  explicit player(laps* score = nullptr, finish_line* end = nullptr)
      : score_{score}, end_{end} {}
  void on(opponent<R> m) { other_ = std::move(m.who); }
  void on(ball) {
    if (score_ != nullptr && !score_->count()) {
      end_->reach();
    } else {
      this->send(other_, ball{});
    }
  }

private:
  laps* score_;
  finish_line* end_;
  typename R::template address<ball> other_;
};

/// Nanoseconds per message. `make` spawns a player.
template <class R, class Make>
void play(typename R::system& system, std::uint64_t messages, samples& into,
          Make make) {
  finish_line end;
  laps score{into, {.calls = messages / 2, .messages_per_call = 2}};
  const auto here = make(&score, &end);
  const auto there = make(nullptr, nullptr);
  system.tell(here, opponent<R>{there});
  system.tell(there, opponent<R>{here});
  system.tell(here, ball{});
  end.wait();
}

template <class R, unsigned workers>
void ping_pong(samples& into) {
  typename R::system system{workers};
  play<R>(system, 400'000, into, [&](laps* score, finish_line* end) {
    return system.template spawn<player<R>>(score, end);
  });
}

/// Each on a thread of its own, so that every message changes the thread.
template <class R>
void ping_pong_pinned(samples& into) {
  typename R::system system{1};
  play<R>(system, 20'000, into, [&](laps* score, finish_line* end) {
    return system.template spawn_pinned<player<R>>(score, end);
  });
}

// --- Ring: one token, many actors. -----------------------------------------

struct token {};
template <class R>
struct neighbour {
  typename R::template address<token> next;
};

template <class R>
class ring_node : public R::template base<ring_node<R>, neighbour<R>, token> {
public:
  explicit ring_node(laps* score, finish_line* end)
      : score_{score}, end_{end} {}
  void on(neighbour<R> m) { next_ = std::move(m.next); }
  void on(token) {
    if (score_ != nullptr && !score_->count()) {
      end_->reach();
    } else {
      this->send(next_, token{});
    }
  }

private:
  laps* score_;
  finish_line* end_;
  typename R::template address<token> next_;
};

/// Nanoseconds per hop; a lap is one round.
template <class R, unsigned nodes, unsigned workers>
void ring(samples& into) {
  constexpr std::uint64_t rounds = 400'000 / nodes;
  finish_line end;
  laps score{into,
             {.calls = rounds, .calls_per_lap = 1, .messages_per_call = nodes}};
  typename R::system system{workers};
  std::vector<typename ring_node<R>::own> all;
  for (unsigned i = 0; i < nodes; ++i) {
    all.push_back(
        system.template spawn<ring_node<R>>(i == 0 ? &score : nullptr, &end));
  }
  for (unsigned i = 0; i < nodes; ++i)
    system.tell(all[i], neighbour<R>{all[(i + 1) % nodes]});
  system.tell(all[0], token{});
  end.wait();
}

// --- Fan-in: eight actors, one receiver. -----------------------------------

// A sender goes on when the receiver has asked for more: so the mailbox holds
// at most 8 bursts, 512 messages.
constexpr std::uint32_t fan_senders = 8;
constexpr std::uint32_t fan_burst = 64;

struct more {};
struct item {
  std::uint32_t from;
};
template <class R>
struct source_is {
  std::uint32_t number;
  typename R::template address<more> who;
};

template <class R>
class fan_receiver
    : public R::template base<fan_receiver<R>, source_is<R>, item> {
public:
  fan_receiver(laps* score, finish_line* end) : score_{score}, end_{end} {}
  void on(source_is<R> m) {
    auto& to = sources_[m.number].who;
    to = std::move(m.who);
    this->send(to, more{});
  }
  void on(item m) {
    auto& from = sources_[m.from];
    if (++from.items % fan_burst == 0) this->send(from.who, more{});
    if (!score_->count()) end_->reach();
  }

private:
  struct source {
    typename R::template address<more> who;
    std::uint32_t items = 0;
  };
  std::array<source, fan_senders> sources_;
  laps* score_;
  finish_line* end_;
};

template <class R>
class fan_sender : public R::template base<fan_sender<R>, more> {
public:
  fan_sender(std::uint32_t number, typename R::template address<item> to,
             std::uint32_t bursts)
      : number_{number}, to_{std::move(to)}, bursts_{bursts} {}
  void on(more) {
    if (bursts_ == 0) return;
    --bursts_;
    for (std::uint32_t i = 0; i < fan_burst; ++i)
      this->send(to_, item{number_});
  }

private:
  std::uint32_t number_;
  typename R::template address<item> to_;
  std::uint32_t bursts_;
};

/// Nanoseconds per message; a lap is a burst of each sender.
template <class R, unsigned workers>
void fan_in(samples& into) {
  constexpr std::uint32_t bursts = 1'000;
  constexpr auto per_lap = std::uint64_t{fan_burst} * fan_senders;
  typename R::system system{workers};
  finish_line end;
  laps score{into, {.calls = bursts * per_lap, .calls_per_lap = per_lap}};
  const auto sink = system.template spawn<fan_receiver<R>>(&score, &end);
  for (std::uint32_t i = 0; i < fan_senders; ++i) {
    system.tell(sink, source_is<R>{i, system.template spawn<fan_sender<R>>(
                                          i, sink, bursts)});
  }
  end.wait();
}

// --- From a plain thread. --------------------------------------------------

template <class R>
class counter : public R::template base<counter<R>, item> {
public:
  explicit counter(std::uint64_t items, finish_line* end)
      : left_{items}, end_{end} {}
  void on(item) {
    if (--left_ == 0) end_->reach();
  }

private:
  std::uint64_t left_;
  finish_line* end_;
};

/// Notes how fast items come.
template <class R>
class measured_counter : public R::template base<measured_counter<R>, item> {
public:
  measured_counter(laps* score, finish_line* end) : score_{score}, end_{end} {}
  void on(item) {
    if (!score_->count()) end_->reach();
  }

private:
  laps* score_;
  finish_line* end_;
};

/// Nanoseconds per message, as they arrive.
template <class R>
void outside_in(samples& into) {
  constexpr std::uint64_t items = 500'000;
  typename R::system system{1};
  finish_line end;
  laps score{into, {.calls = items, .calls_per_lap = 1'000}};
  const auto sink = system.template spawn<measured_counter<R>>(&score, &end);
  for (std::uint64_t i = 0; i < items; ++i)
    system.tell(sink, item{});
  end.wait();
}

// --- Spawn, memory, idleness. ----------------------------------------------

/// Nanoseconds per actor, from none: its memory is new. A lap is long enough to
/// hold what is got for many actors at once.
template <class R>
void spawn(samples& into) {
  constexpr std::uint64_t actors = 100'000;
  typename R::system system{1};
  finish_line end;
  laps score{into, {.calls = actors, .calls_per_lap = 1'000}};
  std::vector<typename counter<R>::own> all;
  all.reserve(actors);
  do {
    all.push_back(system.template spawn<counter<R>>(1U, &end));
  } while (score.count());
}

/// Resident bytes per actor, its object of 16 bytes with it; `told`: after its
/// first message, whose block an actor of ours keeps.
template <class R, bool told>
void actor_bytes(samples& into) {
  constexpr std::uint32_t actors = 1'000'000;
  typename R::system system{1};
  finish_line end{actors};
  std::vector<typename counter<R>::own> all(actors);
  const auto before = resident_bytes();
  for (auto& one : all)
    one = system.template spawn<counter<R>>(1U, &end);
  if (told) {
    for (const auto& one : all)
      system.tell(one, item{});
    end.wait();
  }
  into.push_back(static_cast<double>(resident_bytes() - before) / actors);
}

/// Wake-ups of all threads but this one in a second in which nothing happens,
/// after some work has been done.
template <class R>
void idle_wakeups(samples& into) {
  using namespace std::chrono_literals;
  typename R::system system{2};
  finish_line end;
  const auto sink = system.template spawn<counter<R>>(10'000U, &end);
  for (int i = 0; i < 10'000; ++i)
    system.tell(sink, item{});
  end.wait();
  // What was begun comes to rest.
  std::this_thread::sleep_for(100ms);
  const auto before = wakeups_of_others();
  std::this_thread::sleep_for(1s);
  into.push_back(static_cast<double>(wakeups_of_others() - before));
}

// --- Skynet: a tree of a million leaves. -----------------------------------

struct subtotal {
  std::uint64_t sum;
};
constexpr std::uint64_t skynet_leaves = 1'000'000;
constexpr std::uint64_t skynet_children = 10;

template <class R>
class skynet_node : public R::template base<skynet_node<R>, begin, subtotal> {
public:
  using parent = typename R::template address<subtotal>;
  /// Who has no parent says when the end is reached.
  skynet_node(typename R::system* home, parent up, std::uint64_t first,
              std::uint64_t leaves, finish_line* end)
      : home_{home},
        up_{std::move(up)},
        first_{first},
        leaves_{leaves},
        end_{end} {}

  void on(begin) {
    if (leaves_ == 1) return report(first_);
    const auto share = leaves_ / skynet_children;
    for (std::uint64_t i = 0; i < skynet_children; ++i) {
      const auto child = this->template make<skynet_node<R>>(
          *home_, home_, parent{this->me()}, first_ + i * share, share,
          static_cast<finish_line*>(nullptr));
      this->send(child, begin{});
    }
  }
  void on(subtotal m) {
    sum_ += m.sum;
    if (++answers_ == skynet_children) report(sum_);
  }

private:
  void report(std::uint64_t sum) {
    if (end_ == nullptr) {
      this->send(up_, subtotal{sum});
    } else {
      if (sum != skynet_leaves * (skynet_leaves - 1) / 2) std::terminate();
      end_->reach();
    }
    this->quit();
  }

  typename R::system* home_;
  parent up_;
  std::uint64_t first_;
  std::uint64_t leaves_;
  finish_line* end_;
  std::uint64_t sum_ = 0;
  std::uint64_t answers_ = 0;
};

/// Milliseconds.
template <class R>
void skynet(samples& into) {
  typename R::system system{2};
  finish_line end;
  const auto root = system.template spawn<skynet_node<R>>(
      &system, typename skynet_node<R>::parent{}, 0U, skynet_leaves, &end);
  end.start();
  system.tell(root, begin{});
  into.push_back(end.wait() / 1e6);
}

}  // namespace commy::benchmark
