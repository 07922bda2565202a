#include <commy/platform/wake.hpp>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <ctime>
#include <utility>

namespace commy::platform {
namespace {

using namespace std::chrono_literals;

static_assert(sizeof(std::atomic<std::uint32_t>) == 4 &&
              std::atomic<std::uint32_t>::is_always_lock_free);

// Not FUTEX_PRIVATE_FLAG: the kernel then finds the word by file and offset,
// alike for all processes, wherever each of them has mapped it.
long futex(const std::atomic<std::uint32_t>& word, int operation,
           std::uint32_t value, const timespec* timeout) noexcept {
  return ::syscall(SYS_futex, &word, operation, value, timeout, nullptr, 0);
}

}  // namespace

parking_lot::parking_lot(std::uint64_t segment_nonce) noexcept
    : nonce_{segment_nonce} {}
parking_lot::parking_lot(parking_lot&& other) noexcept : nonce_{other.nonce_} {}
parking_lot& parking_lot::operator=(parking_lot&& other) noexcept {
  nonce_ = other.nonce_;
  return *this;
}
parking_lot::~parking_lot() = default;

void parking_lot::park(std::uint32_t /*lane*/,
                       const std::atomic<std::uint32_t>& word,
                       std::uint32_t seen,
                       std::chrono::nanoseconds at_most) noexcept {
  if (at_most <= 0ns) return;
  const auto whole = std::chrono::floor<std::chrono::seconds>(at_most);
  const timespec timeout{whole.count(), (at_most - whole).count()};
  // The kernel compares the word again under its own lock, which [add] in
  // unpark() precedes: either we see the new value or it sees us asleep.
  // EAGAIN (differs), EINTR and ETIMEDOUT all mean: look again.
  futex(word, FUTEX_WAIT, seen, &timeout);
}

void parking_lot::unpark(std::uint32_t /*lane*/,
                         std::atomic<std::uint32_t>& word) noexcept {
  // [add] release, pairs with the acquire load of the sleeper's next look: who
  // sees the new number sees what the waker did before.
  word.fetch_add(1, std::memory_order_release);
  futex(word, FUTEX_WAKE, INT_MAX, nullptr);
}

}  // namespace commy::platform
