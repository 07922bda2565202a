// What is done to a segment that nobody has open.
#include <commy/memory/file_backing.hpp>
#include <commy/memory/loan_run.hpp>
#include <commy/memory/segment.hpp>
#include <commy/memory/sweep_all.hpp>

#include <algorithm>

namespace commy {
namespace {

using namespace memory;
using opened = result<std::unique_ptr<file_backing>, segment_error>;

opened open_alone(std::string_view name, const segment_options& options) {
  const auto folder = segment_folder(name, options);
  if (!folder) return unexpected{folder.error()};
  return file_backing::open(*folder, platform::access::read_write,
                            platform::lock_mode::exclusive);
}

/// Where the pages end that are in use.
std::uint64_t end_of_use(const image& img) {
  const auto per_chunk = img.sizes().chunk_pages();
  const auto pages = img.page_count();
  // The first chunk's head and one page more, as a new segment has at least.
  std::uint64_t end = 2;
  for (std::uint64_t p = 0; p < pages;) {
    const page_word word{img.page(p).load(std::memory_order_acquire)};
    const auto step =
        word.heads_run() ? std::max<std::uint64_t>(1, word.count()) : 1;
    // The head of a chunk serves its other pages alone.
    if (word.state() != page_state::free &&
        (word.state() != page_state::meta || p % per_chunk != 0)) {
      end = std::max(end, p + step);
    }
    p += step;
  }
  return std::min(end, pages) << img.page_shift();
}

}  // namespace

result<fsck_report, segment_error> segment::check(
    std::string_view name, fsck_mode mode, const segment_options& options) {
  auto alone = open_alone(name, options);
  if (!alone) return unexpected{alone.error()};
  const image img{(*alone)->data(), (*alone)->control(), (*alone)->sizes()};
  auto report = fsck(img, mode);
  // What has been repaired may be opened, whichever boot wrote it.
  if (mode == fsck_mode::repair && report.findings == report.repaired &&
      sweep_all(img)) {
    (*alone)->mark_clean();
  }
  return report;
}

result<std::uint64_t, segment_error> segment::shrink(
    std::string_view name, const segment_options& options) {
  auto alone = open_alone(name, options);
  if (!alone) return unexpected{alone.error()};
  if ((*alone)->is_stale()) return unexpected{segment_error::stale, name};
  const image img{(*alone)->data(), (*alone)->control(), (*alone)->sizes()};
  if (!sweep_all(img)) return unexpected{segment_error::poisoned, name};
  detach_all_runs(img);
  const auto before = img.committed();
  const auto end = end_of_use(img);
  if (end >= before) return std::uint64_t{0};
  // First the number: who dies in between leaves bytes that nobody believes in.
  img.header().committed.store(end, std::memory_order_release);
  if (auto done = (*alone)->cut_data(end); !done) {
    return unexpected{done.error()};
  }
  return before - end;
}

}  // namespace commy
