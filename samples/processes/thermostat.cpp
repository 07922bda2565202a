// A receiver without actors and without a host: one epoll loop waits for
// messages, for a topic, for the time and for signals.
#include <commy/message/inbox.hpp>
#include <commy/message/remote_address.hpp>
#include <commy/message/shared_topic.hpp>

#include <boost/describe.hpp>

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <system_error>

using namespace commy;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

// What a thermometer publishes; the last one is enough for who comes late.
struct reading {
  std::int32_t degrees;
};
BOOST_DESCRIBE_STRUCT(reading, (), (degrees))

// What somebody wants, and must not be lost: a message.
struct want {
  std::int32_t degrees;
};
BOOST_DESCRIBE_STRUCT(want, (), (degrees))

namespace {

int checked(int answer, const char* what) {
  if (answer >= 0) return answer;
  throw std::system_error{errno, std::generic_category(), what};
}

int signals_as_file() {
  sigset_t ends;
  ::sigemptyset(&ends);
  ::sigaddset(&ends, SIGINT);
  ::sigaddset(&ends, SIGTERM);
  checked(::sigprocmask(SIG_BLOCK, &ends, nullptr), "sigprocmask");
  return checked(::signalfd(-1, &ends, SFD_CLOEXEC), "signalfd");
}

int ten_times_a_second() {
  const int timer =
      checked(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), "timerfd");
  const itimerspec how{.it_interval = {.tv_sec = 0, .tv_nsec = 100'000'000},
                       .it_value = {.tv_sec = 0, .tv_nsec = 100'000'000}};
  checked(::timerfd_settime(timer, 0, &how, nullptr), "timerfd");
  return timer;
}

void say(const char* what) {
  std::printf("%s\n", what);
  std::fflush(stdout);
}

void run(const segment& home, const shared_topic<reading>& room) {
  // First: `wake_fd` starts threads, and these block what is blocked here.
  const int signals = signals_as_file();
  auto inbox = message::inbox::open(home).value();
  auto readings = room.subscribe().value();
  const int wishes = static_cast<int>(inbox.wake_fd());
  const int news = static_cast<int>(readings.wake_fd());
  const int timer = ten_times_a_second();

  const int loop = checked(::epoll_create1(EPOLL_CLOEXEC), "epoll");
  for (const int fd : {signals, wishes, news, timer}) {
    epoll_event watched{.events = EPOLLIN, .data = {.fd = fd}};
    checked(::epoll_ctl(loop, EPOLL_CTL_ADD, fd, &watched), "epoll");
  }
  inbox.publish("thermostat").value();
  say("waiting");

  std::optional<std::int32_t> now;
  std::optional<std::int32_t> wanted;
  bool heats = false;
  for (;;) {
    epoll_event ready[4];
    // Interrupted (-1) is nothing to do.
    const int count = ::epoll_wait(loop, ready, 4, -1);
    for (int i = 0; i < count; ++i) {
      const int fd = ready[i].data.fd;
      if (fd == wishes) {
        // 64 at most, then the others have their turn; it stays readable.
        inbox.take_each([&](const message::parcel& p) {
          if (const auto m = p.as<want>()) wanted = m->degrees;
        });
      } else if (fd == news) {
        while (const auto next = readings.try_take())
          now = next->degrees;
      } else if (fd == timer) {
        std::uint64_t times = 0;
        if (::read(timer, &times, sizeof times) < 0) continue;
        const bool cold = now && wanted && *now < *wanted;
        if (cold != heats) say(cold ? "heater on" : "heater off");
        heats = cold;
      } else {
        say("good bye");
        return;
      }
    }
  }
}

}  // namespace

int main(int count, char** arguments) try {
  const std::string_view what = count > 1 ? arguments[1] : "--help";
  const auto degrees = count > 2 ? std::atoi(arguments[2]) : 0;
  if (what != "run" && !((what == "room" || what == "want") && count == 3)) {
    std::printf(
        "Usage: thermostat run | room DEGREES | want DEGREES\n\nRuns until "
        "Ctrl-C; says what a thermometer says, or what you want.\n");
    return what == "--help" ? 0 : 2;
  }
  auto home = segment::open_or_create("samples/home").value();
  auto room = shared_topic<reading>::open_or_create(home, "room",
                                                    {.depth = 16, .history = 1})
                  .value();
  if (what == "run") {
    run(home, room);
  } else if (what == "room") {
    auto next = try_loan<reading>(home).value();
    next->degrees = degrees;
    room.publish(std::move(next)).value();
  } else {
    auto to = remote_address<want>::wait_for(home, "thermostat",
                                             clock_type::now() + 60s)
                  .value();
    to.send(want{degrees}).value();
  }
  return 0;
} catch (const std::exception& failure) {
  std::fprintf(stderr, "thermostat: %s\n", failure.what());
  return 1;
}
