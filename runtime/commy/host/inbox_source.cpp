#include <commy/base/log.hpp>
#include <commy/host/inbox_source.hpp>

#include <chrono>
#include <exception>
#include <string>

namespace commy::host {
namespace {

/// As many as a turn of an actor takes.
constexpr std::size_t messages_per_poll = 64;

}  // namespace

std::size_t inbox_source::poll() noexcept {
  return box_.take_each_any(
      [this](message::parcel& message) {
        try {
          if (handle_(message)) custody_.keep(message.hand_on());
        } catch (const std::exception& error) {
          log(log_level::error, "host",
              "the handler of an inbox failed: " + std::string{error.what()});
        }
      },
      messages_per_poll);
}

void inbox_source::wait() noexcept {
  // Messages and interrupt() end it.
  static_cast<void>(box_.wait(message::inbox::clock::time_point::max()));
}

}  // namespace commy::host
