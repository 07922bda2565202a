// tests/benchmark/actor/savina.hpp: programs of the Savina suite that every
// runtime does in the same words; see programs.hpp.
// Source: Imam and Sarkar, "Savina: an actor benchmark suite", AGERE 2014;
// its sizes, but for a tenth of the pings of `big` and of the meals of the
// philosophers. Without the loops that only use up time in its handlers.
#pragma once

#include "programs.hpp"
#include "work.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <utility>
#include <vector>

namespace commy::benchmark {

/// All programs of the suite run on as many workers as the machine has cores,
/// here two, and answer milliseconds.
constexpr unsigned savina_workers = 2;

// --- Counting: a million increments, one read. -----------------------------

struct increment {};
struct read_count {};

template <class R>
class counting_actor
    : public R::template base<counting_actor<R>, increment, read_count> {
public:
  counting_actor(std::uint64_t expected, finish_line* end)
      : expected_{expected}, end_{end} {}
  void on(increment) { ++count_; }
  void on(read_count) {
    if (count_ != expected_) std::terminate();
    end_->reach();
  }

private:
  std::uint64_t count_ = 0;
  std::uint64_t expected_;
  finish_line* end_;
};

template <class R>
class counting_producer : public R::template base<counting_producer<R>, begin> {
public:
  using target = typename R::template address<increment, read_count>;
  counting_producer(target to, std::uint64_t count)
      : to_{std::move(to)}, count_{count} {}
  void on(begin) {
    for (std::uint64_t i = 0; i < count_; ++i)
      this->send(to_, increment{});
    this->send(to_, read_count{});
  }

private:
  target to_;
  std::uint64_t count_;
};

template <class R>
void counting(samples& into) {
  constexpr std::uint32_t messages = 1'000'000;
  typename R::system system{savina_workers, messages + 1};
  finish_line end;
  const auto sink =
      system.template spawn<counting_actor<R>>(std::uint64_t{messages}, &end);
  const auto from = system.template spawn<counting_producer<R>>(
      typename counting_producer<R>::target{sink}, std::uint64_t{messages});
  end.start();
  system.tell(from, begin{});
  into.push_back(end.wait() / 1e6);
}

// --- Fork-join: messages to many, and many actors. -------------------------

template <class R>
void fork_join_throughput(samples& into) {
  constexpr std::uint32_t actors = 60;
  constexpr std::uint32_t messages = 10'000;
  typename R::system system{savina_workers, messages};
  finish_line end{actors};
  std::vector<typename counter<R>::own> all;
  for (std::uint32_t i = 0; i < actors; ++i)
    all.push_back(system.template spawn<counter<R>>(messages, &end));
  end.start();
  for (std::uint32_t i = 0; i < messages; ++i) {
    for (const auto& one : all)
      system.tell(one, item{});
  }
  into.push_back(end.wait() / 1e6);
}

template <class R>
class passer_by : public R::template base<passer_by<R>, begin> {
public:
  explicit passer_by(finish_line* end) : end_{end} {}
  void on(begin) {
    end_->reach();
    this->quit();
  }

private:
  finish_line* end_;
};

template <class R>
void fork_join_create(samples& into) {
  constexpr std::uint32_t actors = 40'000;
  typename R::system system{savina_workers};
  finish_line end{actors};
  end.start();
  for (std::uint32_t i = 0; i < actors; ++i)
    system.tell(system.template spawn<passer_by<R>>(&end), begin{});
  into.push_back(end.wait() / 1e6);
}

// --- Big: everybody pings anybody. -----------------------------------------

struct pong {};
template <class R>
struct ping {
  typename R::template address<pong> from;
};

template <class R>
class big_actor : public R::template base<big_actor<R>, begin, ping<R>, pong> {
public:
  using everybody = std::vector<typename R::template address<ping<R>>>;
  big_actor(const everybody* all, std::uint32_t pings, std::uint32_t seed,
            finish_line* end)
      : all_{all}, left_{pings}, draw_{seed}, end_{end} {}
  void on(begin) { ping_one(); }
  void on(const ping<R>& m) { this->send(m.from, pong{}); }
  void on(pong) {
    if (--left_ == 0) {
      end_->reach();
    } else {
      ping_one();
    }
  }

private:
  void ping_one() {
    this->send((*all_)[draw_() % all_->size()], ping<R>{this->me()});
  }

  const everybody* all_;
  std::uint32_t left_;
  std::minstd_rand draw_;
  finish_line* end_;
};

template <class R>
void big(samples& into) {
  constexpr std::uint32_t actors = 120;
  constexpr std::uint32_t pings = 2'000;
  typename R::system system{savina_workers};
  typename big_actor<R>::everybody all;
  finish_line end{actors};
  std::vector<typename big_actor<R>::own> each;
  for (std::uint32_t i = 0; i < actors; ++i) {
    each.push_back(
        system.template spawn<big_actor<R>>(&all, pings, i + 1, &end));
    all.push_back(each.back());
  }
  end.start();
  for (const auto& one : each)
    system.tell(one, begin{});
  into.push_back(end.wait() / 1e6);
}

// --- Bounded buffer: producers, consumers and 50 places. -------------------

struct produce {};
struct good {};
template <class R>
struct delivery {
  typename R::template address<produce> from;
};
template <class R>
struct hungry_for_goods {
  typename R::template address<good> who;
};

/// A producer may produce one when it starts and another each time it is told.
template <class R>
class buffer_manager : public R::template base<buffer_manager<R>, delivery<R>,
                                               hungry_for_goods<R>> {
public:
  buffer_manager(std::uint32_t goods, finish_line* end)
      : left_{goods}, end_{end} {}
  void on(delivery<R> m) {
    if (waiting_consumers_.empty()) {
      ++stored_;
    } else {
      hand_out(waiting_consumers_.front());
      waiting_consumers_.pop_front();
    }
    // Each producer that may go on has a place of its own.
    if (stored_ + producing_ < places) {
      this->send(m.from, produce{});
    } else {
      waiting_producers_.push_back(std::move(m.from));
    }
  }
  void on(hungry_for_goods<R> m) {
    if (stored_ == 0) {
      waiting_consumers_.push_back(std::move(m.who));
      return;
    }
    --stored_;
    hand_out(m.who);
    if (waiting_producers_.empty()) return;
    this->send(waiting_producers_.front(), produce{});
    waiting_producers_.pop_front();
  }

private:
  // 50, less the 40 producers that work ahead into a place of their own.
  static constexpr std::uint32_t places = 50;
  static constexpr std::uint32_t producing_ = 40;

  template <class To>
  void hand_out(const To& to) {
    this->send(to, good{});
    if (--left_ == 0) end_->reach();
  }

  std::uint32_t left_;
  finish_line* end_;
  std::uint32_t stored_ = 0;
  std::deque<typename R::template address<good>> waiting_consumers_;
  std::deque<typename R::template address<produce>> waiting_producers_;
};

template <class R>
class buffer_producer : public R::template base<buffer_producer<R>, produce> {
public:
  buffer_producer(typename R::template address<delivery<R>> to,
                  std::uint32_t goods)
      : to_{std::move(to)}, left_{goods} {}
  void on(produce) {
    if (left_ == 0) return;
    --left_;
    this->send(to_, delivery<R>{this->me()});
  }

private:
  typename R::template address<delivery<R>> to_;
  std::uint32_t left_;
};

template <class R>
class buffer_consumer : public R::template base<buffer_consumer<R>, good> {
public:
  explicit buffer_consumer(
      typename R::template address<hungry_for_goods<R>> from)
      : from_{std::move(from)} {}
  void on(good) { this->send(from_, hungry_for_goods<R>{this->me()}); }

private:
  typename R::template address<hungry_for_goods<R>> from_;
};

template <class R>
void bounded_buffer(samples& into) {
  constexpr std::uint32_t each = 40;
  constexpr std::uint32_t goods = 1'000;
  typename R::system system{savina_workers};
  finish_line end;
  const auto manager =
      system.template spawn<buffer_manager<R>>(each * goods, &end);
  end.start();
  for (std::uint32_t i = 0; i < each; ++i) {
    // Makes it hungry; it is not counted.
    system.tell(system.template spawn<buffer_consumer<R>>(manager), good{});
    system.tell(system.template spawn<buffer_producer<R>>(manager, goods),
                produce{});
  }
  into.push_back(end.wait() / 1e6);
}

// --- Dining philosophers: one arbiter has the forks. -----------------------

struct eat {};
struct denied {};
template <class R>
struct hungry {
  std::uint32_t seat;
  typename R::template address<eat, denied> who;
};
struct sated {
  std::uint32_t seat;
};

constexpr std::uint32_t philosophers = 20;

template <class R>
class arbiter : public R::template base<arbiter<R>, hungry<R>, sated> {
public:
  void on(const hungry<R>& m) {
    auto& left = taken_[m.seat];
    auto& right = taken_[(m.seat + 1) % philosophers];
    if (left || right) {
      this->send(m.who, denied{});
      return;
    }
    left = right = true;
    this->send(m.who, eat{});
  }
  void on(sated m) {
    taken_[m.seat] = taken_[(m.seat + 1) % philosophers] = false;
  }

private:
  std::array<bool, philosophers> taken_{};
};

template <class R>
class philosopher
    : public R::template base<philosopher<R>, begin, eat, denied> {
public:
  using table = typename R::template address<hungry<R>, sated>;
  philosopher(std::uint32_t seat, table at, std::uint32_t meals,
              finish_line* end)
      : seat_{seat}, at_{std::move(at)}, left_{meals}, end_{end} {}
  void on(begin) { ask_for_forks(); }
  void on(denied) { ask_for_forks(); }
  void on(eat) {
    this->send(at_, sated{seat_});
    if (--left_ == 0) {
      end_->reach();
    } else {
      ask_for_forks();
    }
  }

private:
  void ask_for_forks() { this->send(at_, hungry<R>{seat_, this->me()}); }

  std::uint32_t seat_;
  table at_;
  std::uint32_t left_;
  finish_line* end_;
};

template <class R>
void dining(samples& into) {
  constexpr std::uint32_t meals = 1'000;
  typename R::system system{savina_workers};
  finish_line end{philosophers};
  const auto table = system.template spawn<arbiter<R>>();
  end.start();
  for (std::uint32_t i = 0; i < philosophers; ++i) {
    system.tell(system.template spawn<philosopher<R>>(
                    i, typename philosopher<R>::table{table}, meals, &end),
                begin{});
  }
  into.push_back(end.wait() / 1e6);
}

// --- Chameneos: meet in pairs, change colours. -----------------------------

struct change {
  std::uint32_t colour;
};
struct go_home {};
template <class R>
struct partner {
  std::uint32_t colour;
  typename R::template address<change> who;
};
template <class R>
struct visit {
  std::uint32_t colour;
  typename R::template address<partner<R>, change, go_home> who;
};

/// What the two become: the third colour, when they differ.
constexpr std::uint32_t complement(std::uint32_t a, std::uint32_t b) noexcept {
  return a == b ? a : 3 - a - b;
}

template <class R>
class mall : public R::template base<mall<R>, visit<R>> {
public:
  explicit mall(std::uint32_t meetings) : left_{meetings} {}
  void on(visit<R> m) {
    if (left_ == 0) {
      this->send(m.who, go_home{});
    } else if (!waiting_) {
      waiting_.emplace(std::move(m));
    } else {
      --left_;
      const auto first = *std::exchange(waiting_, std::nullopt);
      this->send(first.who, partner<R>{m.colour, std::move(m.who)});
    }
  }

private:
  std::uint32_t left_;
  std::optional<visit<R>> waiting_;
};

template <class R>
class chameneo
    : public R::template base<chameneo<R>, begin, partner<R>, change, go_home> {
public:
  using place = typename R::template address<visit<R>>;
  chameneo(place at, std::uint32_t colour, finish_line* end)
      : at_{std::move(at)}, colour_{colour}, end_{end} {}
  void on(begin) { go_there(); }
  void on(const partner<R>& m) {
    colour_ = complement(colour_, m.colour);
    this->send(m.who, change{colour_});
    go_there();
  }
  void on(change m) {
    colour_ = m.colour;
    go_there();
  }
  void on(go_home) { end_->reach(); }

private:
  void go_there() { this->send(at_, visit<R>{colour_, this->me()}); }

  place at_;
  std::uint32_t colour_;
  finish_line* end_;
};

template <class R>
void chameneos(samples& into) {
  constexpr std::uint32_t creatures = 100;
  constexpr std::uint32_t meetings = 200'000;
  typename R::system system{savina_workers};
  finish_line end{creatures};
  const auto at = system.template spawn<mall<R>>(meetings);
  end.start();
  for (std::uint32_t i = 0; i < creatures; ++i) {
    system.tell(system.template spawn<chameneo<R>>(
                    typename chameneo<R>::place{at}, i % 3, &end),
                begin{});
  }
  into.push_back(end.wait() / 1e6);
}

/// 100 actors, as the suite has it; milliseconds for 100,000 hops.
template <class R>
void thread_ring(samples& into) {
  samples hops;
  ring<R, 100, savina_workers>(hops);
  for (const auto ns : hops)
    into.push_back(ns * 100'000 / 1e6);
}

}  // namespace commy::benchmark
