#include <commy/actor/actor_system.hpp>
#include <commy/actor/system_core.hpp>

#include <gsl/gsl>

#include <algorithm>
#include <utility>

namespace commy {

using std::chrono::nanoseconds;

actor_system::actor_system(const system_options& options)
    : core_{std::make_unique<actors::system_core>(options)} {}

actor_system::~actor_system() = default;

result<actors::cell_handle, spawn_error> actor_system::start(
    const actors::actor_type& type, const spawn_options& options,
    const std::function<void*()>& make) {
  return core_->start(type, options, nullptr, make);
}

bool actor_system::attach(event_source& source) noexcept {
  auto* const pool = core_->shared_pool();
  return pool != nullptr && pool->attach(source);
}

void actor_system::detach(event_source& source) noexcept {
  if (auto* const pool = core_->shared_pool()) pool->detach(source);
}

supervisor actor_system::supervise(supervision options) {
  auto made = std::make_shared<actors::supervision_state>(std::move(options),
                                                          core_->next_seed());
  core_->know(made);
  return {*core_, std::move(made)};
}

supervisor supervisor::supervise(supervision options) const {
  auto made = std::make_shared<actors::supervision_state>(
      std::move(options), system_->next_seed(), state_);
  state_->add(made);
  system_->know(made);
  return {*system_, std::move(made)};
}

result<actors::cell_handle, find_error> actor_system::find_actor(
    std::string_view name, const std::type_info& type) const {
  const auto found = core_->find(name);
  if (found.type == nullptr) return unexpected{find_error::unknown_name, name};
  if (*found.type->id != type) {
    failure_detail detail;
    detail.text.append(name).append(" is a ").append(found.type->name);
    return unexpected{find_error::other_type, detail};
  }
  return found.handle;
}

result<std::shared_ptr<actors::topic_core>, topic_error>
actor_system::find_topic(std::string_view name,
                         const actors::topic_kind& kind) {
  return core_->topics().find_or_make(name, kind);
}

result<wire_port, find_error> actor_system::find_port(
    std::string_view name) const {
  const auto found = core_->find(name);
  if (found.type == nullptr) return unexpected{find_error::unknown_name, name};
  return wire_port{found.handle, found.protocol};
}

result<void, deliver_error> actor_system::deliver(
    std::string_view name, message_id id, std::span<const std::byte> bytes,
    const loan_source& loans) const {
  const auto port = find_port(name);
  if (!port) return unexpected{deliver_error::unknown_name, name};
  return port->deliver(id, bytes, loans);
}

bool actor_system::wait_gone(const actors::cell_handle& actor,
                             std::chrono::nanoseconds at_most) const {
  return core_->wait_stopped(actor, at_most);
}

std::vector<late_actor> actor_system::shutdown(
    std::chrono::nanoseconds deadline) {
  return core_->shutdown(deadline);
}

std::size_t actor_system::poll() { return core_->run_host(nanoseconds{0}); }

std::size_t actor_system::run_for(nanoseconds time) {
  return core_->run_host(time);
}

void actor_system::run() { core_->run_host(std::nullopt); }

void actor_system::end_run() noexcept { core_->end_run(); }

std::intptr_t actor_system::wake_handle() {
  return core_->host().flag()->native();
}

std::chrono::nanoseconds actor_system::now() const noexcept {
  return std::chrono::nanoseconds{core_->alarms().now()};
}

bool actor_system::step() noexcept {
  Expects(core_->stepped() != nullptr && actors::current_cell() == nullptr);
  return core_->stepped()->step();
}

bool actor_system::advance_to_next(std::chrono::nanoseconds until) noexcept {
  Expects(core_->stepped() != nullptr);
  auto& clock = core_->alarms();
  const auto next = clock.earliest();
  clock.advance_to(std::max(clock.now(), std::min(next, until.count())));
  return next <= until.count();
}

void actor_system::silence_cell(const actors::cell_handle& actor, bool silent) {
  Expects(core_->stepped() != nullptr);
  core_->stepped()->silence(*actor.at, silent);
}

void actor_system::wake_all() noexcept {
  Expects(core_->stepped() != nullptr);
  core_->stepped()->wake_all();
}

system_snapshot actor_system::inspect() const { return core_->inspect(); }

std::size_t actor_system::actor_count() const { return core_->alive(); }

std::uint64_t actor_system::dead_letter_count() const noexcept {
  return core_->dead_letters().count();
}

dead_letter_subscription actor_system::on_dead_letter(
    dead_letter_listener listener) {
  return core_->dead_letters().listen(std::move(listener));
}

namespace actors {

bool wait_answered(system_core& system, thread_wait& answer,
                   std::chrono::nanoseconds at_most) {
  return system.wait_answered(answer, at_most);
}

result<cell_handle, spawn_error> start_supervised(
    system_core& system, const actor_type& type, const spawn_options& options,
    std::unique_ptr<actor_maker> maker,
    std::shared_ptr<supervision_state> supervisor) {
  auto extra = std::make_unique<cell_extra>();
  extra->maker = std::move(maker);
  extra->supervisor = std::move(supervisor);
  return system.start(type, options, std::move(extra), nullptr);
}

result<std::uint32_t, spawn_error> pool_size(const system_core& system,
                                             const pool_options& options) {
  if (options.size > most_pool_workers) {
    return unexpected{spawn_error::pool_too_large, options.name};
  }
  return options.size == 0 ? system.workers() : options.size;
}

std::string worker_name(std::string_view pool, std::uint32_t index) {
  if (pool.empty()) return {};
  return std::string{pool} + '/' + std::to_string(index);
}

}  // namespace actors
}  // namespace commy
