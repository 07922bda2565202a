// A foreman gives tasks to workers in processes of their own, by asking. A
// worker that dies with a task answers at once, by its death; the task goes
// back to the queue, and a new worker takes its place.
#include <commy/actor/protocol.hpp>
#include <commy/host/segment_mail.hpp>
#include <commy/memory/segment.hpp>
#include <commy/platform/lifeline.hpp>
#include <commy/platform/process.hpp>

#include <boost/describe.hpp>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <string>

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

struct square {
  using reply = std::int64_t;
  std::int32_t number;
  std::int32_t tries;
};
BOOST_DESCRIBE_STRUCT(square, (), (number, tries))

namespace {

class worker : public commy::actor {
public:
  using protocol = commy::messages<square>;
  std::int64_t on(square task) {
    // A task that kills who tries it first, as such tasks are.
    if (task.number == 5 && task.tries == 0) std::_Exit(1);
    return std::int64_t{task.number} * task.number;
  }
};

struct hired {
  int place;
  commy::address<square> whom;
};
/// Answers with the place of a worker that is gone, or -1 when all is done.
struct vacancy {
  using reply = int;
};

class foreman : public commy::actor {
public:
  explicit foreman(int tasks) : tasks_{tasks} {
    for (int number = 1; number <= tasks; ++number)
      todo_.push_back({number, 0});
  }

  // Interleaved: each worker has a handler of its own that keeps it busy.
  commy::interleaved<> on(hired m) {
    while (!todo_.empty()) {
      auto task = todo_.front();
      todo_.pop_front();
      const auto answer = co_await ask(m.whom, task, 10s);
      if (answer) {
        done_[task.number] += 1;
        sum_ += *answer;
        continue;
      }
      // `receiver_stopped`: nobody has answered, and nobody will. The text says
      // why; a worker that only took too long may still do it.
      std::printf("a worker was lost with task %d\n", task.number);
      ++task.tries;
      todo_.push_back(task);
      vacant_.push_back(m.place);
      co_return;
    }
  }

  commy::interleaved<int> on(vacancy) {
    while (vacant_.empty()) {
      if (is_done()) {
        std::printf("%zu tasks done, each once; the sum is %lld\n",
                    done_.size(), static_cast<long long>(sum_));
        co_return -1;
      }
      co_await pause(5ms);
    }
    const int place = vacant_.front();
    vacant_.pop_front();
    co_return place;
  }

private:
  [[nodiscard]] bool is_done() const {
    for (const auto& [number, times] : done_) {
      if (times != 1) std::abort();
    }
    return static_cast<int>(done_.size()) == tasks_;
  }

  int tasks_;
  std::deque<square> todo_;
  std::deque<int> vacant_;
  std::map<int, int> done_;
  std::int64_t sum_ = 0;
};

int work(const std::string& name) {
  const auto shared = commy::segment::open("tasks").value();
  commy::actor_system actors{{.workers = 1}};
  commy::segment_mail mail{actors};
  mail.open(shared).value();
  mail.publish(name, actors.spawn<worker>("worker")).value();
  auto parent = commy::platform::parent_lifeline::from_environment().value();
  while (!parent.wait_for_loss(1h)) {
  }
  return 0;
}

int lead() {
  const auto shared =
      commy::segment::open_or_create("tasks", {.capacity = 64U << 20U}).value();
  commy::actor_system actors{{.workers = 2}};
  commy::segment_mail mail{actors};
  mail.open(shared).value();
  const auto boss = actors.spawn<foreman>("foreman", 12);
  std::map<int, commy::platform::child_process> processes;
  const auto hire = [&](int place) {
    const auto name = "worker-" + std::to_string(place);
    commy::platform::spawn_options child;
    child.program = commy::platform::executable_path();
    child.arguments = {"work", name};
    processes[place] = commy::platform::child_process::spawn(child).value();
    const auto whom =
        mail.wait_for<square>(shared, name, clock_type::now() + 30s).value();
    boss.tell(hired{place, whom}).value();
  };
  hire(0);
  hire(1);
  for (;;) {
    const int place = actors.ask(boss, vacancy{}, 60s).value();
    if (place < 0) return 0;
    hire(place);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3) return work(argv[2]);
  const int code = lead();
  commy::segment::remove("tasks").value();
  return code;
}
