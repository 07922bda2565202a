#include <commy/platform/detail/child_environment.hpp>
#include <commy/platform/detail/system_failure.hpp>
#include <commy/platform/posix/spawn.hpp>

#include <gsl/gsl>

#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include <cerrno>

extern char** environ;

namespace commy::platform::detail {
namespace {

spawn_error spawn_code(int error) noexcept {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return spawn_error::not_found;
    case EACCES:
    case EPERM:
      return spawn_error::no_permission;
    case ENOEXEC:
    case ELIBBAD:
      return spawn_error::not_executable;
    case EAGAIN:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
      return spawn_error::limit;
    case E2BIG:
      return spawn_error::bad_argument;
    default:
      return spawn_error::io;
  }
}

/// What happens to descriptors between fork and exec.
class file_actions {
public:
  file_actions() { check(::posix_spawn_file_actions_init(&actions_)); }
  file_actions(const file_actions&) = delete;
  file_actions& operator=(const file_actions&) = delete;
  ~file_actions() { ::posix_spawn_file_actions_destroy(&actions_); }

  /// `from` onto itself means: keep it open through exec.
  void put(std::intptr_t from, std::intptr_t to) {
    check(::posix_spawn_file_actions_adddup2(&actions_, static_cast<int>(from),
                                             static_cast<int>(to)));
  }
  [[nodiscard]] const posix_spawn_file_actions_t* get() const {
    return &actions_;
  }

private:
  // Only out of memory, or a descriptor that is none.
  static void check(int error) { Ensures(error == 0); }
  posix_spawn_file_actions_t actions_;
};

/// A clean start: signals as a program expects them, a group of its own.
class attributes {
public:
  attributes() {
    Ensures(::posix_spawnattr_init(&attributes_) == 0);
    sigset_t none;
    sigset_t defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    // What a program set to "ignored" stays so through exec; SIGPIPE is the one
    // that we ask programs to ignore (ignore_broken_pipes).
    sigaddset(&defaults, SIGPIPE);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &defaults);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK |
                                                 POSIX_SPAWN_SETSIGDEF |
                                                 POSIX_SPAWN_SETPGROUP);
  }
  attributes(const attributes&) = delete;
  attributes& operator=(const attributes&) = delete;
  ~attributes() { ::posix_spawnattr_destroy(&attributes_); }
  [[nodiscard]] const posix_spawnattr_t* get() const { return &attributes_; }

private:
  posix_spawnattr_t attributes_;
};

/// The array of C strings that exec wants; borrows from `texts`.
std::vector<char*> c_strings(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (auto& text : texts)
    pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

result<pid_t, spawn_error> spawn(const spawn_options& options,
                                 std::intptr_t lifeline) {
  if (auto fine = check_texts(options); !fine) return unexpected{fine.error()};
  std::vector<std::string> ours;
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
    ours.emplace_back(*each);
  }
  auto variables = options.environment;
  file_actions actions;
  if (lifeline != -1) {
    variables.emplace_back(lifeline_variable, std::to_string(lifeline));
    actions.put(lifeline, lifeline);
  }
  for (const auto& [name, native] : options.inherit) {
    variables.emplace_back(name, std::to_string(native));
    actions.put(native, native);
  }
  if (options.output != nullptr) {
    actions.put(options.output->native(), STDOUT_FILENO);
  }
  if (options.error_output != nullptr) {
    actions.put(options.error_output->native(), STDERR_FILENO);
  }
  auto environment = child_environment(std::move(ours), variables);
  std::vector<std::string> arguments{options.program};
  arguments.insert(arguments.end(), options.arguments.begin(),
                   options.arguments.end());
  const attributes clean;
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, options.program.c_str(), actions.get(),
                                   clean.get(), c_strings(arguments).data(),
                                   c_strings(environment).data());
  if (error != 0) {
    return unexpected{spawn_code(error),
                      place(options.program, error_text(error))};
  }
  return pid;
}

}  // namespace commy::platform::detail
