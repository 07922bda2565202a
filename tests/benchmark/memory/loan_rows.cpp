// Questions: does a hop of four megabytes cost what one of 64 bytes costs, and
// what do they cost a process that touches them for the first time?
#include "../report.hpp"
#include "../sampling.hpp"
#include "scratch.hpp"
#include <commy/containers/shared_vec.hpp>
#include <commy/message/inbox.hpp>
#include <commy/message/remote_address.hpp>

#include <boost/describe.hpp>

#include <sys/mman.h>

#include <cstring>

namespace commy::benchmark {

struct frame_note {
  loan_handle picture;
};
BOOST_DESCRIBE_STRUCT(frame_note, (), (picture))

namespace {

constexpr std::size_t frame_bytes = std::size_t{4} << 20U;

/// Lends, sends, takes, adopts and drops blocks of `bytes`, from one attachment
/// to another, all in one thread: the work of both sides, and no wait.
class hop {
public:
  explicit hop(const scratch& at)
      : shared_{at.attach()},
        box_{message::inbox::open(at.attach()).value()},
        to_{published(box_, shared_)} {}

  void operator()(std::size_t bytes) {
    auto lent = try_loan_for_overwrite<std::byte>(shared_, bytes).value();
    *lent = std::byte{1};
    to_.send(frame_note{}, std::move(lent)).value();
    const auto parcel = box_.try_take();
    const auto got =
        parcel->adopt<std::byte>(parcel->as<frame_note>()->picture).value();
    keep(*got);
  }

private:
  static remote_address<frame_note> published(message::inbox& box,
                                              const segment& shared) {
    box.publish("frames").value();
    return remote_address<frame_note>::find(shared, "frames").value();
  }

  segment shared_;
  message::inbox box_;
  remote_address<frame_note> to_;
};

/// Microseconds until each page of a frame has been touched in a mapping that
/// has not seen it, by `touch(bytes)`.
template <class Touch>
percentiles first_touch(const scratch& at, Touch&& touch) {
  std::vector<double> times;
  for (int i = 0; i < 40; ++i) {
    // An attachment is a mapping of its own.
    auto fresh = at.attach();
    auto lent = try_loan_for_overwrite<std::byte>(fresh, frame_bytes).value();
    const auto begin = std::chrono::steady_clock::now();
    touch(lent.span());
    const std::chrono::duration<double, std::micro> took =
        std::chrono::steady_clock::now() - begin;
    times.push_back(took.count());
  }
  return of(times);
}

void read_pages(std::span<std::byte> bytes) {
  unsigned sum = 0;
  for (std::size_t at = 0; at < bytes.size(); at += 4096)
    sum += std::to_integer<unsigned>(bytes[at]);
  keep(sum);
}
void write_pages(std::span<std::byte> bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += 4096)
    bytes[at] = std::byte{1};
}

/// A loan that becomes a vector's elements, beside a copy of as many bytes.
void run_kept(report& into, const scratch& at) {
  auto shared = at.attach();
  auto frame =
      shared.open_or_create<shared_vec<std::byte>>("kept frame").value();
  const auto keep_one = [&](std::size_t bytes) {
    auto lent = try_loan_for_overwrite<std::byte>(shared, bytes).value();
    frame.assign(std::move(lent)).value();
  };
  const std::vector<std::byte> content(frame_bytes, std::byte{1});
  keep_one(frame_bytes);
  auto large = sample([&](std::size_t) { keep_one(frame_bytes); }, 50);
  auto copies = sample([&](std::size_t) { frame.assign(content).value(); }, 2);
  auto small = sample([&](std::size_t) { keep_one(64); }, 1000);
  const auto ours = of(large);
  into.add({"memory", "keep_4m", "ns", ours.p50, ours.p99,
            "an assignment that copies 4 MiB", of(copies).p50});
  into.add({"memory", "keep_4m", "ns", ours.p50, ours.p99,
            "the same with 64 bytes", of(small).p50});
}

}  // namespace

void run_loans(report& into) {
  scratch at;
  {
    hop once{at};
    const auto [large, small] = beside([&](std::size_t) { once(frame_bytes); },
                                       [&](std::size_t) { once(64); });
    std::vector<std::byte> from(frame_bytes, std::byte{1});
    std::vector<std::byte> to(frame_bytes);
    auto copies = sample(
        [&](std::size_t) {
          std::memcpy(to.data(), from.data(), frame_bytes);
          keep(to);
        },
        5);
    into.add({"memory", "loan_4m", "ns", large.p50, large.p99,
              "the same with 64 bytes (loan_64)", small.p50});
    into.add({"memory", "loan_4m", "ns", large.p50, large.p99,
              "one copy of 4 MiB", of(copies).p50});
  }
  run_kept(into, at);
  const auto populate = [](int how) {
    return [how](std::span<std::byte> bytes) {
      ::madvise(bytes.data(), bytes.size(), how);
    };
  };
  const auto row = [&](const char* name, const percentiles& ours,
                       const char* peer, const percentiles& theirs) {
    into.add({"memory", name, "us", ours.p50, ours.p99, peer, theirs.p50});
  };
  constexpr int populate_read = 22;
  constexpr int populate_write = 23;
  row("loan_4m_first_read", first_touch(at, read_pages), "MADV_POPULATE_READ",
      first_touch(at, populate(populate_read)));
  row("loan_4m_first_write", first_touch(at, write_pages),
      "MADV_POPULATE_WRITE", first_touch(at, populate(populate_write)));
}

}  // namespace commy::benchmark
