// commy/platform/file.hpp: an open file, and the folder operations around it.
#pragma once

#include <commy/base/result.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace commy::platform {

enum class file_error {
  not_found,      // No such file or folder.
  exists,         // The name is taken.
  no_permission,  // The operating system refuses this user.
  no_space,       // The file system (or its quota) is full.
  not_regular,    // It is there, but is no regular file or no folder.
  name_too_long,  // Longer than this system allows.
  unsupported,    // This system has no such thing.
  io,             // Anything else; the detail quotes the system.
};
std::string_view describe(file_error error) noexcept;

enum class access { read_only, read_write };

/// Owns one open file description of its own: never duplicated, never
/// inherited by a child program. Threads: one at a time, but `size()` and
/// `allocate()` may be called beside mapped access.
class file {
public:
  /// Opens an existing regular file; follows no symbolic link in the last
  /// component.
  static result<file, file_error> open(const std::string& path, access mode);
  /// Creates a new file, readable and writable for this user alone; fails with
  /// `exists` when the name is taken.
  static result<file, file_error> create(const std::string& path);
  /// Creates a file in memory that has no name and goes with its last user
  /// (memfd). Others reach it through its descriptor alone. `label` is what
  /// /proc calls it. Windows: `unsupported`.
  static result<file, file_error> create_anonymous(const std::string& label);
  /// Opens the regular file behind a system handle anew, as a description of
  /// its own (through /proc/self/fd). Windows: `unsupported`.
  static result<file, file_error> reopen(std::intptr_t native, access mode);

  file() noexcept = default;
  file(file&& other) noexcept;
  file& operator=(file&& other) noexcept;
  ~file();

  /// Current size in bytes.
  [[nodiscard]] result<std::uint64_t, file_error> size() const;
  /// Makes [0, `bytes`) exist with real storage behind it, so that touching it
  /// cannot fail later (posix_fallocate). Never shrinks. On Windows the file is
  /// set to that size at once. Fails with `no_space`, leaving size and content
  /// as they were as far as readers can tell.
  result<void, file_error> allocate(std::uint64_t bytes);
  /// Ends the file behind `bytes`; nothing when it is shorter. Nobody may have
  /// the rest mapped: they would be killed for a touch, and Windows refuses.
  result<void, file_error> cut(std::uint64_t bytes);
  /// Reads exactly `into.size()` bytes at `offset`, or fails with `io`.
  result<void, file_error> read_at(std::uint64_t offset,
                                   std::span<std::byte> into) const;
  result<void, file_error> write_at(std::uint64_t offset,
                                    std::span<const std::byte> from);

  /// Waits until what was written, here or through mappings, lies in storage
  /// that a loss of power cannot take. Windows: what a mapping wrote needs
  /// `mapping::flush` before. Cost: as much as there is to write.
  result<void, file_error> sync();
  /// Forbids for ever, for all, that an anonymous file gets shorter: nobody who
  /// is given its descriptor can make others die at a touch (F_SEAL_SHRINK).
  result<void, file_error> forbid_shrinking();
  [[nodiscard]] bool cannot_shrink() const noexcept;

  [[nodiscard]] bool is_open() const noexcept;
  /// The system's handle: a descriptor, or a HANDLE. For platform/, and for
  /// handing it to another process.
  [[nodiscard]] std::intptr_t native() const noexcept { return native_; }

private:
  friend class file_lock;  // Takes an opened file over for itself.
  explicit file(std::intptr_t native) noexcept : native_{native} {}
  std::intptr_t native_ = -1;
};

/// Makes a folder and its parents for this user alone (mode 0700). An existing
/// folder is success.
result<void, file_error> make_folders(const std::string& path);
/// Whether a folder can be renamed while files in it are open (not on Windows).
bool open_files_move() noexcept;
/// Renames a folder atomically; fails with `exists` when `to` exists and is
/// not empty. The files in it must not be open unless `open_files_move()`.
result<void, file_error> rename_folder(const std::string& from,
                                       const std::string& to);
/// Removes a file or an empty folder; `not_found` when there is none.
result<void, file_error> remove(const std::string& path);
/// Names (not paths) of what lies in a folder, without "." and "..", at most
/// 65,536 (a bound against hostile folders; more is `io`).
result<std::vector<std::string>, file_error> list_folder(
    const std::string& path);
/// Where shared segments live unless the user says otherwise:
/// `$COMMY_DIRECTORY`, else `/dev/shm/commy-<uid>` (Linux), else
/// `%LOCALAPPDATA%\commy` (Windows).
std::string default_segment_folder();
/// Bytes free on the file system that holds `path`.
result<std::uint64_t, file_error> free_space(const std::string& path);

}  // namespace commy::platform
