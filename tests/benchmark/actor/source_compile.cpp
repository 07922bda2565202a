#include "source_compile.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <string>

namespace commy::benchmark {

double seconds_to_compile(const char* file) {
  const auto source = std::string{COMMY_BENCHMARK_SOURCES} + '/' + file;
  const auto child = ::fork();
  if (child == 0) {
    ::execlp(COMMY_BENCHMARK_COMPILER, COMMY_BENCHMARK_COMPILER, "-std=c++20",
             "-O2", "-I" COMMY_BENCHMARK_RUNTIME, "-c", source.c_str(), "-o",
             "/dev/null", nullptr);
    ::_exit(127);
  }
  int status = 0;
  rusage used{};
  if (::wait4(child, &status, 0, &used) != child || status != 0) {
    throw std::runtime_error{source + " does not compile"};
  }
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace commy::benchmark
