// A work queue for many producers and workers: shared_vec_deque. A job that a
// worker was killed with goes back to the queue.
#include <commy/containers/shared_hash_map.hpp>
#include <commy/containers/shared_vec_deque.hpp>
#include <commy/containers/transact.hpp>
#include <commy/memory/segment.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>

using namespace commy;
using namespace std::chrono_literals;

struct job {
  std::int32_t number;
  std::int32_t tries;
};
BOOST_DESCRIBE_STRUCT(job, (), (number, tries))

namespace {

class office {
public:
  void add(int count) {
    for (int i = 1; i <= count; ++i)
      waiting_.push_back({i, 0}).value();
    std::printf("%d jobs added\n", count);
  }

  /// Works until nothing has come for a moment. With `number` it crashes in the
  /// middle of that job, as programs do.
  void work(std::int32_t crash_at) {
    take_over_lost();
    for (;;) {
      // Taking it and noting who has it are one step: a job is in the queue, at
      // a worker, or done, whoever dies.
      job mine{};
      const auto seen = waiting_.version();
      const bool got = transact(waiting_, taken_, [&](transaction&) {
                         const auto next = waiting_.pop_front().value();
                         if (!next) return false;
                         mine = *next;
                         return taken_.insert(mine.number, mine).value();
                       }).value();
      if (!got) {
        // Sleeps until somebody pushes.
        if (!waiting_.wait_for_change(seen, 200ms)) return;
        continue;
      }
      if (mine.number == crash_at && mine.tries == 0) std::abort();
      std::printf("job %d done, try %d\n", mine.number, mine.tries + 1);
      taken_.erase(mine.number).value();
    }
  }

private:
  /// One worker at a time, in this sample: what is taken when one starts was
  /// left by one that died.
  void take_over_lost() {
    transact(waiting_, taken_, [&](transaction&) {
      for (auto& [number, lost] : taken_.take().value())
        waiting_.push_back({lost.number, lost.tries + 1}).value();
    }).value();
  }

  segment home_ = segment::open_or_create("samples/jobs").value();
  shared_vec_deque<job> waiting_ =
      home_.open_or_create<shared_vec_deque<job>>("waiting").value();
  shared_hash_map<int, job> taken_ =
      home_.open_or_create<shared_hash_map<int, job>>("taken").value();
};

}  // namespace

int main(int count, char** arguments) try {
  const std::string_view what = count > 1 ? arguments[1] : "--help";
  const int number = count > 2 ? std::atoi(arguments[2]) : 0;
  if (what == "add") {
    office{}.add(number > 0 ? number : 3);
  } else if (what == "work") {
    office{}.work(number);
  } else {
    std::printf(
        "Usage: jobs add [COUNT]        adds jobs\n"
        "       jobs work [NUMBER]      works; crashes at job NUMBER once\n");
    return what == "--help" ? 0 : 2;
  }
  return 0;
} catch (const std::exception& failure) {
  std::fprintf(stderr, "jobs: %s\n", failure.what());
  return 1;
}
