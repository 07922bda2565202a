#include <commy/memory/classes.hpp>
#include <commy/memory/file_backing.hpp>
#include <commy/memory/segment.hpp>
#include <commy/platform/boot_clock.hpp>
#include <commy/platform/process.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>

namespace commy {
namespace {

using memory::file_backing;
using platform::access;

bool valid_part(std::string_view part) {
  return !part.empty() && part.size() <= 64 && part.front() != '.' &&
         std::ranges::all_of(part, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
         });
}

bool valid_name(std::string_view name) {
  for (int parts = 0; parts < 4; ++parts) {
    const auto slash = name.find('/');
    if (!valid_part(name.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    name.remove_prefix(slash + 1);
  }
  return false;
}

std::string base_folder(const segment_options& options) {
  return options.folder.empty() ? platform::default_segment_folder()
                                : options.folder;
}

std::string participant_name(const segment_options& options) {
  if (!options.participant.empty()) return options.participant;
  const auto path = platform::executable_path();
  return path.substr(path.find_last_of("/\\") + 1);
}

unexpected<segment_error> refuse(const failure<memory::attach_error>& why,
                                 std::string_view name) {
  auto code = segment_error::io;
  switch (why.code()) {
    case memory::attach_error::no_slot:
      code = segment_error::no_slot;
      break;
    case memory::attach_error::no_lane:
      code = segment_error::no_lane;
      break;
    case memory::attach_error::no_space:
      code = segment_error::no_space;
      break;
    case memory::attach_error::poisoned:
      code = segment_error::poisoned;
      break;
  }
  return {code, std::string{name} + ": " + why.message()};
}

constexpr std::string_view unfinished_prefix = ".new-";

void remove_files(const std::string& folder) {
  // Best effort: what is gone already is as good.
  static_cast<void>(platform::remove(folder + "/data"));
  static_cast<void>(platform::remove(folder + "/control"));
  static_cast<void>(platform::remove(folder));
}

/// Removes what creators left that died before their segment had a name.
void remove_unfinished(const std::string& parent) {
  const auto names = platform::list_folder(parent);
  if (!names) return;
  for (const auto& name : *names) {
    if (!name.starts_with(unfinished_prefix)) continue;
    const auto folder = parent + "/" + name;
    // Without any file yet: goes if it is empty, and its creator tries again.
    static_cast<void>(platform::remove(folder));
    auto lock = platform::file_lock::open(folder + "/data", access::read_write);
    // A living creator holds the byte, or has not made the file yet.
    if (lock &&
        lock->try_lock(memory::opener_byte, platform::lock_mode::exclusive)) {
      remove_files(folder);
    }
  }
}

std::string hex(std::uint64_t number) {
  std::string text(16, '0');
  for (auto at = text.rbegin(); at != text.rend(); ++at, number >>= 4U) {
    *at = "0123456789abcdef"[number & 15U];
  }
  return text;
}

/// A folder for what has no name yet, or no more.
std::string aside_of(const std::string& parent) {
  return parent + "/" + std::string{unfinished_prefix} +
         hex(platform::random_u64());
}

/// Which creation a data file belongs to; 0 when it does not say.
std::uint64_t creation_of(const std::string& data) {
  const auto source = platform::file::open(data, access::read_only);
  std::array<std::byte, sizeof(std::uint64_t)> bytes{};
  if (source) {
    static_cast<void>(
        source->read_at(offsetof(memory::data_header, nonce), bytes));
  }
  return std::bit_cast<std::uint64_t>(bytes);
}

result<memory::geometry, segment_error> sizes_of(
    const segment_options& options) {
  memory::geometry sizes;
  sizes.capacity = options.capacity;
  if (options.sizes != nullptr) sizes = *options.sizes;
  if (!sizes.valid()) {
    return unexpected{segment_error::bad_size,
                      std::to_string(sizes.capacity) + " bytes"};
  }
  return sizes;
}

/// Gives a segment without objects its directory.
result<void, segment_error> fill(memory::engine& owner) {
  try {
    memory::make_directory(owner);
    return {};
  } catch (const memory::write_failed& failed) {
    return unexpected{failed.why.code() == write_error::disk_full
                          ? segment_error::no_space
                          : segment_error::bad_size,
                      failed.why.message()};
  }
}

/// Builds a whole segment in a folder that nobody looks into. Its opener byte
/// stays locked as long as what is returned lives.
result<platform::file_lock, segment_error> build(
    const std::string& folder, const memory::geometry& sizes) {
  auto busy = file_backing::format(folder, sizes);
  if (!busy) return unexpected{busy.error()};
  auto bytes = file_backing::open(folder, access::read_write);
  if (!bytes) return unexpected{bytes.error()};
  auto owner = memory::engine::attach(std::move(*bytes), "creator");
  if (!owner) return refuse(owner.error(), folder);
  if (auto done = fill(**owner); !done) return unexpected{done.error()};
  return busy;
}

/// The opener byte stays locked as before, where open files move.
result<platform::file_lock, segment_error> build_and_name(
    const std::string& parent, const std::string& folder,
    const memory::geometry& sizes) {
  const auto aside = aside_of(parent);
  if (auto made = platform::make_folders(aside); !made) {
    return memory::refuse(made.error(), aside);
  }
  auto busy = build(aside, sizes);
  if (!busy) {
    remove_files(aside);
    if (busy.error() == segment_error::network_storage) {
      return unexpected{segment_error::network_storage, folder};
    }
    return unexpected{busy.error()};
  }
  // Locked until it has its name and is open, lest another creator takes the
  // files away and the empty folder gets it. Where open files do not move, a
  // moment is left.
  if (!platform::open_files_move()) *busy = {};
  if (auto named = platform::rename_folder(aside, folder); !named) {
    remove_files(aside);
    return memory::refuse(named.error(), folder);
  }
  return busy;
}

}  // namespace

result<std::string, segment_error> memory::segment_folder(
    std::string_view name, const segment_options& options) {
  if (!valid_name(name)) return unexpected{segment_error::bad_name, name};
  return base_folder(options) + "/" + std::string{name};
}

result<segment, segment_error> segment::attach(
    std::unique_ptr<memory::backing> bytes, std::string_view name,
    const segment_options& options) {
  const bool writable = bytes->writable();
  auto owner = memory::engine::attach(
      std::move(bytes), writable ? participant_name(options) : std::string{});
  if (!owner) return refuse(owner.error(), name);
  (*owner)->set_patience(options.patience);
  return segment{std::move(*owner), std::string{name}};
}

result<segment, segment_error> segment::open(std::string_view name,
                                             const segment_options& options) {
  const auto folder = memory::segment_folder(name, options);
  if (!folder) return unexpected{folder.error()};
  auto bytes =
      file_backing::open(*folder, access::read_write,
                         platform::lock_mode::shared, options.patience);
  if (!bytes) return unexpected{bytes.error()};
  return attach(std::move(*bytes), name, options);
}

result<segment, segment_error> segment::open_read_only(
    std::string_view name, const segment_options& options) {
  const auto folder = memory::segment_folder(name, options);
  if (!folder) return unexpected{folder.error()};
  auto bytes = file_backing::open(*folder, access::read_only);
  if (!bytes) return unexpected{bytes.error()};
  return attach(std::move(*bytes), name, options);
}

result<segment, segment_error> segment::create_anonymous(
    const segment_options& options) {
  const auto sizes = sizes_of(options);
  if (!sizes) return unexpected{sizes.error()};
  auto bytes = file_backing::create_anonymous(*sizes);
  if (!bytes) return unexpected{bytes.error()};
  auto made = attach(std::move(*bytes), {}, options);
  if (!made) return made;
  if (auto done = fill(*made->engine_); !done) return unexpected{done.error()};
  return made;
}

result<segment, segment_error> segment::adopt(const segment_files& files,
                                              const segment_options& options) {
  auto bytes = file_backing::adopt(files, access::read_write, options.patience);
  if (!bytes) return unexpected{bytes.error()};
  return attach(std::move(*bytes), {}, options);
}

result<segment, segment_error> segment::adopt_read_only(
    const segment_files& files, const segment_options& options) {
  auto bytes = file_backing::adopt(files, access::read_only);
  if (!bytes) return unexpected{bytes.error()};
  return attach(std::move(*bytes), {}, options);
}

result<segment, segment_error> segment::create(std::string_view name,
                                               const segment_options& options) {
  const auto named = memory::segment_folder(name, options);
  if (!named) return unexpected{named.error()};
  const auto sizes = sizes_of(options);
  if (!sizes) return unexpected{sizes.error()};
  const auto& folder = *named;
  const auto parent = folder.substr(0, folder.find_last_of('/'));
  if (auto made = platform::make_folders(parent); !made) {
    return memory::refuse(made.error(), parent);
  }
  remove_unfinished(parent);
  // Built whole and then named: who finds the name finds a whole segment, and
  // a creator that dies leaves something that nobody opens. Another creator may
  // take ours for such a leftover in the moments when its byte is not locked.
  // Each looks for leftovers once per attempt, so this is more than even dozens
  // who begin at once can spoil; beyond that somebody else is at fault.
  for (int round = 0;; ++round) {
    const auto done = build_and_name(parent, folder, *sizes);
    if (done) return open(name, options);
    if (done.error() != segment_error::not_found || round == 64) {
      return unexpected{done.error()};
    }
  }
}

result<segment, segment_error> segment::open_or_create(
    std::string_view name, const segment_options& options) {
  // A creator may be between our two looks, and a remover between the next
  // two; more rounds than that mean somebody does so in a loop.
  for (int round = 0;; ++round) {
    auto opened = open(name, options);
    if (opened || opened.error() != segment_error::not_found || round == 8) {
      return opened;
    }
    auto made = create(name, options);
    if (made || made.error() != segment_error::exists) return made;
  }
}

result<void, segment_error> segment::remove(std::string_view name,
                                            const segment_options& options) {
  const auto named = memory::segment_folder(name, options);
  if (!named) return unexpected{named.error()};
  const auto& folder = *named;
  const auto data = folder + "/data";
  for (int round = 0; round < 8; ++round) {
    const auto before = creation_of(data);
    auto lock = platform::file_lock::open(data, access::read_write);
    if (!lock) return memory::refuse(lock.error(), folder);
    if (!lock->try_lock(memory::opener_byte, platform::lock_mode::exclusive)) {
      break;
    }
    // Removed and made again before we had the lock: it is on another's file.
    if (creation_of(data) != before) continue;
    // The name goes in one step; who dies behind it leaves an unfinished
    // folder for the next creator to remove. Windows does not move what is
    // open, as our lock is: there the files go first.
    const auto aside = aside_of(folder.substr(0, folder.find_last_of('/')));
    const bool moved = platform::rename_folder(folder, aside).has_value();
    const auto& gone = moved ? aside : folder;
    remove_files(gone);
    // There a file that is open goes with its last handle, and the folder only
    // then; elsewhere nothing is left to do.
    *lock = {};
    static_cast<void>(platform::remove(gone));
    return {};
  }
  return unexpected{segment_error::in_use, name};
}

result<std::vector<std::string>, segment_error> segment::list(
    const segment_options& options) {
  const auto base = base_folder(options);
  std::vector<std::string> found;
  // Depth first over at most four levels, as many as a name has parts.
  std::vector<std::string> open{""};
  while (!open.empty()) {
    const auto prefix = std::move(open.back());
    open.pop_back();
    const auto names = platform::list_folder(base + "/" + prefix);
    if (!names) continue;
    if (std::ranges::find(*names, "data") != names->end() &&
        std::ranges::find(*names, "control") != names->end()) {
      if (!prefix.empty()) found.push_back(prefix);
      continue;
    }
    for (const auto& name : *names) {
      const auto whole = prefix.empty() ? name : prefix + "/" + name;
      if (valid_name(whole)) open.push_back(whole);
    }
  }
  std::ranges::sort(found);
  return found;
}

std::vector<participant_info> segment::participants() const {
  using namespace memory;
  const auto& img = engine_->img();
  std::vector<participant_info> found;
  for (slot_index i = 0; i < img.sizes().participants; ++i) {
    const auto& slot = img.slot(i);
    const slot_word word{slot.word.load(std::memory_order_acquire)};
    if (word.state() != slot_state::live) continue;
    participant_info info;
    info.slot = i;
    info.generation = word.generation();
    info.pid = word.pid();
    char name[65]{};
    for (std::size_t w = 0; w < slot.name.size(); ++w) {
      const auto bytes = slot.name[w].load(std::memory_order_relaxed);
      std::memcpy(name + 8 * w, &bytes, 8);
    }
    info.name = name;
    info.alive = !engine_->is_dead(i);
    info.heartbeat_ns = slot.heartbeat_ns.load(std::memory_order_relaxed);
    found.push_back(std::move(info));
  }
  return found;
}

void segment::beat() noexcept { engine_->beat(platform::boot_clock_ns()); }

}  // namespace commy
