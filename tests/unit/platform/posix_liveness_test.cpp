#include "posix_fork.hpp"
#include "scratch.hpp"
#include <commy/platform/liveness.hpp>

#include <catch2/catch_test_macros.hpp>

#include <sys/mman.h>

#include <filesystem>
#include <fstream>

using namespace commy::platform;

namespace {

/// How a forked child that ends at once knows itself.
process_identity passing_process() {
  void* const shared =
      ::mmap(nullptr, sizeof(process_identity), PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto* const who = new (shared) process_identity;
  in_forked_child([&] {
    *who = this_process();
    return 0;
  });
  const auto copy = *who;
  ::munmap(shared, sizeof(process_identity));
  return copy;
}

/// Makes the system give `pid` to the next process, if nothing else comes in
/// between.
bool ask_for_pid(std::uint32_t pid) {
  std::ofstream last{"/proc/sys/kernel/ns_last_pid"};
  last << pid - 1 << std::flush;
  return last.good();
}

}  // namespace

TEST_CASE("two processes with the same pid are not the same") {
  const auto first = passing_process();
  // Start times are told in ticks of 10 ms.
  while (passing_process().started == first.started) {
  }

  process_identity second;
  for (int i = 0; i < 1000 && second.pid != first.pid; ++i) {
    if (!ask_for_pid(first.pid)) SKIP("this user may not choose a pid");
    second = passing_process();
  }

  REQUIRE(second.pid == first.pid);
  CHECK(second.started > first.started);
}

TEST_CASE("a user who may only read a control file can ask, not claim") {
  const scratch_folder folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms{0755});
  const auto path = make_file(folder, "control", 64);
  std::filesystem::permissions(path, std::filesystem::perms{0644});
  auto holder = liveness::open(path).value();
  REQUIRE(holder.try_claim(3));

  const int answer = as_nobody([&] {
    auto live = liveness::open(path).value();
    if (!live.is_alive(3, {}) || live.is_alive(4, {})) return 1;
    return live.try_claim(4) || live.lock_growth(0) ? 2 : 0;
  });

  if (answer == -2) SKIP("only root can become another user");
  CHECK(answer == 0);
}

TEST_CASE("a stopped process is alive") {
  const scratch_folder folder;
  const auto path = make_file(folder, "control", 64);
  const auto live = liveness::open(path).value();
  const auto child = fork_child([&] {
    auto own = liveness::open(path).value();
    if (!own.try_claim(2)) return 1;
    ::raise(SIGSTOP);
    return 0;
  });
  int word = 0;
  REQUIRE(::waitpid(child, &word, WUNTRACED) == child);
  REQUIRE(WIFSTOPPED(word));

  CHECK(live.is_alive(2, {}));

  ::kill(child, SIGCONT);
  CHECK(result_of(child) == 0);
  CHECK_FALSE(live.is_alive(2, {}));
}

TEST_CASE("a zombie is dead") {
  const scratch_folder folder;
  const auto path = make_file(folder, "control", 64);
  const auto live = liveness::open(path).value();
  const auto child = fork_child([&] {
    auto own = liveness::open(path).value();
    return own.try_claim(2) ? 0 : 1;
  });
  siginfo_t ended{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(child), &ended,
                   WEXITED | WNOWAIT) == 0);

  CHECK_FALSE(live.is_alive(2, {}));
  CHECK(result_of(child) == 0);
}
