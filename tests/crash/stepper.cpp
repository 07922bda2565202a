#include "stepper.hpp"

#include "store_filter.hpp"

#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <span>
#include <stdexcept>
#include <string>

namespace commy::test {
namespace {

constexpr int refused = 77;
constexpr int threw = 78;

/// As few instructions as can be: they are stepped through as well.
void stop_here() { ::syscall(SYS_tgkill, ::getpid(), ::gettid(), SIGSTOP); }

[[noreturn]] void live(const std::function<void(stepper::mark)>& act) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(refused);
  try {
    act(stop_here);
  } catch (const std::exception& what) {
    std::cerr << "the traced child failed: " << what.what() << '\n';
    ::_exit(threw);
  }
  ::_exit(0);
}

}  // namespace

stepper::stepper(const std::function<void(mark)>& act) {
  child_ = ::fork();
  if (child_ < 0) throw std::runtime_error{"fork is refused"};
  if (child_ == 0) live(act);
  try {
    if (run_to_mark()) return;
  } catch (...) {
    end();
    throw;
  }
  throw std::runtime_error{"the traced child ended before its first mark"};
}

stepper::~stepper() { end(); }

void stepper::end() noexcept {
  if (!running_) return;
  running_ = false;
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, __WALL);
}

int stepper::resume(int request) {
  // The first stop comes by itself; later ones have to be asked for.
  if (request != 0 && ::ptrace(static_cast<__ptrace_request>(request), child_,
                               nullptr, nullptr) != 0) {
    throw std::runtime_error{"tracing a child failed"};
  }
  int status = 0;
  if (::waitpid(child_, &status, __WALL) != child_) {
    throw std::runtime_error{"the traced child is gone"};
  }
  if (WIFSTOPPED(status)) return WSTOPSIG(status);
  running_ = false;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return 0;
  if (WIFEXITED(status) && WEXITSTATUS(status) == refused) {
    throw std::runtime_error{
        "ptrace is refused: the crash explorer steps through a child of its "
        "own; allow it (container: seccomp profile; kernel.yama.ptrace_scope "
        "below 3) or run this test elsewhere"};
  }
  throw std::runtime_error{"the traced child ended with status " +
                           std::to_string(status)};
}

bool stepper::run_to_mark() {
  static const auto crashes = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE};
  for (int request = first_ ? 0 : PTRACE_CONT;; request = PTRACE_CONT) {
    first_ = false;
    const int signal = resume(request);
    if (signal == 0) return false;
    if (signal == SIGSTOP) return true;
    for (const int crash : crashes) {
      if (signal == crash) {
        throw std::runtime_error{"the traced child met signal " +
                                 std::to_string(signal)};
      }
    }
  }
}

std::uint64_t stepper::step_to_mark(const std::function<void()>& each,
                                    const std::function<void()>& otherwise) {
  for (std::uint64_t steps = 1;; ++steps) {
    const bool look = may_store_next();
    const int signal = resume(PTRACE_SINGLESTEP);
    if (signal == SIGSTOP) return steps;
    if (signal == 0) {
      throw std::runtime_error{"the traced child ended between two marks"};
    }
    if (signal != SIGTRAP) {
      throw std::runtime_error{"the traced child met signal " +
                               std::to_string(signal)};
    }
    if (look) {
      each();
    } else if (otherwise) {
      otherwise();
    }
  }
}

bool stepper::may_store_next() {
#ifdef __x86_64__
  const auto at = static_cast<std::uint64_t>(::ptrace(
      PTRACE_PEEKUSER, child_, offsetof(user_regs_struct, rip), nullptr));
  const auto& page = code_page(at / page_bytes);
  return may_store(std::span{page}
                       .subspan(at % page_bytes)
                       .first<longest_instruction + 1>());
#else
  return true;
#endif
}

/// Read once: code stays as it is.
const stepper::code& stepper::code_page(std::uint64_t number) {
  const auto [found, fresh] = code_.try_emplace(number);
  if (fresh) {
    auto& bytes = found->second;
    // With the beginning of the next page, where it is there.
    for (const auto size : {bytes.size(), page_bytes}) {
      iovec here{bytes.data(), size};
      iovec there{reinterpret_cast<void*>(number * page_bytes), size};
      const auto got = ::process_vm_readv(child_, &here, 1, &there, 1, 0);
      if (got == static_cast<ssize_t>(size)) break;
    }
  }
  return found->second;
}

}  // namespace commy::test
