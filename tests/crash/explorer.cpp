#include "explorer.hpp"

#include "state_checks.hpp"
#include "stepper.hpp"
#include <commy/platform/file.hpp>
#include <commy/platform/mapping.hpp>

#include <sys/mman.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <support/segment_copy.hpp>
#include <support/test_folder.hpp>

namespace commy::test {
namespace {

using platform::access;
using platform::file;
using platform::mapping;

/// The victim's two files, as seen from outside.
class watched_files {
public:
  explicit watched_files(const std::string& folder,
                         const memory::geometry& sizes)
      : data_file_{must(file::open(folder + "/data", access::read_only))},
        control_file_{must(file::open(folder + "/control", access::read_only))},
        data_{
            must(mapping::map(data_file_, sizes.capacity, access::read_only))},
        control_{must(mapping::map(control_file_, control_capacity(sizes),
                                   access::read_only))} {}

  /// Copies the files if a byte differs from the last copy.
  bool take(segment_bytes& last) const {
    const bool data = take(data_file_, data_, last.data);
    const bool control = take(control_file_, control_, last.control);
    return data || control;
  }

private:
  static bool take(const file& source, const mapping& map,
                   std::vector<std::byte>& last) {
    const auto size = must(source.size());
    if (size == last.size() &&
        std::memcmp(map.data(), last.data(), size) == 0) {
      return false;
    }
    last.assign(map.data(), map.data() + size);
    return true;
  }

  file data_file_;
  file control_file_;
  mapping data_;
  mapping control_;
};

/// Memory that a forked child shares.
class shared_region {
public:
  explicit shared_region(std::size_t size) : size_{size} {
    at_ = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at_ == MAP_FAILED) throw std::runtime_error{"no memory to share"};
  }
  shared_region(const shared_region&) = delete;
  shared_region& operator=(const shared_region&) = delete;
  ~shared_region() { ::munmap(at_, size_); }
  [[nodiscard]] std::byte* data() const noexcept {
    return static_cast<std::byte*>(at_);
  }

private:
  std::size_t size_;
  void* at_ = nullptr;
};

/// Keeps at most 2 x `wanted` states, evenly spread over all it was shown.
class sampler {
public:
  void show(const segment_bytes& state) {
    if (count_++ % stride_ != 0) return;
    kept_.push_back(state);
    if (kept_.size() < 2 * wanted) return;
    for (std::size_t i = 1; i < wanted; ++i) {
      kept_[i] = std::move(kept_[2 * i]);
    }
    kept_.resize(wanted);
    stride_ *= 2;
  }
  [[nodiscard]] const std::vector<segment_bytes>& kept() const { return kept_; }

private:
#ifdef __SANITIZE_ADDRESS__
  // A sweep takes five times as many instructions there.
  static constexpr std::size_t wanted = 1;
#else
  static constexpr std::size_t wanted = 3;
#endif
  std::vector<segment_bytes> kept_;
  std::size_t count_ = 0;
  std::size_t stride_ = 1;
};

/// Steps through the sweep of each state and cuts it at each store.
void cut_sweeps(const std::vector<segment_bytes>& states,
                const memory::geometry& sizes, state_checks& checks,
                exploration& done) {
  const shared_region region{sizes.capacity + control_capacity(sizes)};
  segment_copy shared{sizes, region.data(), region.data() + sizes.capacity};
  stepper sweeper{[&](stepper::mark mark) {
    for (;;) {
      mark();
      shared.sweep();
      mark();
    }
  }};
  for (const auto& state : states) {
    const auto wanted = checks.swept(state);
    shared.load(state);
    auto last = shared.bytes();
    done.swept_steps += sweeper.step_to_mark([&] {
      if (shared.holds(last)) return;
      last = shared.bytes();
      ++done.swept_states;
      checks.check_cut_sweep(last, wanted);
    });
    sweeper.run_to_mark();
  }
}

}  // namespace

exploration explore(const scenario& s, memory::planted_bug bug) {
  const auto begun = std::chrono::steady_clock::now();
  const test_folder folder;
  const auto sizes = s.sizes;
  stepper victim{[&](stepper::mark mark) {
    memory::planted = bug;
    auto world =
        shared_world::open_or_create("world", in_folder(folder, &sizes));
    s.prepare(world);
    mark();
    s.operate(world);
    mark();
  }};
  model_world before;
  s.prepare_model(before);
  auto after = before;
  s.operate_model(after);

  exploration done;
  const watched_files files{folder / "world", sizes};
  segment_bytes now;
  files.take(now);
  state_checks checks{sizes, before, after, done, s.lends};
  checks.begin(now);
  sampler samples;
  const auto look = [&] {
    if (!files.take(now)) return;
    ++done.states;
    checks.check(now);
    samples.show(now);
  };
  const auto distrust = [&] {
    const auto before_it = done.states;
    look();
    done.unexpected += done.states - before_it;
  };
  done.instructions = victim.step_to_mark(
      look, s.distrustful ? std::function<void()>{distrust} : nullptr);
  checks.end(now);
  cut_sweeps(samples.kept(), sizes, checks, done);
  done.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begun)
          .count();
  return done;
}

std::string exploration::row(const std::string& name) const {
  char line[256];
  std::snprintf(
      line, sizeof line,
      "%-44s %6lu instr %5lu states (%4lu back, %4lu forward; %4lu "
      "before, %4lu after), sweeps cut at %3lu stores, %5.2f s, %6.0f "
      "instr/s, %lu violations",
      name.c_str(), instructions, states, rolled_back, rolled_forward,
      ended_before, ended_after, swept_states, seconds,
      static_cast<double>(instructions + swept_steps) / seconds, violations);
  return line;
}

}  // namespace commy::test
