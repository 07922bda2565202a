#include <commy/message/core_crowd.hpp>

namespace commy::message {

core_crowd& core_crowd::of_this_thread() noexcept {
  constinit thread_local core_crowd mine;
  return mine;
}

}  // namespace commy::message
