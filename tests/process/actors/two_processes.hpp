// tests/process/actors/two_processes.hpp: this process and others it starts.
#pragma once

#include "errands.hpp"
#include <commy/host/segment_mail.hpp>
#include <commy/platform/pipe.hpp>
#include <commy/platform/process.hpp>

#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <support/test_folder.hpp>
#include <utility>
#include <vector>

namespace commy::test {

using namespace std::chrono_literals;

/// What no healthy step takes, also on a busy machine.
inline constexpr std::chrono::seconds patience{60};
/// A timeout that no test could wait for: what is answered was answered.
inline constexpr std::chrono::hours for_ever{24};

inline std::chrono::steady_clock::time_point soon() {
  return std::chrono::steady_clock::now() + patience;
}

/// A child, what it reports, and a way to tell it something.
struct helper {
  platform::child_process process;
  platform::pipe_reader report;
  platform::pipe_writer orders;

  /// The next letter; ' ' when it has ended.
  char next() {
    std::byte one{};
    const auto got = report.read_some({&one, 1}, patience);
    return got && *got == 1 ? static_cast<char>(one) : ' ';
  }
};

/// A segment, an actor system that has joined it, and other processes.
struct two_processes {
  test_folder folder;
  segment shared = segment::create("mail", in_folder(folder)).value();
  actor_system actors{{.workers = 2}};
  segment_mail mail{actors};

  two_processes() { mail.open(shared).value(); }

  [[nodiscard]] helper start(const std::string& what,
                             const std::string& name) const {
    auto report = platform::make_pipe().value();
    auto orders = platform::make_pipe().value();
    platform::spawn_options options;
    options.program = COMMY_ACTORS_CHILD;
    options.arguments = {folder.path(), what, name};
    options.inherit = {{"REPORT", report.writer.native()},
                       {"ORDERS", orders.reader.native()}};
    return {platform::child_process::spawn(options).value(),
            std::move(report.reader), std::move(orders.writer)};
  }
  /// One that serves, and can be found.
  [[nodiscard]] helper serve(const std::string& name,
                             const std::string& what = "serve") const {
    auto started = start(what, name);
    if (started.next() != '+') throw std::runtime_error{"it does not serve"};
    return started;
  }
  [[nodiscard]] errand_address find(const std::string& name,
                                    const spawn_options& options = {}) {
    return find_as(errands{}, name, options);
  }

private:
  template <class... M>
  address<M...> find_as(messages<M...> /*list*/, const std::string& name,
                        const spawn_options& options) {
    return mail.wait_for<M...>(shared, name, soon(), options).value();
  }
};

/// Returns when it has stopped.
inline void stop_process(const helper& other) {
  const auto pid = static_cast<pid_t>(other.process.pid());
  ::kill(pid, SIGSTOP);
  siginfo_t info{};
  if (::waitid(P_PID, static_cast<id_t>(pid), &info, WSTOPPED) != 0) {
    throw std::runtime_error{"it does not stop"};
  }
}
inline void continue_process(const helper& other) {
  ::kill(static_cast<pid_t>(other.process.pid()), SIGCONT);
}

/// Hands things from actors to the test. A copy is the same one: actors may
/// outlive the test's.
template <class T>
class outbox {
public:
  void push(T thing) const {
    // Waked under the lock: nobody touches it after it was seen.
    const std::lock_guard hold{all_->mutex};
    all_->things.push_back(std::move(thing));
    all_->changed.notify_all();
  }
  /// The next; nothing when none comes for a long time.
  std::optional<T> next() const {
    std::unique_lock hold{all_->mutex};
    if (!all_->changed.wait_for(hold, patience,
                                [&] { return !all_->things.empty(); })) {
      return std::nullopt;
    }
    auto first = std::move(all_->things.front());
    all_->things.pop_front();
    return first;
  }

private:
  struct state {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<T> things;
  };
  std::shared_ptr<state> all_ = std::make_shared<state>();
};

/// Watches an actor of another process and passes on the news of its end.
class observer : public actor {
public:
  observer(errand_address whom, outbox<stopped> news)
      : whom_{whom}, news_{std::move(news)} {
    watch(this, whom_);
  }
  struct ready {
    using reply = void;
  };
  void on(ready) {}
  void on(const stopped& s) { news_.push(s); }

private:
  errand_address whom_;
  outbox<stopped> news_;
};

}  // namespace commy::test
