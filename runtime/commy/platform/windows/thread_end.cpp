#include <commy/platform/thread_end.hpp>

#include <windows.h>

namespace commy::platform {

thread_end::thread_end(void (*ended)(void*)) noexcept {
  // The same calling convention on every 64-bit Windows.
  slot_ = ::FlsAlloc(reinterpret_cast<PFLS_CALLBACK_FUNCTION>(ended));
  good_ = slot_ != FLS_OUT_OF_INDEXES;
}

void* thread_end::get() const noexcept {
  return good_ ? ::FlsGetValue(slot_) : nullptr;
}

bool thread_end::set(void* value) noexcept {
  return good_ && ::FlsSetValue(slot_, value) != 0;
}

}  // namespace commy::platform
