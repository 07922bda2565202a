// collector.hpp: an actor that hands what it is told to a waiting test.
#pragma once

#include "plugins/number.h"
#include <commy/actor/actor.hpp>
#include <commy/actor/protocol.hpp>
#include <commy/message/loan_field.hpp>

#include <boost/describe.hpp>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

BOOST_DESCRIBE_STRUCT(test_number, (), (value, what, reserved))

/// The message `test_handle`, as programs that link Commy know it.
struct test_loan {
  static constexpr std::string_view wire_name = "test_handle";
  commy::loan_handle handle;
};
BOOST_DESCRIBE_STRUCT(test_loan, (), (handle))

/// Numbers on their way from a collector to a test.
class number_queue {
public:
  void push(std::int64_t number) {
    const std::lock_guard hold{mutex_};
    numbers_.push_back(number);
    changed_.notify_all();
  }
  /// The next number, or nothing after 20 s.
  std::optional<std::int64_t> next() {
    std::unique_lock hold{mutex_};
    if (!changed_.wait_for(hold, std::chrono::seconds{20},
                           [this] { return !numbers_.empty(); })) {
      return std::nullopt;
    }
    const auto number = numbers_.front();
    numbers_.pop_front();
    return number;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::int64_t> numbers_;
};

class collector : public commy::actor {
public:
  using protocol = commy::messages<test_number>;
  explicit collector(number_queue& queue) : queue_{queue} {}
  void on(const test_number& number) { queue_.push(number.value); }

private:
  number_queue& queue_;
};
