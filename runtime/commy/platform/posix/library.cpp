#include <commy/platform/detail/system_failure.hpp>
#include <commy/platform/library.hpp>

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace commy::platform {
namespace {

using detail::place;

#if defined(__x86_64__)
constexpr Elf64_Half our_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half our_machine = EM_AARCH64;
#endif

unexpected<library_error> not_a_library(const std::string& path,
                                        std::string_view words) {
  return {library_error::not_a_library, place(path, words)};
}

/// The first bytes of the file. Links are followed: libraries are versioned by
/// them.
result<Elf64_Ehdr, library_error> read_header(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    const auto code = errno == ENOENT || errno == ENOTDIR
                          ? library_error::not_found
                          : library_error::refused;
    return unexpected{code, place(path, detail::error_text(errno))};
  }
  struct stat about{};
  Elf64_Ehdr header{};
  const bool regular = ::fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
  const auto got = regular ? ::read(fd, &header, sizeof header) : 0;
  ::close(fd);
  if (!regular) return not_a_library(path, "no regular file");
  if (got < static_cast<ssize_t>(sizeof header)) {
    return not_a_library(path, "too short for an ELF file");
  }
  return header;
}

/// Says in our words what the loader would say in passing, or not at all.
result<void, library_error> check_header(const std::string& path) {
  const auto header = read_header(path);
  if (!header) return unexpected{header.error()};
  if (std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) {
    return not_a_library(path, "no ELF file");
  }
  if (header->e_ident[EI_CLASS] != ELFCLASS64 ||
      header->e_ident[EI_DATA] != ELFDATA2LSB) {
    return unexpected{library_error::wrong_machine,
                      place(path, "not 64 bits wide, little end first")};
  }
  if (header->e_machine != our_machine) {
    failure_detail both;
    both.text.append(place(path, "ELF machine number"));
    both.wanted = our_machine;
    both.found = header->e_machine;
    return unexpected{library_error::wrong_machine, both};
  }
  if (header->e_type != ET_DYN) {
    return not_a_library(path, header->e_type == ET_EXEC ? "is a program"
                               : header->e_type == ET_REL
                                   ? "is an object file, not linked yet"
                                   : "is no shared object");
  }
  return {};
}

/// The loader's words without the path they may begin with, which `place` puts
/// before them, cut so that the words stay whole.
unexpected<library_error> loader_failure(library_error code,
                                         const std::string& path) {
  const char* const said = ::dlerror();
  std::string_view words = said == nullptr ? "no reason given" : said;
  const bool about_itself = words.starts_with(path + ": ");
  if (about_itself) words.remove_prefix(path.size() + 2);
  if (code == library_error::refused && !about_itself &&
      words.find("cannot open shared object file") != words.npos) {
    code = library_error::missing_dependency;
  }
  return {code, place(path, words)};
}

}  // namespace

result<shared_library, library_error> shared_library::load(
    const std::string& path) {
  // Without a slash the loader would search its own folders.
  const auto exact = path.find('/') == std::string::npos ? "./" + path : path;
  if (auto fine = check_header(exact); !fine) return unexpected{fine.error()};
  void* const native = ::dlopen(exact.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (native == nullptr) return loader_failure(library_error::refused, exact);
  return shared_library{native, exact};
}

result<void*, library_error> shared_library::symbol(
    const std::string& name) const {
  void* const address = ::dlsym(native_, name.c_str());
  if (address == nullptr) {
    return unexpected{library_error::no_symbol, place(path_, name)};
  }
  return address;
}

}  // namespace commy::platform
