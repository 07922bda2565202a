#include <commy/actor/system_thread.hpp>
#include <commy/base/log.hpp>
#include <commy/platform/thread_hint.hpp>

#include <algorithm>
#include <exception>
#include <future>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace commy::actors {
namespace {

std::string name_of(const system_options& options, thread_kind kind,
                    unsigned index) {
  const auto number = '-' + std::to_string(index);
  switch (kind) {
    case thread_kind::worker:
      return options.thread_prefix + "-worker" + number;
    case thread_kind::pinned:
      return options.thread_prefix + "-pinned" + number;
    case thread_kind::clock:
      break;
  }
  return options.thread_prefix + "-alarms";
}

/// What a hook threw, as a text; empty if nothing.
std::string call(const thread_hook& hook, std::string_view name,
                 const thread_info& me) {
  if (!hook) return {};
  std::string text{name};
  text.append(" failed on thread '").append(me.name).append("': ");
  try {
    hook(me);
  } catch (const std::exception& e) {
    return text + e.what();
  } catch (...) {
    return text + "an exception that is no std::exception";
  }
  return {};
}

/// "0-3, 6"
std::string ranges(const std::vector<unsigned>& sorted) {
  std::string text;
  for (std::size_t first = 0; first < sorted.size();) {
    auto last = first;
    while (last + 1 < sorted.size() && sorted[last + 1] == sorted[last] + 1) {
      ++last;
    }
    if (!text.empty()) text += ", ";
    text += std::to_string(sorted[first]);
    if (last > first) text += '-' + std::to_string(sorted[last]);
    first = last + 1;
  }
  return text;
}

/// What keeps this thread from its work; empty if nothing does.
std::string begin(const system_options& options, const thread_info& me,
                  const std::vector<unsigned>& cores) {
  platform::name_this_thread(me.name);
  if (!cores.empty() && !platform::pin_this_thread(cores)) {
    return "thread '" + me.name + "' cannot be pinned to core " + ranges(cores);
  }
  return call(options.on_thread_start, "on_thread_start", me);
}

void end(const system_options& options, const thread_info& me) {
  const auto trouble = call(options.on_thread_end, "on_thread_end", me);
  if (!trouble.empty()) log(log_level::error, "actor", trouble);
}

}  // namespace

void system_thread::start(const system_options& options, thread_kind kind,
                          unsigned index, const std::vector<unsigned>& cores,
                          std::function<void()> body) {
  thread_info me{
      .name = name_of(options, kind, index), .index = index, .kind = kind};
  std::promise<std::string> begun;
  auto trouble = begun.get_future();
  try {
    // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDeleteLeaks): moved along.
    thread_ = blocking::thread{[&options, me, cores, run = std::move(body),
                                told = std::move(begun)]() mutable {
      auto text = begin(options, me, cores);
      const bool fails = !text.empty();
      told.set_value(std::move(text));
      if (fails) return;
      run();
      end(options, me);
    }};
  } catch (const std::system_error& e) {
    throw thread_failure{"the system gives no thread for '" + me.name +
                         "': " + e.what()};
  }
  // Else it cannot fail, and the wait of some 50 us is saved.
  if (cores.empty() && !options.on_thread_start) return;
  const auto text = trouble.get();
  if (text.empty()) return;
  thread_.join();
  throw thread_failure{text};
}

void system_thread::join() noexcept {
  if (thread_.joinable()) thread_.join();
}

std::vector<unsigned> core_for(const system_options& options, unsigned index) {
  if (options.cores.empty()) return {};
  return {options.cores[index % options.cores.size()]};
}

void check_cores(const std::vector<unsigned>& cores) {
  if (cores.empty()) return;
  const auto usable = platform::allowed_cores();
  for (const auto core : cores) {
    if (std::ranges::binary_search(usable, core)) continue;
    throw std::invalid_argument{
        "system_options::cores: this process may not use core " +
        std::to_string(core) + "; usable are " + ranges(usable)};
  }
}

}  // namespace commy::actors
