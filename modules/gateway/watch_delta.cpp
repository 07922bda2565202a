#include "modules/gateway/watch_delta.hpp"

#include "modules/gateway/json_text.hpp"
#include "modules/gateway/limits.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace commy::gateway {
namespace {

/// Elements before the new ones that are read once more: an element taken off
/// the end and another put in its place changes them, and shows.
constexpr std::uint64_t overlap = 8;
/// Elements that may leave the front between a look at a queue's ends and the
/// reading, both within some microseconds.
constexpr std::uint64_t slack = 16;

std::string begin(std::string_view phase, std::uint64_t version) {
  std::string text{R"("phase":")"};
  text.append(phase).append(R"(","version":)");
  return text += std::to_string(version);
}

watch_delta::tail finish(std::string text) {
  text += "}}";
  return std::make_shared<const std::string>(std::move(text));
}

void append_entry(std::string& out, bool& first, const std::string& name,
                  const dynamic_value& value) {
  if (!std::exchange(first, false)) out += ',';
  append_json(out, std::string_view{name});
  out += ':';
  append_json(out, value);
}

/// Cuts a snapshot into pages.
class page_writer {
public:
  page_writer(std::uint64_t version, std::string_view opening,
              std::string_view closing)
      : version_{version}, opening_{opening}, closing_{closing} {
    start();
  }
  std::string& next_item() {
    if (page_.size() >= snapshot_page_bytes) {
      end(true);
      start();
    }
    if (!std::exchange(first_, false)) page_ += ',';
    return page_;
  }
  std::vector<watch_delta::tail> take() && {
    end(false);
    return std::move(pages_);
  }

private:
  void start() {
    page_ = begin("snap", version_);
    page_ += opening_;
    first_ = true;
  }
  void end(bool more) {
    page_ += closing_;
    page_ += more ? R"(,"more":true)" : R"(,"more":false)";
    pages_.push_back(finish(std::move(page_)));
  }

  std::uint64_t version_;
  std::string opening_;
  std::string closing_;
  std::string page_;
  bool first_ = true;
  std::vector<watch_delta::tail> pages_;
};

dynamic_value::list take_list(dynamic_value& value) {
  auto* const list = std::get_if<dynamic_value::list>(&value.held);
  return list == nullptr ? dynamic_value::list{} : std::move(*list);
}

}  // namespace

watch_delta::watch_delta(shape how, std::vector<std::string> fields)
    : how_{how}, fields_{std::move(fields)} {}

bool watch_delta::wants(const std::string& field) const {
  return fields_.empty() || std::ranges::find(fields_, field) != fields_.end();
}

void watch_delta::append_element(std::string& out,
                                 const dynamic_value& element) const {
  const auto* const record = std::get_if<dynamic_value::record>(&element.held);
  if (fields_.empty() || record == nullptr) {
    append_json(out, element);
    return;
  }
  out += '{';
  bool first = true;
  for (const auto& [name, value] : *record) {
    if (wants(name)) append_entry(out, first, name, value);
  }
  out += '}';
}

source::range watch_delta::range_for(const source::reading& ends,
                                     std::uint64_t last) const {
  const auto size = ends.last - ends.first;
  auto wanted = std::min({size, last, elements_max});
  if (has_reading_ && ends.last > last_) {
    // All that is new, and the overlap. What fell behind by more than a whole
    // snapshot gets one.
    wanted = std::max(wanted, std::min(ends.last - last_, elements_max));
  }
  if (has_reading_) wanted = std::min(size, wanted + overlap);
  const auto from = size - wanted;
  return {from - std::min(from, slack), ~std::uint64_t{0}};
}

result<watch_delta::outcome, read_error> watch_delta::advance(
    source& from, std::uint64_t last) {
  source::range part;
  if (how_ == shape::entries) part.count = entries_max;
  if (how_ == shape::queue) {
    const auto ends = from.read({0, 0});
    if (!ends) return unexpected{ends.error()};
    part = range_for(*ends, last);
  }
  auto now = from.read(part);
  if (!now) return unexpected{now.error()};
  outcome done;
  switch (how_) {
    case shape::entries:
      done = compare_entries(*now);
      break;
    case shape::queue:
      done = compare_queue(*now);
      break;
    case shape::whole:
      done = compare_whole(*now);
      break;
  }
  version_ = now->version;
  has_reading_ = true;
  return done;
}

watch_delta::outcome watch_delta::compare_whole(source::reading& now) {
  outcome done;
  if (has_reading_ && now.value != whole_) {
    auto text = begin("live", now.version) + R"(,"value":)";
    append_json(text, now.value);
    done.event = finish(std::move(text));
  }
  whole_ = std::move(now.value);
  return done;
}

watch_delta::outcome watch_delta::compare_entries(source::reading& now) {
  auto* const record = std::get_if<dynamic_value::record>(&now.value.held);
  if (record == nullptr) return {};
  outcome done;
  done.too_large = now.last > entries_max;
  if (done.too_large) return done;
  std::string set;
  std::string gone;
  bool first = true;
  bool first_gone = true;
  std::unordered_set<std::string_view> present;
  present.reserve(record->size());
  for (auto& [name, value] : *record) {
    if (!wants(name)) continue;
    auto [at, added] = entries_.try_emplace(name);
    present.insert(at->first);
    if (!added && at->second == value) continue;
    if (has_reading_) append_entry(set, first, name, value);
    at->second = std::move(value);
  }
  for (auto at = entries_.begin(); at != entries_.end();) {
    if (present.contains(at->first)) {
      ++at;
      continue;
    }
    if (!std::exchange(first_gone, false)) gone += ',';
    append_json(gone, std::string_view{at->first});
    at = entries_.erase(at);
  }
  if (!has_reading_ || (first && first_gone)) return done;
  done.event = finish(begin("live", now.version) + R"(,"set":{)" + set +
                      R"(},"gone":[)" + gone + "]");
  return done;
}

watch_delta::outcome watch_delta::compare_queue(source::reading& now) {
  auto elements = take_list(now.value);
  // The reading goes to the end of the queue; position `at` is its first.
  const auto at = now.last - elements.size();
  outcome done;
  if (has_reading_) {
    const auto known = last_ - std::min(overlap, last_ - first_);
    const auto needed = std::max(known, now.first);
    // Elements at the front, or more than was read: only a snapshot tells.
    done.lost = now.first < first_ || (at > needed && now.last > needed);
    // What was there before must be as it was, or something was replaced.
    const auto both = std::min(last_, now.last);
    for (auto p = std::max(at, part_at_); !done.lost && p < both; ++p) {
      done.lost = elements[p - at] != part_[p - part_at_];
    }
    if (!done.lost && (now.first != first_ || now.last != last_)) {
      auto text = begin("live", now.version);
      if (now.first > first_) {
        text += ",\"drop_front\":" + std::to_string(now.first - first_);
      }
      if (now.last < last_) {
        text += ",\"drop_back\":" + std::to_string(last_ - now.last);
      }
      text += ",\"push\":[";
      const auto begin_new = std::max({at, both, now.first});
      for (auto p = begin_new; p < now.last; ++p) {
        if (p != begin_new) text += ',';
        append_element(text, elements[p - at]);
      }
      text += ']';
      done.event = finish(std::move(text));
    }
  }
  first_ = now.first;
  last_ = now.last;
  part_at_ = at;
  part_ = std::move(elements);
  return done;
}

std::vector<watch_delta::tail> watch_delta::snapshot(std::uint64_t last) const {
  switch (how_) {
    case shape::entries: {
      page_writer pages{version_, R"(,"set":{)", "}"};
      for (const auto& [name, value] : entries_) {
        auto& page = pages.next_item();
        bool first = true;
        append_entry(page, first, name, value);
      }
      return std::move(pages).take();
    }
    case shape::queue: {
      const auto size = std::min<std::uint64_t>(part_.size(), last);
      const auto skipped = last_ - first_ - size;
      page_writer pages{
          version_, R"(,"skipped":)" + std::to_string(skipped) + R"(,"push":[)",
          "]"};
      for (auto i = part_.size() - size; i < part_.size(); ++i) {
        append_element(pages.next_item(), part_[i]);
      }
      return std::move(pages).take();
    }
    case shape::whole:
      break;
  }
  auto text = begin("snap", version_) + R"(,"value":)";
  append_json(text, whole_);
  return {finish(text + R"(,"more":false)")};
}

}  // namespace commy::gateway
