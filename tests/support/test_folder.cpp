#include "test_folder.hpp"

#include <commy/platform/liveness.hpp>

#include <filesystem>
#include <system_error>

#ifndef _WIN32
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#endif

namespace commy::test {
namespace {

namespace fs = std::filesystem;

void remove_tree(const fs::path& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

#ifdef _WIN32
void guard(const fs::path& /*path*/) {}
#else
/// Starts a process that waits for this one's end, however it comes, and then
/// removes `path`: the kernel closes the pipe's other end for us.
void guard(const fs::path& path) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return;
  const auto child = ::fork();
  if (child != 0) {
    ::close(ends[0]);  // The writing end stays open as long as we live.
    return;
  }
  ::close(ends[1]);
  // A session of its own, deaf to what ends the test program, and without the
  // streams whose end the runner of the tests waits for.
  ::setsid();
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    ::signal(signal, SIG_IGN);
  }
  for (int fd = 0; fd < 3; ++fd)
    ::close(fd);
  char byte = 0;
  while (::read(ends[0], &byte, 1) > 0) {
  }
  remove_tree(path);
  ::_exit(0);
}
#endif

/// This program's own folder, in which each test has one.
const fs::path& program_folder() {
  static const auto folder = [] {
    const fs::path memory{"/dev/shm"};
    auto base = fs::exists(memory) ? memory : fs::temp_directory_path();
    base /= "commy-test-" + std::to_string(platform::random_u64());
    guard(base);
    fs::create_directory(base);
    return base;
  }();
  return folder;
}

}  // namespace

test_folder::test_folder() {
  static int count = 0;
  path_ = (program_folder() / std::to_string(++count)).string();
  fs::create_directories(path_);
}

test_folder::~test_folder() {
  remove_tree(path_);
  // The program's folder goes with the last of them.
  std::error_code ignored;
  fs::remove(program_folder(), ignored);
}

}  // namespace commy::test
