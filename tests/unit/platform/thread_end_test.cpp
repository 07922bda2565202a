// What a thread leaves behind is handed over when it ends.
#include <commy/platform/thread_end.hpp>

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <thread>

using commy::platform::thread_end;

namespace {

std::atomic<int> ended{0};

void note_end(void* value) { ended += *static_cast<int*>(value); }

}  // namespace

TEST_CASE("each thread's own pointer is handed over when it ends") {
  static thread_end slot{note_end};
  int one = 1;
  int ten = 10;
  ended = 0;

  bool first_set = false;
  bool second_set = false;
  void* before = &one;
  void* after = nullptr;
  std::thread first{[&] { first_set = slot.set(&one); }};
  std::thread second{[&] {
    before = slot.get();
    second_set = slot.set(&ten);
    after = slot.get();
  }};
  std::thread third{[] {}};
  first.join();
  second.join();
  third.join();
  CHECK(first_set);
  CHECK(before == nullptr);
  CHECK(second_set);
  CHECK(after == &ten);

  CHECK(ended == 11);
  CHECK(slot.get() == nullptr);
}
