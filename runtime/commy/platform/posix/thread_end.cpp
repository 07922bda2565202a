#include <commy/platform/thread_end.hpp>

#include <pthread.h>

namespace commy::platform {

thread_end::thread_end(void (*ended)(void*)) noexcept {
  pthread_key_t key{};
  good_ = ::pthread_key_create(&key, ended) == 0;
  slot_ = static_cast<std::uint32_t>(key);
}

void* thread_end::get() const noexcept {
  return good_ ? ::pthread_getspecific(static_cast<pthread_key_t>(slot_))
               : nullptr;
}

bool thread_end::set(void* value) noexcept {
  return good_ &&
         ::pthread_setspecific(static_cast<pthread_key_t>(slot_), value) == 0;
}

}  // namespace commy::platform
