#include "modules/gateway/system_objects.hpp"

#include "modules/gateway/limits.hpp"
#include "modules/gateway/process_table.hpp"
#include "modules/gateway/row.hpp"
#include <commy/host/answerer.hpp>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

namespace commy::gateway {
namespace {

using clock = std::chrono::steady_clock;

// Four times a second: a process that is slow or dead is to be seen within two
// seconds, and heartbeat itself takes up to 1.2 of them.
constexpr auto poll_every = 250ms;
constexpr std::size_t alarms_max = 100;
constexpr auto ask_within = 500ms;

/// Something that is made anew each time somebody looks.
class polled_source final : public source {
public:
  using maker = std::function<dynamic_value()>;
  polled_source(std::string type, maker make)
      : type_{std::move(type)}, make_{std::move(make)} {}

  [[nodiscard]] shape how() const noexcept override { return shape::entries; }
  [[nodiscard]] std::string type() const override { return type_; }
  [[nodiscard]] result<reading, read_error> read(range /*part*/) override {
    auto now = make_();
    const std::lock_guard hold{mutex_};
    next_ = clock::now() + poll_every;
    if (now != last_) {
      last_ = now;
      ++version_;
    }
    reading copy;
    copy.value = std::move(now);
    copy.version = version_;
    return copy;
  }
  [[nodiscard]] result<dynamic_value, read_error> get(
      std::string_view key) override {
    return member_of(make_(), key);
  }
  [[nodiscard]] bool wait(std::uint64_t /*seen*/,
                          std::chrono::nanoseconds at_most) override {
    std::unique_lock hold{mutex_};
    const auto until = std::min(next_, clock::now() + at_most);
    never_.wait_until(hold, until, [] { return false; });
    return clock::now() >= next_;
  }

private:
  const std::string type_;
  const maker make_;
  std::mutex mutex_;
  std::condition_variable never_;
  dynamic_value last_;
  std::uint64_t version_ = 0;
  clock::time_point next_{};
};

class process_rows {
public:
  explicit process_rows(module_context& context)
      : context_{context},
        ends_{context.events().processes.subscribe(
            [this](const process_event& event) {
              table_.note(event, context_.now());
            })} {}

  [[nodiscard]] dynamic_value operator()() const {
    // Without module heartbeat, or while it is late, child processes are still
    // to be seen.
    auto attached =
        ask_module(context_.actors(), list_participants{}, ask_within);
    const auto participants =
        attached ? std::move(*attached) : std::vector<participant_report>{};
    return table_.rows(context_.processes(), participants, context_.now());
  }

private:
  module_context& context_;
  process_table table_;
  event_subscription ends_;
};

class alarm_source final : public source {
public:
  explicit alarm_source(module_context& context)
      : alarms_{context.events().alarms.subscribe(
            [this](const alarm_event& event) { note(event); })} {}

  [[nodiscard]] shape how() const noexcept override { return shape::queue; }
  [[nodiscard]] std::string type() const override { return "$sys alarms"; }
  [[nodiscard]] result<reading, read_error> read(range part) override {
    const std::lock_guard hold{mutex_};
    reading now;
    auto& some = now.value.held.emplace<dynamic_value::list>();
    for (auto i = part.from; i < last_.size() && some.size() < part.count;
         ++i) {
      some.push_back(last_[i]);
    }
    now.version = count_;
    now.first = count_ - last_.size();
    now.last = count_;
    return now;
  }
  [[nodiscard]] result<dynamic_value, read_error> get(
      std::string_view /*key*/) override {
    return unexpected{read_error::absent};
  }
  [[nodiscard]] bool wait(std::uint64_t seen,
                          std::chrono::nanoseconds at_most) override {
    std::unique_lock hold{mutex_};
    return raised_.wait_for(hold, at_most, [&] { return count_ != seen; });
  }

private:
  void note(const alarm_event& event) {
    const std::lock_guard hold{mutex_};
    if (last_.size() == alarms_max) last_.pop_front();
    auto& row = last_.emplace_back().held.emplace<dynamic_value::record>();
    put(row, "source", event.source);
    put(row, "what", event.what);
    put(row, "raised", event.raised);
    put(row, "value", event.value);
    put(row, "limit", event.limit);
    put(row, "at_ns", event.at_ns);
    ++count_;
    raised_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable raised_;
  std::deque<dynamic_value> last_;
  std::uint64_t count_ = 0;  // Alarms so far.
  event_subscription alarms_;
};

dynamic_value health_rows(const module_context& context) {
  dynamic_value all;
  auto& rows = all.held.emplace<dynamic_value::record>();
  for (const auto& report : context.health()) {
    auto& added = rows.emplace_back();
    added.first = report.name;
    auto& row = added.second.held.emplace<dynamic_value::record>();
    put(row, "state", std::string{describe(report.state)});
    put(row, "reason", report.reason);
  }
  return all;
}

}  // namespace

std::vector<std::pair<std::string, std::shared_ptr<source>>> system_objects(
    module_context& context) {
  return {
      {"processes", std::make_shared<polled_source>(
                        "$sys processes",
                        [rows = std::make_shared<process_rows>(context)] {
                          return (*rows)();
                        })},
      {"alarms", std::make_shared<alarm_source>(context)},
      {"health",
       std::make_shared<polled_source>(
           "$sys health", [&context] { return health_rows(context); })},
  };
}

}  // namespace commy::gateway
