#include <commy/actor/shared_lane.hpp>

#include <concurrentqueue.h>

namespace commy::actors {

struct shared_lane::queue {
  moodycamel::ConcurrentQueue<cell*> cells;
};

shared_lane::shared_lane() : queue_{std::make_unique<queue>()} {}
shared_lane::~shared_lane() = default;

bool shared_lane::enqueue(cell& c) noexcept {
  return queue_->cells.enqueue(&c);
}

cell* shared_lane::dequeue() noexcept {
  cell* c = nullptr;
  return queue_->cells.try_dequeue(c) ? c : nullptr;
}

bool shared_lane::seems_empty() const noexcept {
  return queue_->cells.size_approx() == 0;
}

}  // namespace commy::actors
