#include <commy/platform/detail/system_failure.hpp>
#include <commy/platform/posix/file_system_magic.hpp>

#include <sys/vfs.h>

#include <cerrno>

namespace commy::platform {

file_system detail::kind_of_magic(std::uint32_t magic) noexcept {
  switch (magic) {
    case 0x0102'1994:  // tmpfs
    case 0x8584'58f6:  // ramfs
    case 0x9584'58f6:  // hugetlbfs
      return file_system::memory;
    case 0x0000'6969:  // NFS
    case 0x0000'517b:  // SMB
    case 0xff53'4d42:  // CIFS
    case 0xfe53'4d42:  // SMB 2 and later
    case 0x0102'1997:  // 9P
    case 0x6573'5546:  // FUSE, virtiofs
    case 0x5346'414f:  // AFS
    case 0x7375'7245:  // Coda
    case 0x00c3'6400:  // Ceph
    case 0x0116'1970:  // GFS2
    case 0x7461'636f:  // OCFS2
    case 0x0bd0'0bd0:  // Lustre
    case 0x1983'0326:  // BeeGFS
    case 0x4750'4653:  // GPFS
      return file_system::network;
    default:
      return file_system::disk;
  }
}

result<file_system, file_error> file_system_of(const std::string& path) {
  struct statfs about{};
  if (::statfs(path.c_str(), &about) != 0) {
    return detail::system_failure(path, errno);
  }
  // The kernel's numbers have 32 bits, whatever the field's type and sign.
  return detail::kind_of_magic(static_cast<std::uint32_t>(about.f_type));
}

}  // namespace commy::platform
