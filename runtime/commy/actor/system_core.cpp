#include <commy/actor/answer.hpp>
#include <commy/actor/cell_arena.hpp>
#include <commy/actor/lifecycle.hpp>
#include <commy/actor/observe.hpp>
#include <commy/actor/reasons.hpp>
#include <commy/actor/shelf.hpp>
#include <commy/actor/system_core.hpp>
#include <commy/actor/turn.hpp>
#include <commy/base/fence.hpp>
#include <commy/base/log.hpp>
#include <commy/platform/thread_hint.hpp>

#include <gsl/gsl>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace commy::actors {
namespace {

using std::chrono::nanoseconds;

constexpr std::size_t longest_name = 128;
// Without an end: handlers that still run are waited for.
constexpr nanoseconds longest_end = nanoseconds::max();
// What a clock's reading can be added to; nobody waits for longer.
constexpr nanoseconds longest_look = std::chrono::hours{24 * 365};
// A thread of its own is for the few actors that block; more threads than this
// in one process help nobody.
constexpr std::size_t most_pinned = 64;
// Those late for one reason are all alike: a page of them tells as much as all.
constexpr std::size_t most_late_lines = 50;

unsigned workers_of(const system_options& options) {
  auto wanted = options.workers;
  if (wanted == 0) wanted = static_cast<unsigned>(options.cores.size());
  if (wanted == 0) wanted = platform::usable_cores();
  return std::clamp(wanted, 1U, worker_pool::most_workers);
}

void log_late(const std::vector<late_actor>& all) {
  for (std::size_t i = 0; i < std::min(all.size(), most_late_lines); ++i) {
    const auto& late = all[i];
    log(log_level::error, "actor",
        "'" + late.name + "' is late" +
            (late.phase.empty() ? "" : " in phase '" + late.phase + "'") +
            ": " + late.doing);
  }
  if (all.size() <= most_late_lines) return;
  log(log_level::error, "actor",
      std::to_string(all.size() - most_late_lines) + " more actors are late");
}

system_options checked(const system_options& options) {
  if (options.mailbox_messages == 0 || options.mailbox_bytes == 0) {
    throw std::invalid_argument{
        "system_options: a mailbox takes at least one message and one byte"};
  }
  check_phases(options.stop_phases);
  if (!options.stepped) check_cores(options.cores);
  return options;
}

std::span<const wire_entry> protocol_of(const actor_type& type,
                                        const cell_extra& extra) {
  if (!extra.wire.empty()) return extra.wire;
  if (type.protocol != nullptr) return type.protocol();
  return {};
}

}  // namespace

bool is_name(std::string_view name) noexcept {
  return name.size() <= longest_name &&
         std::none_of(name.begin(), name.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}

system_core::system_core(const system_options& options)
    : options_{checked(options)},
      other_cores_{options.cores.empty() ? std::vector<unsigned>{}
                                         : platform::allowed_cores()},
      dead_{options_.trace.get()},
      alarms_{options_},
      stepped_{options.stepped ? std::make_unique<stepped_pool>(
                                     *this, options.stepped->seed)
                               : nullptr},
      shared_{options.stepped
                  ? nullptr
                  : std::make_unique<worker_pool>(*this, thread_kind::worker,
                                                  workers_of(options))} {}

system_core::~system_core() {
  Expects(current_cell() == nullptr);
  if (alive() > 0) log_late(shutdown(options_.stop_deadline));
  // Actors of the host's loop end here, if no other thread runs it.
  static_cast<void>(run_host_until([&] { return alive() == 0; }, longest_end));
  stopping_.store(true, std::memory_order_relaxed);
  // Without threads all have ended in shutdown(): none can be inside a handler.
  while (!wait_for_end([&] { return alive() == 0; }, longest_end)) {
  }
  alarms_.stop();
  // All threads end before any pool is freed: workers schedule across pools.
  if (shared_) shared_->stop();
  for (const auto& p : pinned_)
    p.pool->stop();
}

unsigned system_core::workers() const { return workers_of(options_); }

result<cell_handle, spawn_error> system_core::start(
    const actor_type& type, const spawn_options& options,
    std::unique_ptr<cell_extra> extra, const std::function<void*()>& make) {
  if (!is_name(options.name)) {
    return unexpected{spawn_error::bad_name, options.name};
  }
  const auto stops = phases_before_last(options.stop_phase);
  if (!stops) {
    return unexpected{spawn_error::unknown_stop_phase, options.stop_phase};
  }
  if (extra == nullptr && (!options.name.empty() || !options.wire.empty() ||
                           *stops != 0 || options_.measure_handlers)) {
    extra = std::make_unique<cell_extra>();
  }
  if (extra != nullptr) {
    extra->name = options.name;
    extra->wire = options.wire;
    extra->phases_before_last = *stops;
  }
  std::uint64_t number = 0;
  if (const auto refusal = admit(number)) {
    return unexpected{*refusal, options.name};
  }
  cell* made = nullptr;
  try {
    auto& pool = pool_for(options.where);
    try {
      made = &acquire_cell(pool, type, std::move(extra), number);
    } catch (...) {
      give_back_pool(pool);
      throw;
    }
  } catch (const thread_failure& e) {
    actor_stopped(nullptr);
    return unexpected{spawn_error::thread_failed, e.what()};
  } catch (...) {
    actor_stopped(nullptr);
    throw;
  }
  auto& c = *made;
  const turn_scope inside{c};
  const cell_handle handle{&c, c.inlet.generation()};
  try {
    open_mailbox(c, options);
    if (const auto refusal = enlist(c, handle)) {
      finish(c, {});
      return unexpected{*refusal, options.name};
    }
    construct(c, make ? make : [&] { return c.extra->maker->make(); });
  } catch (...) {
    failure_detail detail;
    detail.text.append(cell_name{c}.view());
    for (const auto& why : describe_exception(std::current_exception())) {
      detail.text.append(": ").append(why);
    }
    finish(c, {});
    return unexpected{spawn_error::constructor_failed, detail};
  }
  trace_spawned(c);
  settle(c);
  return handle;
}

void system_core::open_mailbox(cell& c, const spawn_options& options) {
  const message::room bound{options.mailbox_messages == 0
                                ? options_.mailbox_messages
                                : options.mailbox_messages,
                            options.mailbox_bytes == 0 ? options_.mailbox_bytes
                                                       : options.mailbox_bytes};
  const bool by_list = options.when_full == overflow::reject ||
                       options.when_full == overflow::stop;
  // Open in any case, so that the end finds it so.
  c.outlet.open(c.inlet, by_list ? bound : message::room{});
  if (!by_list) {
    auto& side = acquire_shelf();
    side.open({&c, c.inlet.generation()}, bound, options.when_full);
    // release, pairs with the acquire of senders.
    c.side.store(&side, std::memory_order_release);
  }
  c.when_full.store(options.when_full, std::memory_order_relaxed);
}

/// Makes a new actor known by its name and to its supervisor, before it has an
/// object: messages to it wait until it has.
std::optional<spawn_error> system_core::enlist(const cell& c,
                                               const cell_handle& handle) {
  if (is_stopping()) return spawn_error::stopping;
  if (c.extra == nullptr) return std::nullopt;
  if (!c.extra->name.empty()) {
    const std::lock_guard hold{names_mutex_};
    const found entry{handle, c.type, protocol_of(*c.type, *c.extra)};
    if (!names_.try_emplace(c.extra->name, entry).second) {
      return spawn_error::name_taken;
    }
  }
  if (c.extra->supervisor != nullptr && !c.extra->supervisor->try_add(handle)) {
    return spawn_error::supervisor_gave_up;
  }
  return std::nullopt;
}

std::optional<spawn_error> system_core::admit(std::uint64_t& number) {
  if (is_stopping()) return spawn_error::stopping;
  // relaxed: a count; who may be made is decided by the sum alone.
  const auto alive = alive_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (alive > options_.max_actors) {
    actor_stopped(nullptr);
    return spawn_error::too_many_actors;
  }
  // acquire, pairs with the release in make_alarm_room().
  if (alive > enough_until_.load(std::memory_order_acquire)) {
    try {
      make_alarm_room(alive);
    } catch (...) {
      actor_stopped(nullptr);
      throw;
    }
  }
  // relaxed: numbers in turn, no more.
  number = spawned_.fetch_add(1, std::memory_order_relaxed) + 1;
  return std::nullopt;
}

void system_core::make_alarm_room(std::size_t actors) {
  const std::lock_guard hold{life_mutex_};
  if (actors <= alarm_room_) return;
  const auto room = 2 * actors + 64;
  alarms_.reserve(room);
  alarm_room_ = room;
  enough_until_.store(room, std::memory_order_release);
}

void system_core::actor_stopped(cell* c) noexcept {
  // First: who waits for the end of the actor sees it with this count. release,
  // pairs with the acquire in alive(): who sees the last one gone sees what it
  // did.
  alive_.fetch_sub(1, std::memory_order_release);
  COMMY_POINT("life.counted");
  if (c != nullptr) release_cell(*c);
  COMMY_POINT("life.stopped");
  // Orders both before the look at who waits; partner: the fence in
  // wait_for_end(). Either we see the waiter or it sees the end.
  fence::full();
  if (end_waiters_.load(std::memory_order_relaxed) != 0) {
    COMMY_POINT("life.waiters");
    // The lock: a waiter that has looked is asleep by now.
    const std::lock_guard hold{life_mutex_};
    one_stopped_.notify_all();
  }
  // acquire, pairs with the release in host().
  if (auto* const loop = made_host_.load(std::memory_order_acquire)) {
    loop->flag()->set();
  }
}

template <class Condition>
bool system_core::wait_for_end(Condition met, nanoseconds at_most) {
  // relaxed: ordered by the fence.
  end_waiters_.fetch_add(1, std::memory_order_relaxed);
  COMMY_POINT("life.wait");
  fence::full();
  std::unique_lock hold{life_mutex_};
  const bool done =
      one_stopped_.wait_for(hold, std::min(at_most, longest_look), met);
  end_waiters_.fetch_sub(1, std::memory_order_relaxed);
  return done;
}

std::size_t system_core::alive() const {
  return alive_.load(std::memory_order_acquire);
}

std::uint64_t system_core::next_seed() noexcept {
  if (!options_.stepped) {
    return static_cast<std::uint64_t>(alarm_clock::steady_now());
  }
  const std::lock_guard hold{life_mutex_};
  return options_.stepped->seed + ++seeds_;
}

void system_core::forget_name(const cell& c) noexcept {
  if (c.extra == nullptr || c.extra->name.empty()) return;
  const std::lock_guard hold{names_mutex_};
  // One that was refused because its name was taken finds another's entry.
  const auto at = names_.find(c.extra->name);
  if (at != names_.end() && at->second.handle.at == &c) names_.erase(at);
}

system_core::found system_core::find(std::string_view name) const {
  const std::lock_guard hold{names_mutex_};
  const auto at = names_.find(name);
  return at == names_.end() ? found{} : at->second;
}

actor_pool& system_core::pool_for(executor where) {
  if (stepped_) return *stepped_;
  if (where == executor::shared) return *shared_;
  if (where == executor::host) return host();
  const std::lock_guard hold{pinned_mutex_};
  for (auto& p : pinned_) {
    if (!p.in_use) {
      p.in_use = true;
      return *p.pool;
    }
  }
  if (pinned_.size() == most_pinned) return *shared_;
  const auto number = static_cast<unsigned>(pinned_.size());
  pinned_.push_back(
      {std::make_unique<worker_pool>(*this, thread_kind::pinned, 1, number),
       true});
  return *pinned_.back().pool;
}

host_loop& system_core::host() {
  Expects(stepped_ == nullptr);
  const std::lock_guard hold{pinned_mutex_};
  if (host_ == nullptr) {
    host_ = std::make_unique<host_loop>(*this);
    // seq_cst: with `run_ended_`, of a thread that begins to run and one that
    // ends the run one sees the other. Else a release for who looks without
    // the lock.
    made_host_.store(host_.get(), std::memory_order_seq_cst);
  }
  return *host_;
}

std::size_t system_core::run_host(std::optional<nanoseconds> time) {
  Expects(current_cell() == nullptr);
  auto& loop = host();
  const auto begun = blocking::clock::now();
  // One thread at a time; another may be in it for the time of an ask.
  const host_loop::turn_right right{loop, time.value_or(nanoseconds::max())};
  if (!right) return 0;
  if (time == nanoseconds{0}) return loop.run_ready();
  const auto before = loop.turns();
  static_cast<void>(loop.run_until(
      // seq_cst: see host().
      [&] {
        return !time && run_ended_.exchange(false, std::memory_order_seq_cst);
      },
      time ? std::max(nanoseconds{0}, *time - (blocking::clock::now() - begun))
           : nanoseconds::max()));
  return loop.turns() - before;
}

void system_core::end_run() noexcept {
  // seq_cst, both: see host().
  run_ended_.store(true, std::memory_order_seq_cst);
  if (auto* const loop = made_host_.load(std::memory_order_seq_cst)) {
    loop->flag()->set();
  }
}

std::optional<bool> system_core::run_host_until(
    const std::function<bool()>& met, nanoseconds at_most) {
  auto* const loop = made_host_.load(std::memory_order_acquire);
  if (loop == nullptr) return std::nullopt;
  const host_loop::turn_right right{*loop, nanoseconds{0}};
  // Another thread runs them.
  if (!right) return std::nullopt;
  return loop->run_until(met, at_most);
}

void system_core::give_back_pool(const actor_pool& pool) noexcept {
  if (&pool == shared_.get()) return;
  const std::lock_guard hold{pinned_mutex_};
  for (auto& p : pinned_) {
    if (p.pool.get() == &pool) p.in_use = false;
  }
}

/// Lets actors run, and time pass where none is ready, until `met`. What is not
/// met when nothing is left to happen by then never is.
template <class Condition>
bool system_core::step_until(Condition met, nanoseconds at_most) {
  const auto until = alarms_.after(at_most);
  while (!met()) {
    if (stepped_->step()) continue;
    const auto next = alarms_.earliest();
    alarms_.advance_to(std::max(alarms_.now(), std::min(next, until)));
    if (next > until) return met();
  }
  return true;
}

bool system_core::wait_stopped(const cell_handle& actor, nanoseconds at_most) {
  Expects(current_cell() == nullptr);
  const auto gone = [&] {
    return actor.at->inlet.generation() != actor.generation;
  };
  if (stepped_) return step_until(gone, at_most);
  if (const auto done = run_host_until(gone, at_most)) return *done;
  return wait_for_end(gone, at_most);
}

bool system_core::wait_answered(thread_wait& answer, nanoseconds at_most) {
  const auto done = [&] { return answer.wait_for(nanoseconds{0}); };
  if (stepped_) return step_until(done, at_most);
  // acquire, pairs with the release in host().
  if (auto* const loop = made_host_.load(std::memory_order_acquire)) {
    answer.also_set(loop->flag());
    if (const auto outcome = run_host_until(done, at_most)) return *outcome;
  }
  return answer.wait_for(at_most);
}

}  // namespace commy::actors
