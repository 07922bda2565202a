#include "pulse/alarm_link.hpp"

#include <commy/base/log.hpp>

#include <utility>

namespace pulse {

template <class Act>
bool alarm_link::with_address(Act&& act) {
  if (!to_) {
    auto found = address::find(shared_, alarm_actor);
    if (!found) {
      note(found.error().message());
      return false;
    }
    to_.emplace(std::move(*found));
  }
  const auto sent = act(*to_);
  note(sent ? "" : sent.error().message());
  return sent.has_value();
}

bool alarm_link::send(const pulse_sample& sample) {
  return with_address(
      [&](address& to) -> commy::result<void, commy::send_error> {
        auto block = commy::try_loan_for_overwrite<pulse_sample>(shared_);
        if (!block) {
          return commy::unexpected{commy::send_error::no_memory,
                                   block.error().message()};
        }
        **block = sample;
        return to.send(sample_taken{}, std::move(*block));
      });
}

bool alarm_link::send(const pulse_alarm_report& report) {
  return with_address([&](address& to) { return to.send(report); });
}

void alarm_link::note(const std::string& trouble) {
  if (trouble == trouble_) return;
  trouble_ = trouble;
  if (trouble.empty()) {
    commy::log(commy::log_level::info, area_, "the host takes messages again");
  } else {
    commy::log(commy::log_level::info, area_,
               "the host does not get messages: " + trouble);
  }
}

}  // namespace pulse
