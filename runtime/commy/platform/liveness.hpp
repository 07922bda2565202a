// commy/platform/liveness.hpp: the kernel's word on which process still lives.
#pragma once

#include <commy/platform/file_lock.hpp>

#include <array>
#include <cstdint>
#include <memory>

namespace commy::platform {

/// Who a process is, as the system that runs it names it. Zero is nobody.
struct process_identity {
  std::uint32_t pid = 0;
  /// When it started, in the system's own unit: tells a reused pid apart.
  std::uint64_t started = 0;
};

/// This process. On Linux `started` is field 22 of /proc/self/stat (clock ticks
/// since boot), or zero where /proc is not mounted.
process_identity this_process() noexcept;

/// Claims and probes participant slots. On Linux a slot is alive while some
/// description holds the exclusive lock on its byte of the control file (works
/// across pid namespaces; never the pid). On Windows it is alive while the
/// process (pid and creation time) is unsignalled.
class liveness {
public:
  /// Opens the control file for claims, or for `is_alive` alone when this user
  /// may only read it (then every claim and `lock_growth` answer false).
  static result<liveness, file_error> open(const std::string& control_path);
  /// The same for a control file that has no name. Windows: `unsupported`.
  static result<liveness, file_error> open(const file& control);

  /// Takes the slot's lock; false when another live process has it. Windows:
  /// always true, the caller's CAS on the slot word decides.
  [[nodiscard]] bool try_claim(std::uint32_t slot) noexcept;
  void release(std::uint32_t slot) noexcept;

  /// Is the holder of another's slot alive? `who` is what the slot says of
  /// itself; only Windows asks it. Cost: one system call (0.6 us on Linux).
  /// Never ask about the own slot: its own lock does not count as another's.
  [[nodiscard]] bool is_alive(std::uint32_t slot,
                              process_identity who) const noexcept;

  /// The lock for growing a segment: one process at a time; the kernel drops
  /// it at death. Threads of one process need a mutex of their own beside it.
  [[nodiscard]] bool lock_growth(std::uint32_t deadline_ms) noexcept;
  void unlock_growth() noexcept;

private:
  file_lock lock_;                // Linux.
  std::shared_ptr<void> growth_;  // Windows: the mutex of `lock_growth`.
};

/// Identifies this boot of the machine: 128 bits, the same for all processes.
/// Zeros when the system does not say: then no two boots can be told apart.
std::array<std::uint64_t, 2> boot_id() noexcept;
/// Random bits from the operating system; never fails (aborts the process if
/// the system has none).
std::uint64_t random_u64() noexcept;

}  // namespace commy::platform
