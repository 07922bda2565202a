// scripted_source.hpp: sources whose content a test decides.
#pragma once

#include "modules/gateway/row.hpp"
#include "modules/gateway/source.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace commy::tests {

/// Common to both: a version that grows, and sleepers that wake.
class scripted_source : public gateway::source {
public:
  [[nodiscard]] std::string type() const override { return "scripted"; }
  [[nodiscard]] result<dynamic_value, read_error> get(
      std::string_view /*key*/) override {
    return unexpected{read_error::absent};
  }
  [[nodiscard]] bool wait(std::uint64_t seen,
                          std::chrono::nanoseconds at_most) override {
    std::unique_lock hold{mutex_};
    return changed_.wait_for(hold, at_most, [&] { return version_ != seen; });
  }
  void free() {
    const std::lock_guard hold{mutex_};
    failure_.reset();
  }
  void fail_with(read_error why) {
    const std::lock_guard hold{mutex_};
    failure_ = why;
    ++version_;
    changed_.notify_all();
  }

protected:
  void change() {
    ++version_;
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t version_ = 0;
  std::optional<read_error> failure_;
};

class record_source final : public scripted_source {
public:
  using content = std::vector<std::pair<std::string, std::int64_t>>;
  explicit record_source(content first) { set(std::move(first)); }

  void set(content now) {
    const std::lock_guard hold{mutex_};
    content_ = std::move(now);
    change();
  }
  void claim_size(std::uint64_t size) { size_ = size; }
  [[nodiscard]] gateway::shape how() const noexcept override {
    return gateway::shape::entries;
  }
  [[nodiscard]] result<reading, read_error> read(range /*part*/) override {
    const std::lock_guard hold{mutex_};
    if (failure_) return unexpected{*failure_};
    reading now;
    auto& record = now.value.held.emplace<dynamic_value::record>();
    for (const auto& [name, value] : content_) {
      gateway::put(record, name, value);
    }
    now.version = version_;
    now.last = size_;
    return now;
  }

private:
  content content_;
  std::uint64_t size_ = 0;
};

class queue_source final : public scripted_source {
public:
  [[nodiscard]] gateway::shape how() const noexcept override {
    return gateway::shape::queue;
  }
  void push_back(std::int64_t value) {
    const std::lock_guard hold{mutex_};
    content_.push_back(value);
    ++last_;
    change();
  }
  void push_front(std::int64_t value) {
    const std::lock_guard hold{mutex_};
    content_.push_front(value);
    --first_;
    change();
  }
  void pop_front() {
    const std::lock_guard hold{mutex_};
    if (content_.empty()) return;
    content_.pop_front();
    ++first_;
    change();
  }
  void pop_back() {
    const std::lock_guard hold{mutex_};
    if (content_.empty()) return;
    content_.pop_back();
    --last_;
    change();
  }
  [[nodiscard]] const std::deque<std::int64_t>& content() const {
    return content_;
  }
  [[nodiscard]] result<reading, read_error> read(range part) override {
    const std::lock_guard hold{mutex_};
    if (failure_) return unexpected{*failure_};
    reading now;
    auto& list = now.value.held.emplace<dynamic_value::list>();
    for (auto i = part.from; i < content_.size() && list.size() < part.count;
         ++i) {
      list.emplace_back().held = content_[i];
    }
    now.version = version_;
    now.first = first_;
    now.last = last_;
    return now;
  }

private:
  std::deque<std::int64_t> content_;
  // Where the positions of a shared queue begin.
  std::uint64_t first_ = std::uint64_t{1} << 62U;
  std::uint64_t last_ = std::uint64_t{1} << 62U;
};

/// The number after `"name":` in an event's text, or nothing.
inline std::optional<std::uint64_t> number_in(const std::string& text,
                                              const std::string& name) {
  const auto at = text.find("\"" + name + "\":");
  if (at == std::string::npos) return std::nullopt;
  return std::stoull(text.substr(at + name.size() + 3));
}

/// What a client does with an event of a queue of whole numbers.
inline void apply_queue_event(const std::string& text,
                              std::deque<std::int64_t>& client,
                              std::uint64_t& skipped) {
  if (const auto n = number_in(text, "skipped")) skipped = *n;
  if (auto n = number_in(text, "drop_front")) {
    const auto hidden = std::min(skipped, *n);
    skipped -= hidden;
    *n -= hidden;
    client.erase(client.begin(), client.begin() + static_cast<std::ptrdiff_t>(
                                                      std::min<std::uint64_t>(
                                                          *n, client.size())));
  }
  if (auto n = number_in(text, "drop_back")) {
    for (; *n > 0; --*n) {
      if (client.empty()) {
        --skipped;
      } else {
        client.pop_back();
      }
    }
  }
  const auto begin = text.find("\"push\":[");
  if (begin == std::string::npos) return;
  auto at = begin + 8;
  while (text[at] != ']') {
    std::size_t used = 0;
    client.push_back(std::stoll(text.substr(at, 24), &used));
    at += used;
    if (text[at] == ',') ++at;
  }
}

}  // namespace commy::tests
