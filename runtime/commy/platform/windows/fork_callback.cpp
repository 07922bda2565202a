#include <commy/platform/fork_callback.hpp>

namespace commy::platform {

// Windows has no fork: nothing ever calls back.
int on_fork_in_child(void (* /*callback*/)(void*), void* /*context*/) {
  return 1;
}
void forget_fork_callback(int /*id*/) noexcept {}
std::uint32_t detail::fork_generation() noexcept { return 0; }

}  // namespace commy::platform
