#include "pulse/sampler/recorder.hpp"

#include <commy/containers/transact.hpp>

#include <gsl/gsl>

#include <algorithm>
#include <cstring>
#include <utility>

namespace pulse {
namespace {

using commy::open_error;
using commy::read_error;
using commy::unexpected;

// Above the most names that `measure` makes, so that the table never grows
// while a sample is written.
constexpr std::uint64_t names_expected = 256;
static_assert(10 + PULSE_CPUS + 4 * proc::max_devices + PULSE_TOP <=
              names_expected);

}  // namespace

commy::result<recorder, open_error> recorder::open(commy::segment& in,
                                                   std::uint64_t keep) {
  Expects(keep > 0);
  auto now = in.open_or_create<now_map>(now_name);
  if (!now) return unexpected{now.error()};
  auto history = in.open_or_create<history_deque>(history_name);
  if (!history) return unexpected{history.error()};
  auto top = in.open_or_create<top_box>(top_name);
  if (!top) return unexpected{top.error()};
  recorder made{std::move(*now), std::move(*history), std::move(*top), keep};
  if (auto seen = made.look_back(); !seen) return unexpected{seen.error()};
  return made;
}

commy::result<void, open_error> recorder::look_back() {
  if (auto room = now_.reserve(names_expected); !room) {
    return unexpected{open_error::refused, room.error().message()};
  }
  const auto last = history_.back();
  if (last) {
    last_number_ = last->number;
  } else if (last.error() != read_error::absent) {
    return unexpected{open_error::refused, last.error().message()};
  }
  const auto size = history_.size();
  if (!size) {
    return unexpected{open_error::refused, size.error().message()};
  }
  size_ = *size;
  auto entries = now_.read();
  if (!entries) {
    return unexpected{open_error::refused, entries.error().message()};
  }
  for (const auto& [name, value] : *entries)
    written_[std::string{name}] = value;
  return {};
}

commy::result<void, commy::write_error> recorder::record(
    const measurement& made) {
  Expects(made.sample.point.number == next_number());
  decltype(written_) wanted{made.values.begin(), made.values.end()};
  pulse_top top{};
  top.number = made.sample.point.number;
  top.count = made.sample.top_count;
  std::ranges::copy(made.sample.top, top.list);

  // More than one only after somebody has lowered what is kept; a journal
  // would not hold all of them, so the others go with the next samples.
  const auto surplus =
      std::min<std::uint64_t>(size_ + 1 - std::min(size_ + 1, keep_), 32);

  auto done = commy::transact(now_, history_, top_, [&](commy::transaction&) {
    for (const auto& [name, value] : wanted) {
      const auto same = written_.find(name);
      if (same == written_.end() || same->second != value) {
        now_.insert_or_assign(name, value).value();
      }
    }
    for (const auto& [name, value] : written_) {
      if (!wanted.contains(name)) now_.erase(name).value();
    }
    history_.push_back(made.sample.point).value();
    for (std::uint64_t i = 0; i < surplus; ++i)
      history_.pop_front().value();
    top_.set(top).value();
  });
  if (!done) return done;
  written_ = std::move(wanted);
  last_number_ = made.sample.point.number;
  size_ += 1 - surplus;
  return {};
}

}  // namespace pulse
