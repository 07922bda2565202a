#include "modules/gateway/reading_desk.hpp"

#include <commy/base/log.hpp>
#include <commy/platform/thread_hint.hpp>

#include <exception>
#include <utility>

namespace commy::gateway {

reading_desk::reading_desk(unsigned threads, std::size_t jobs_max)
    : jobs_max_{jobs_max} {
  for (unsigned i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { run(); });
  }
}

reading_desk::~reading_desk() {
  {
    const std::lock_guard hold{mutex_};
    stop_ = true;
    changed_.notify_all();
  }
  for (auto& thread : threads_)
    thread.join();
}

bool reading_desk::submit(job work) {
  const std::lock_guard hold{mutex_};
  if (stop_ || jobs_.size() >= jobs_max_) return false;
  jobs_.push_back(std::move(work));
  changed_.notify_one();
  return true;
}

void reading_desk::run() {
  platform::name_this_thread("commy-desk");
  for (;;) {
    job work;
    {
      std::unique_lock hold{mutex_};
      changed_.wait(hold, [this] { return stop_ || !jobs_.empty(); });
      if (stop_) return;
      work = std::move(jobs_.front());
      jobs_.pop_front();
    }
    try {
      work();
    } catch (const std::exception& e) {
      log(log_level::error, "gateway", e.what());
    }
  }
}

}  // namespace commy::gateway
