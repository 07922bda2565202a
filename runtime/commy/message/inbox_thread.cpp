#include <commy/base/log.hpp>
#include <commy/message/inbox_thread.hpp>
#include <commy/platform/thread_hint.hpp>

#include <exception>
#include <string>

namespace commy::message {

using namespace std::chrono_literals;

inbox_thread::inbox_thread(inbox box, handler handle)
    : box_{std::move(box)}, handle_{std::move(handle)} {
  box_.keep_from_loops();
  thread_ = std::thread{[this] { run(); }};
}

inbox_thread::~inbox_thread() {
  // relaxed: interrupt() orders it.
  stop_.store(true, std::memory_order_relaxed);
  box_.interrupt();
  thread_.join();
}

void inbox_thread::run() {
  platform::name_this_thread("commy inbox");
  loan_custody custody{box_};
  while (!stop_.load(std::memory_order_relaxed)) {
    const auto taken = box_.take_each_any([&](parcel& message) {
      try {
        if (handle_(message)) custody.keep(message.hand_on());
      } catch (const std::exception& error) {
        log(log_level::error, "message",
            "the handler of an inbox failed: " + std::string{error.what()});
      }
    });
    // Any length does: messages and interrupt() end it.
    if (taken == 0) static_cast<void>(box_.wait(inbox::clock::now() + 10s));
  }
}

}  // namespace commy::message
