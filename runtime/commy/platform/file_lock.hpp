// commy/platform/file_lock.hpp: byte locks that the kernel drops at death.
#pragma once

#include <commy/platform/file.hpp>

namespace commy::platform {

enum class lock_mode { shared, exclusive };

/// Locks of single bytes of a file, held by this object's own open file
/// description (open-file-description locks on Linux, LockFileEx beyond the
/// end of the file on Windows) and dropped by the kernel when the process dies.
/// A lock lies beside the file's bytes: it stops nobody from reading them.
/// After a fork the child's copy is closed at once, so that only the parent
/// holds the locks; in the child nothing can be locked by it, and every other
/// holder's byte counts as held. Threads: any; but two threads of one object do
/// not exclude each other.
class file_lock {
public:
  /// Opens `path` anew for locking: read-only is enough for shared locks and
  /// probes, exclusive ones need `read_write`.
  static result<file_lock, file_error> open(const std::string& path,
                                            access mode);
  /// The same for a file that is open already, which may have no name. Windows:
  /// `unsupported`.
  static result<file_lock, file_error> open(const file& of, access mode);

  file_lock() noexcept = default;
  file_lock(file_lock&& other) noexcept;
  file_lock& operator=(file_lock&& other) noexcept;
  ~file_lock();

  /// True if this description now holds the byte (also when it did before, in
  /// which case the mode is changed). Never waits.
  [[nodiscard]] bool try_lock(std::uint64_t byte, lock_mode mode) noexcept;
  /// Waits for the byte, asking the kernel again at growing intervals
  /// (50 to 400 us; Windows: 1 to 5 ms), until `deadline_ms` has passed.
  [[nodiscard]] bool lock_for(std::uint64_t byte, lock_mode mode,
                              std::uint32_t deadline_ms) noexcept;
  void unlock(std::uint64_t byte) noexcept;
  /// True if another description holds a lock on the byte that conflicts with
  /// an exclusive one. The own lock does not count. When the system cannot tell
  /// the answer is true: a holder must never be taken for dead by mistake.
  [[nodiscard]] bool held_by_another(std::uint64_t byte) const noexcept;

  [[nodiscard]] bool is_open() const noexcept { return native_ != -1; }

private:
  static file_lock take(file opened);

  std::intptr_t native_ = -1;
  int fork_id_ = 0;  // Of the callback that closes the copy in a child.
};

}  // namespace commy::platform
