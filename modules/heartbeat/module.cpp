#include "modules/heartbeat/module.hpp"

#include "modules/heartbeat/watcher.hpp"
#include <commy/host/answerer.hpp>
#include <commy/host/messages/participants.hpp>
#include <commy/host/messages/segments.hpp>
#include <commy/host/module_context.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>

namespace commy::modules {
namespace {

using namespace std::chrono_literals;
using heartbeat::watcher;

constexpr std::array options{
    option{.name = "period",
           .kind = option_kind::duration,
           .summary = "How often participants are looked at; a death is known "
                      "after this time at the latest",
           .standard = "200ms",
           .minimum = "10ms",
           .maximum = "1s"},
    option{.name = "slow_after",
           .kind = option_kind::duration,
           .summary = "A participant whose heartbeat is older is slow",
           .standard = "1s",
           .minimum = "50ms",
           .maximum = "1h"},
};
constexpr std::array needs{std::string_view{"allocator"}};

class heartbeat_module final : public host_module {
public:
  result<void, module_error> configure(const option_values& values,
                                       module_context& context) override {
    context_ = &context;
    period_ = values.duration("period");
    slow_after_ = values.duration("slow_after");
    if (slow_after_ <= period_) {
      return unexpected{module_error::bad_options,
                        "slow_after must be longer than period"};
    }
    return {};
  }

  result<void, module_error> start() override {
    auto listed = ask_module(context_->actors(), list_segments{}, 2s);
    if (!listed) {
      return unexpected{module_error::unavailable, listed.error().message()};
    }
    std::vector<segment> watched;
    for (const auto& entry : *listed) {
      auto opened = segment::open(
          entry.name, {.folder = entry.folder, .participant = "host"});
      if (!opened) {
        return unexpected{module_error::unavailable, opened.error().message()};
      }
      watched.push_back(std::move(*opened));
    }
    // Four rounds may be missed before the watcher itself counts as late.
    context_->promise_report(4 * period_ + 1s);
    watcher_ = std::make_shared<watcher>(
        std::move(watched), context_->events(),
        watcher::options{
            .period = period_,
            .slow_after = slow_after_,
            .after_round = [this] { context_->report(health_state::ready); }});
    auto started = start_answerer<list_participants>(
        context_->actors(),
        [w = watcher_](const list_participants&) { return w->reports(); });
    if (!started) {
      return unexpected{module_error::failed, started.error().message()};
    }
    answers_ = *started;
    return {};
  }

  result<void, module_error> stop(
      std::chrono::steady_clock::time_point deadline) override {
    bool late = false;
    if (answers_) {
      context_->actors().stop(*answers_);
      const auto left = deadline - std::chrono::steady_clock::now();
      late = !context_->actors().wait_stopped(
          *answers_, std::max(left, std::chrono::steady_clock::duration{}));
    }
    watcher_.reset();
    if (late) return unexpected{module_error::late, "its actor still works"};
    return {};
  }

private:
  module_context* context_ = nullptr;
  std::chrono::nanoseconds period_{};
  std::chrono::nanoseconds slow_after_{};
  std::shared_ptr<watcher> watcher_;
  std::optional<ref<answerer<list_participants>>> answers_;
};

}  // namespace

const module_description& heartbeat() {
  static const module_description description{
      .name = "heartbeat",
      .summary = "Watches who is attached, and tells who is slow or dead",
      .needs = needs,
      .options = options,
      .make = [] {
        return std::unique_ptr<host_module>{new heartbeat_module};
      }};
  return description;
}

}  // namespace commy::modules
