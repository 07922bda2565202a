#include "scratch.hpp"
#include <commy/platform/mapping.hpp>

#include <catch2/catch_test_macros.hpp>

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace commy::platform;

namespace {

long faults_so_far() {
  rusage used{};
  ::getrusage(RUSAGE_THREAD, &used);
  return used.ru_minflt;
}

}  // namespace

TEST_CASE("pages that were populated raise no fault at their first touch") {
  constexpr std::uint64_t page = 4096;
  constexpr std::uint64_t pages = 256;
  const scratch_folder folder;
  const auto source =
      file::open(make_file(folder, "data", pages * page), access::read_write)
          .value();
  const auto map =
      mapping::map(source, pages * page, access::read_write).value();
  constexpr int populate_write = 23;
  if (::madvise(map.data(), page, populate_write) != 0) {
    SKIP("this kernel is older than 5.14");
  }

  map.populate(5'000, (pages - 2) * page);
  const auto before = faults_so_far();
  for (std::uint64_t i = 2; i < pages - 2; ++i) {
    // The kernel writes one byte: sanitizers add faults of their own to ours.
    ::syscall(SYS_getrandom, map.data() + i * page, 1, 0);
  }

  // Unpopulated, each page raises one; a busy disk may ask for some anew.
  CHECK(faults_so_far() - before < static_cast<long>(pages) / 2);
}
