// The samples of samples/processes, run as a user would run them.
#include "sample_process.hpp"

#include <catch2/catch_test_macros.hpp>

using commy::test::sample_folder;

TEST_CASE("the sample task_queue does each task though a worker dies") {
  const sample_folder folder;
  for (int run = 0; run < 3; ++run) {
    const auto ended = folder.run(COMMY_TASK_QUEUE);
    CHECK(ended.how == "exited with code 0");
    CHECK(ended.output ==
          "a worker was lost with task 5\n"
          "12 tasks done, each once; the sum is 650\n");
  }
}
