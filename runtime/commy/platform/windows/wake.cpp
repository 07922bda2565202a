#include <commy/platform/wake.hpp>
#include <commy/platform/windows/handle.hpp>

#include <windows.h>

#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace commy::platform {
namespace {

using namespace std::chrono_literals;

/// The events of the lanes this process has met: at most one for each lane of
/// the segment, and never closed before the lot, since the waker's handle is
/// what keeps an event set until its sleeper opens it.
struct event_cache {
  std::mutex mutex;
  std::map<std::uint32_t, detail::unique_handle> by_lane;

  /// Null when the system has no event left: then a park is a short wait.
  HANDLE event(std::uint64_t nonce, std::uint32_t lane) {
    const std::scoped_lock guard{mutex};
    auto& known = by_lane[lane];
    if (!known) {
      // Global: sessions are no border between processes of one segment.
      const auto name = L"Global\\commy-wake-" + std::to_wstring(nonce) + L"-" +
                        std::to_wstring(lane);
      known = detail::unique_handle{
          ::CreateEventW(nullptr, FALSE, FALSE, name.c_str())};
    }
    return known.get();
  }
};

event_cache& of(void* events) noexcept {
  return *static_cast<event_cache*>(events);
}

}  // namespace

parking_lot::parking_lot(std::uint64_t segment_nonce) noexcept
    : events_{new event_cache}, nonce_{segment_nonce} {}
parking_lot::parking_lot(parking_lot&& other) noexcept
    : events_{std::exchange(other.events_, nullptr)}, nonce_{other.nonce_} {}
parking_lot& parking_lot::operator=(parking_lot&& other) noexcept {
  std::swap(events_, other.events_);
  std::swap(nonce_, other.nonce_);
  return *this;
}
parking_lot::~parking_lot() { delete static_cast<event_cache*>(events_); }

void parking_lot::park(std::uint32_t lane,
                       const std::atomic<std::uint32_t>& word,
                       std::uint32_t seen,
                       std::chrono::nanoseconds at_most) noexcept {
  if (at_most <= 0ns) return;
  const HANDLE event = of(events_).event(nonce_, lane);
  // Only now that the event is open. acquire, pairs with [add] in unpark():
  // either we see the new number here, or the waker adds it later and its
  // SetEvent, which comes after that, finds our event.
  if (word.load(std::memory_order_acquire) != seen) return;
  // Rounded up, for a wait of nothing would spin; a day at most, for the
  // largest number means for ever.
  const auto whole = std::min<std::chrono::milliseconds>(
      std::chrono::ceil<std::chrono::milliseconds>(at_most), 24h);
  if (event == nullptr) {
    ::Sleep(static_cast<DWORD>(
        std::min<std::chrono::milliseconds>(whole, 1ms).count()));
    return;
  }
  ::WaitForSingleObject(event, static_cast<DWORD>(whole.count()));
}

void parking_lot::unpark(std::uint32_t lane,
                         std::atomic<std::uint32_t>& word) noexcept {
  // [add] release, pairs with the acquire loads of the sleeper: who sees the
  // new number sees what the waker did before.
  word.fetch_add(1, std::memory_order_release);
  if (const HANDLE event = of(events_).event(nonce_, lane)) ::SetEvent(event);
}

}  // namespace commy::platform
