#include <commy/platform/detail/system_failure.hpp>
#include <commy/platform/mapping.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace commy::platform {
namespace {

// Linux 5.14. Named here because older headers do not know them; an older
// kernel answers EINVAL, and the pages come at the first touch instead.
constexpr int populate_read = 22;
constexpr int populate_write = 23;

}  // namespace

result<mapping, file_error> mapping::map(const file& source,
                                         std::uint64_t capacity, access mode) {
  const int protection =
      mode == access::read_only ? PROT_READ : PROT_READ | PROT_WRITE;
  // MAP_NORESERVE: capacity is address space; storage comes with the file.
  void* const base =
      ::mmap(nullptr, capacity, protection, MAP_SHARED | MAP_NORESERVE,
             static_cast<int>(source.native()), 0);
  if (base == MAP_FAILED) {
    const int error = errno;
    const auto what = "map " + std::to_string(capacity) + " bytes";
    return unexpected{file_error::io,
                      detail::place(what, detail::error_text(error))};
  }
  mapping made;
  made.data_ = static_cast<std::byte*>(base);
  made.capacity_ = capacity;
  made.mode_ = mode;
  made.generation_ = detail::fork_generation();
  // A child that wrote here would do so without a slot of its own; a core dump
  // of the whole segment would delay the release of a dying process's locks.
  if (::madvise(base, capacity, MADV_DONTFORK) != 0) {
    return detail::system_failure("keep the mapping out of forks", errno);
  }
  static_cast<void>(::madvise(base, capacity, MADV_DONTDUMP));
  // Fewer misses in the address cache, where the system lets shared memory have
  // them at all; elsewhere it does nothing.
  static_cast<void>(::madvise(base, capacity, MADV_HUGEPAGE));
  return made;
}

mapping::mapping(mapping&& other) noexcept
    : data_{std::exchange(other.data_, nullptr)},
      capacity_{std::exchange(other.capacity_, 0)},
      mode_{other.mode_},
      generation_{other.generation_} {}

mapping& mapping::operator=(mapping&& other) noexcept {
  mapping old{std::move(other)};
  std::swap(data_, old.data_);
  std::swap(capacity_, old.capacity_);
  std::swap(mode_, old.mode_);
  std::swap(generation_, old.generation_);
  return *this;
}

mapping::~mapping() {
  // In a forked child something else may lie at these addresses by now.
  if (data_ != nullptr && generation_ == detail::fork_generation()) {
    ::munmap(data_, capacity_);
  }
}

void mapping::populate(std::uint64_t offset,
                       std::uint64_t size) const noexcept {
  static const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const auto first = offset & ~(page - 1);
  static_cast<void>(
      ::madvise(data_ + first, size + (offset - first),
                mode_ == access::read_only ? populate_read : populate_write));
}

void mapping::flush(std::uint64_t /*bytes*/) const noexcept {
  // Pages of a mapping are the file's own here.
}

}  // namespace commy::platform
