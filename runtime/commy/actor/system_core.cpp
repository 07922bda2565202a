#include <commy/actor/answer.hpp>
#include <commy/actor/cell_arena.hpp>
#include <commy/actor/lifecycle.hpp>
#include <commy/actor/system_core.hpp>
#include <commy/actor/turn.hpp>
#include <commy/base/log.hpp>
#include <commy/platform/thread_hint.hpp>

#include <gsl/gsl>

#include <algorithm>
#include <utility>

namespace commy::actors {
namespace {

using std::chrono::nanoseconds;

constexpr std::size_t longest_name = 128;
// Without an end: handlers that still run are waited for.
constexpr nanoseconds longest_end = nanoseconds::max();
// A thread of its own is for the few actors that block; more threads than this
// in one process help nobody.
constexpr std::size_t most_pinned = 64;

bool is_name(std::string_view name) noexcept {
  return name.size() <= longest_name &&
         std::none_of(name.begin(), name.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}

unsigned workers_of(const system_options& options) {
  const auto wanted =
      options.workers == 0 ? platform::usable_cores() : options.workers;
  return std::clamp(wanted, 1U, worker_pool::most_workers);
}

std::span<const wire_entry> protocol_of(const actor_type& type,
                                        const cell_extra& extra) {
  if (!extra.wire.empty()) return extra.wire;
  if (type.protocol != nullptr) return type.protocol();
  return {};
}

}  // namespace

system_core::system_core(const system_options& options)
    : options_{options},
      alarms_{options.stepped ? alarm_clock::source::manual
                              : alarm_clock::source::steady},
      stepped_{options.stepped ? std::make_unique<stepped_pool>(
                                     *this, options.stepped->seed)
                               : nullptr},
      shared_{options.stepped
                  ? nullptr
                  : std::make_unique<worker_pool>(*this, workers_of(options),
                                                  "commy-worker")} {}

system_core::~system_core() {
  Expects(current_cell() == nullptr);
  if (alive() > 0) {
    for (const auto& late : shutdown(options_.stop_deadline)) {
      log(log_level::error, "actor",
          "'" + late.name + "' is late: " + late.doing);
    }
  }
  // Actors of the host's loop end here, if no other thread runs it.
  static_cast<void>(run_host_until([&] { return alive() == 0; }, longest_end));
  {
    std::unique_lock hold{life_mutex_};
    stopping_ = true;
    // Without threads all have ended in shutdown(): none can be inside a
    // handler.
    one_stopped_.wait(hold, [&] { return alive_ == 0; });
  }
  alarms_.stop();
  // All threads end before any pool is freed: workers schedule across pools.
  if (shared_) shared_->stop();
  for (const auto& p : pinned_)
    p.pool->stop();
}

result<cell_handle, spawn_error> system_core::start(
    const actor_type& type, const spawn_options& options,
    std::unique_ptr<cell_extra> extra, const std::function<void*()>& make) {
  if (!is_name(options.name)) {
    return unexpected{spawn_error::bad_name, options.name};
  }
  if (extra == nullptr && (!options.name.empty() || !options.wire.empty())) {
    extra = std::make_unique<cell_extra>();
  }
  if (extra != nullptr) {
    extra->name = options.name;
    extra->wire = options.wire;
  }
  std::uint64_t number = 0;
  if (const auto refusal = admit(number)) {
    return unexpected{*refusal, options.name};
  }
  cell* made = nullptr;
  try {
    made =
        &acquire_cell(pool_for(options.where), type, std::move(extra), number);
  } catch (...) {
    actor_stopped(nullptr);
    throw;
  }
  auto& c = *made;
  const turn_scope inside{c};
  c.outlet.open(c.inlet, options.mailbox_messages == 0
                             ? options_.mailbox_messages
                             : options.mailbox_messages);
  const cell_handle handle{&c, c.inlet.generation()};
  try {
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
  settle(c);
  return handle;
}

/// Makes a new actor known by its name and to its supervisor, before it has an
/// object: messages to it wait until it has.
std::optional<spawn_error> system_core::enlist(const cell& c,
                                               const cell_handle& handle) {
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
  const std::lock_guard hold{life_mutex_};
  if (stopping_) return spawn_error::stopping;
  if (alive_ >= options_.max_actors) return spawn_error::too_many_actors;
  if (alive_ == alarm_room_) {
    alarms_.reserve(2 * alarm_room_ + 64);
    alarm_room_ = 2 * alarm_room_ + 64;
  }
  ++alive_;
  number = ++spawned_;
  return std::nullopt;
}

void system_core::actor_stopped(cell* c) noexcept {
  const std::lock_guard hold{life_mutex_};
  // Under the lock: who waits for the end of the actor sees it with this count.
  if (c != nullptr) release_cell(*c);
  --alive_;
  one_stopped_.notify_all();
  // acquire, pairs with the release in host(). Under the lock, which the
  // system's end takes as well.
  if (auto* const loop = made_host_.load(std::memory_order_acquire)) {
    loop->flag()->set();
  }
}

std::size_t system_core::alive() const {
  const std::lock_guard hold{life_mutex_};
  return alive_;
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
  pinned_.push_back(
      {std::make_unique<worker_pool>(*this, 1, "commy-pinned"), true});
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
  const host_loop::turn_right right{loop};
  Expects(static_cast<bool>(right));  // One thread at a time.
  if (time == nanoseconds{0}) return loop.run_ready();
  const auto before = loop.turns();
  static_cast<void>(loop.run_until(
      // seq_cst: see host().
      [&] {
        return !time && run_ended_.exchange(false, std::memory_order_seq_cst);
      },
      time.value_or(nanoseconds::max())));
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
  const host_loop::turn_right right{*loop};
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
  std::unique_lock hold{life_mutex_};
  return one_stopped_.wait_for(hold, at_most, gone);
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

std::vector<cell_handle> system_core::newest_first() const {
  std::vector<std::pair<std::uint64_t, cell_handle>> numbered;
  for_each_cell(*this, [&](const cell& c) {
    // The arena's cells are all mutable; only the walk is const.
    numbered.emplace_back(c.spawn_number, cell_handle{const_cast<cell*>(&c),
                                                      c.inlet.generation()});
  });
  std::sort(numbered.begin(), numbered.end(),
            [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<cell_handle> handles;
  handles.reserve(numbered.size());
  for (const auto& [number, handle] : numbered)
    handles.push_back(handle);
  return handles;
}

void system_core::drain(const cell_handle& actor) noexcept {
  auto& c = *actor.at;
  if (!c.inlet.raise(actor.generation, message::mailbox_signal::drain) ||
      !c.inlet.try_wake()) {
    return;
  }
  // Idle, as most are: ends here, which saves two changes of threads. Pinned
  // actors may depend on their thread.
  if (c.pool != shared_.get() || run_turn(c)) schedule(c);
}

std::vector<late_actor> system_core::shutdown(nanoseconds deadline) {
  Expects(current_cell() == nullptr);
  const auto until = alarms_.after(deadline);
  {
    const std::lock_guard hold{life_mutex_};
    stopping_ = true;
  }
  // One after the other, the newest first: it may still need those that were
  // there before it, and they do not know it.
  for (const auto& actor : newest_first()) {
    const nanoseconds left{until - alarms_.now()};
    if (left.count() <= 0) break;
    drain(actor);
    static_cast<void>(wait_stopped(actor, left));
  }
  std::vector<late_actor> late;
  for (auto& info : inspect()) {
    std::string doing = std::move(info.state);
    if (!info.handling.empty()) doing += ", handling " + info.handling;
    doing += ", " + std::to_string(info.queued) + " messages queued";
    late.push_back({std::move(info.name), std::move(doing)});
  }
  for (const auto& actor : newest_first()) {
    signal(actor, message::mailbox_signal::stop_now);
  }
  while (stepped_ && stepped_->step()) {
  }
  return late;
}

std::vector<actor_info> system_core::inspect() const {
  constexpr auto relaxed = std::memory_order_relaxed;
  constexpr std::string_view states[] = {"starting", "ready", "awaiting",
                                         "backing off", "stopped"};
  std::vector<actor_info> all;
  for_each_cell(*this, [&](const cell& c) {
    auto& info = all.emplace_back();
    info.name = cell_name{c}.view();
    info.type = c.type->name;
    info.state = states[static_cast<std::size_t>(c.phase.load(relaxed))];
    if (c.closing.load(relaxed)) info.state += ", stopping";
    if (const auto* const ops = c.handling.load(relaxed)) {
      info.handling = ops->message_name;
    }
    info.queued = c.inlet.queued();
    info.mailbox_messages = c.inlet.bound();
    info.handled = c.handled.load(relaxed);
    if (c.extra != nullptr) info.restarts = c.extra->restarts.load(relaxed);
  });
  return all;
}

}  // namespace commy::actors
