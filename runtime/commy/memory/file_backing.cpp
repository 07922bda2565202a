#include <commy/memory/file_backing.hpp>
#include <commy/memory/image.hpp>
#include <commy/platform/file_system.hpp>

#include <array>
#include <cstring>

namespace commy::memory {
namespace {

using platform::access;
using platform::file;
using platform::file_error;

std::string data_path(const std::string& folder) { return folder + "/data"; }
std::string control_path(const std::string& folder) {
  return folder + "/control";
}

/// The two sides of a refusal, as one line: "path: layout version 1 is ...".
unexpected<segment_error> mismatch(segment_error code, const std::string& path,
                                   std::string_view what, std::uint64_t wanted,
                                   std::uint64_t found) {
  failure_detail detail;
  detail.text.append(path).append(": ").append(what);
  detail.wanted = wanted;
  detail.found = found;
  return {code, detail};
}

/// The first header of a file, copied out; the copy is what gets checked.
template <class Header>
result<void, segment_error> read_header(
    const file& source, const std::string& path,
    std::array<std::byte, sizeof(Header)>& into) {
  const auto size = source.size();
  if (!size) return refuse(size.error(), path);
  if (*size < sizeof(Header)) {
    return mismatch(segment_error::not_a_segment, path, "bytes", sizeof(Header),
                    *size);
  }
  if (auto read = source.read_at(0, into); !read) {
    return refuse(read.error(), path);
  }
  return {};
}

struct known {
  std::uint64_t magic, wanted_magic;
  std::uint32_t layout, abi;
  const geometry& sizes;
};

result<void, segment_error> check(const known& header,
                                  const std::string& path) {
  if (header.magic != header.wanted_magic) {
    return unexpected{segment_error::not_a_segment, path + ": magic number"};
  }
  if (header.layout != layout_version) {
    return mismatch(segment_error::foreign_layout, path, "layout version",
                    layout_version, header.layout);
  }
  if (header.abi != abi_mark) {
    return mismatch(segment_error::foreign_layout, path, "kind of machine",
                    abi_mark, header.abi);
  }
  if (!header.sizes.valid()) {
    return mismatch(segment_error::not_a_segment, path, "its sizes", 1, 0);
  }
  return {};
}

/// Memory of another machine is not shared with this one, and its locks may be
/// pretended. A folder that is not there is somebody else's message.
result<void, segment_error> refuse_network(const std::string& folder) {
  const auto kind = platform::file_system_of(folder);
  if (kind && *kind == platform::file_system::network) {
    return unexpected{segment_error::network_storage, folder};
  }
  return {};
}

/// Headers and first pages of two empty files.
result<void, segment_error> write_first(file& data, file& control,
                                        const geometry& sizes,
                                        const std::string& place) {
  // The chunk's head page and what the first step of growth gives.
  const auto first = std::uint64_t{sizes.page_bytes} + sizes.grow_min_bytes;
  const auto extents = extents_at(sizes);
  for (auto [grown, bytes] :
       {std::pair{&data, first}, std::pair{&control, extents}}) {
    if (auto done = grown->allocate(bytes); !done) {
      return refuse(done.error(), place);
    }
  }
  auto bytes = platform::mapping::map(data, sizes.capacity, access::read_write);
  if (!bytes) return refuse(bytes.error(), place);
  auto lanes = platform::mapping::map(control, control_capacity(sizes),
                                      access::read_write);
  if (!lanes) return refuse(lanes.error(), place);
  auto& header = *reinterpret_cast<data_header*>(bytes->data());
  header.layout = layout_version;
  header.abi = abi_mark;
  const auto boot = platform::boot_id();
  header.boot[0].store(boot[0], std::memory_order_relaxed);
  header.boot[1].store(boot[1], std::memory_order_relaxed);
  header.nonce = platform::random_u64();
  header.sizes = sizes;
  header.committed.store(first, std::memory_order_relaxed);
  header.magic = data_magic;
  auto& other = *reinterpret_cast<control_header*>(lanes->data());
  other.layout = layout_version;
  other.abi = abi_mark;
  other.nonce = header.nonce;
  other.sizes = sizes;
  other.committed.store(extents, std::memory_order_relaxed);
  other.magic = control_magic;
  const image made{bytes->data(), lanes->data(), sizes};
  made.page(0).store(page_word::make(page_state::meta, 0, 0, 0).raw,
                     std::memory_order_relaxed);
  return {};
}

}  // namespace

unexpected<segment_error> refuse(const failure<file_error>& why,
                                 std::string_view place) {
  auto code = segment_error::io;
  switch (why.code()) {
    case file_error::not_found:
      code = segment_error::not_found;
      break;
    case file_error::exists:
      code = segment_error::exists;
      break;
    case file_error::no_permission:
      code = segment_error::no_permission;
      break;
    case file_error::no_space:
      code = segment_error::no_space;
      break;
    case file_error::not_regular:
      code = segment_error::not_a_segment;
      break;
    case file_error::name_too_long:
      code = segment_error::bad_name;
      break;
    case file_error::unsupported:
      code = segment_error::unsupported;
      break;
    case file_error::io:
      break;
  }
  const auto said = why.detail().text.view();
  return {code, said.empty() ? place : said};
}

result<platform::file_lock, segment_error> file_backing::format(
    const std::string& folder, const geometry& sizes) {
  if (auto local = refuse_network(folder); !local) {
    return unexpected{local.error()};
  }
  auto data = file::create(data_path(folder));
  if (!data) return refuse(data.error(), data_path(folder));
  auto busy = platform::file_lock::open(data_path(folder), access::read_only);
  if (!busy) return refuse(busy.error(), data_path(folder));
  if (!busy->try_lock(opener_byte, platform::lock_mode::shared)) {
    // Somebody took it for left behind, in the moment before this lock.
    return unexpected{segment_error::not_found, folder};
  }
  auto control = file::create(control_path(folder));
  if (!control) return refuse(control.error(), control_path(folder));
  if (auto done = write_first(*data, *control, sizes, folder); !done) {
    return unexpected{done.error()};
  }
  return std::move(*busy);
}

result<std::unique_ptr<file_backing>, segment_error> file_backing::open(
    const std::string& folder, access mode, platform::lock_mode how,
    std::chrono::nanoseconds patience) {
  const auto data_at = data_path(folder);
  const auto control_at = control_path(folder);
  if (auto local = refuse_network(folder); !local) {
    return unexpected{local.error()};
  }
  std::unique_ptr<file_backing> made{new file_backing};
  auto data = file::open(data_at, mode);
  if (!data) return refuse(data.error(), data_at);
  auto control = file::open(control_at, mode);
  if (!control) return refuse(control.error(), control_at);
  auto opener = platform::file_lock::open(data_at, mode);
  if (!opener) return refuse(opener.error(), data_at);
  if (!opener->try_lock(opener_byte, how)) {
    if (how == platform::lock_mode::exclusive) {
      return unexpected{segment_error::in_use, folder};
    }
    // Only its remover holds it exclusively, and only for a moment.
    return unexpected{segment_error::not_found, folder};
  }
  auto live = platform::liveness::open(control_at);
  if (!live) return refuse(live.error(), control_at);
  made->data_file_ = std::move(*data);
  made->control_file_ = std::move(*control);
  made->opener_ = std::move(*opener);
  made->liveness_ = std::move(*live);
  if (auto done = made->map(folder, mode); !done) {
    return unexpected{done.error()};
  }

  // Between our opening the file and our locking it the segment may have been
  // removed, and made again: the name must still lead to the same creation.
  alignas(data_header) std::array<std::byte, sizeof(data_header)> again;
  auto named = file::open(data_at, access::read_only);
  if (!named) return refuse(named.error(), data_at);
  if (auto r = read_header<data_header>(*named, data_at, again); !r) {
    return unexpected{r.error()};
  }
  if (reinterpret_cast<const data_header*>(again.data())->nonce !=
      made->nonce_) {
    return unexpected{segment_error::not_found, folder};
  }
  if (how == platform::lock_mode::exclusive) return made;
  if (mode == access::read_write) {
    if (auto done = made->start_writing(folder, patience); !done) {
      return unexpected{done.error()};
    }
  } else if (made->is_stale()) {
    return unexpected{segment_error::stale, folder};
  }
  return made;
}

result<std::unique_ptr<file_backing>, segment_error>
file_backing::create_anonymous(const geometry& sizes) {
  auto data = file::create_anonymous("commy data");
  if (!data) return refuse(data.error(), "anonymous segment");
  auto control = file::create_anonymous("commy control");
  if (!control) return refuse(control.error(), "anonymous segment");
  if (auto done = write_first(*data, *control, sizes, "anonymous segment");
      !done) {
    return unexpected{done.error()};
  }
  for (auto* made : {&*data, &*control}) {
    if (auto done = made->forbid_shrinking(); !done) {
      return refuse(done.error(), "anonymous segment");
    }
  }
  return adopt({data->native(), control->native()}, access::read_write);
}

result<std::unique_ptr<file_backing>, segment_error> file_backing::adopt(
    const segment_files& given, access mode,
    std::chrono::nanoseconds patience) {
  std::unique_ptr<file_backing> made{new file_backing};
  const std::string place = "files " + std::to_string(given.data) + " and " +
                            std::to_string(given.control);
  // Opened anew: a lock belongs to a description, and the giver's is another.
  auto data = file::reopen(given.data, mode);
  if (!data) return refuse(data.error(), place);
  auto control = file::reopen(given.control, mode);
  if (!control) return refuse(control.error(), place);
  if (!data->cannot_shrink() || !control->cannot_shrink()) {
    return unexpected{segment_error::not_a_segment,
                      place + ": not sealed against getting shorter"};
  }
  auto opener = platform::file_lock::open(*data, mode);
  if (!opener) return refuse(opener.error(), place);
  if (!opener->try_lock(opener_byte, platform::lock_mode::shared)) {
    return unexpected{segment_error::in_use, place};
  }
  auto live = platform::liveness::open(*control);
  if (!live) return refuse(live.error(), place);
  made->data_file_ = std::move(*data);
  made->control_file_ = std::move(*control);
  made->opener_ = std::move(*opener);
  made->liveness_ = std::move(*live);
  if (auto done = made->map(place, mode); !done) {
    return unexpected{done.error()};
  }
  if (mode == access::read_only) return made;
  if (auto done = made->start_writing(place, patience); !done) {
    return unexpected{done.error()};
  }
  return made;
}

result<void, segment_error> file_backing::map(const std::string& place,
                                              access mode) {
  const auto data_at = data_path(place);
  const auto control_at = control_path(place);
  alignas(data_header) std::array<std::byte, sizeof(data_header)> data_bytes;
  alignas(control_header) std::array<std::byte, sizeof(control_header)>
      control_bytes;
  if (auto r = read_header<data_header>(data_file_, data_at, data_bytes); !r) {
    return unexpected{r.error()};
  }
  if (auto r =
          read_header<control_header>(control_file_, control_at, control_bytes);
      !r) {
    return unexpected{r.error()};
  }
  const auto& d = *reinterpret_cast<const data_header*>(data_bytes.data());
  const auto& c =
      *reinterpret_cast<const control_header*>(control_bytes.data());
  if (auto r = check({d.magic, data_magic, d.layout, d.abi, d.sizes}, data_at);
      !r) {
    return unexpected{r.error()};
  }
  if (auto r =
          check({c.magic, control_magic, c.layout, c.abi, c.sizes}, control_at);
      !r) {
    return unexpected{r.error()};
  }
  if (c.nonce != d.nonce || c.sizes != d.sizes) {
    return mismatch(segment_error::not_a_segment, control_at, "creation number",
                    d.nonce, c.nonce);
  }
  const auto data_size = data_file_.size();
  const auto said = d.committed.load(std::memory_order_relaxed);
  if (!data_size || said > *data_size || said > d.sizes.capacity ||
      said < d.sizes.page_bytes || said % d.sizes.page_bytes != 0) {
    return mismatch(segment_error::not_a_segment, data_at, "committed bytes",
                    data_size ? *data_size : 0, said);
  }
  const auto control_size = control_file_.size();
  const auto control_said = c.committed.load(std::memory_order_relaxed);
  if (!control_size || control_said > *control_size ||
      control_said < extents_at(c.sizes)) {
    return mismatch(segment_error::not_a_segment, control_at, "committed bytes",
                    control_size ? *control_size : 0, control_said);
  }

  auto bytes = platform::mapping::map(data_file_, d.sizes.capacity, mode);
  if (!bytes) return refuse(bytes.error(), data_at);
  auto lanes =
      platform::mapping::map(control_file_, control_capacity(c.sizes), mode);
  if (!lanes) return refuse(lanes.error(), control_at);
  nonce_ = d.nonce;
  sizes_ = d.sizes;
  data_ = std::move(*bytes);
  control_ = std::move(*lanes);
  lot_ = platform::parking_lot{nonce_};
  writable_ = mode == access::read_write;
  return {};
}

result<void, segment_error> file_backing::cut_data(std::uint64_t bytes) {
  data_ = {};
  if (auto done = data_file_.cut(bytes); !done) {
    return refuse(done.error(), "data");
  }
  return {};
}

bool file_backing::extend_data(std::uint64_t bytes) noexcept try {
  const auto before = data_file_.size();
  if (!data_file_.allocate(bytes)) return false;
  if (before && *before < bytes) data_.populate(*before, bytes - *before);
  return true;
} catch (...) {
  return false;  // Out of memory for the error's text.
}

bool file_backing::extend_control(std::uint64_t bytes) noexcept try {
  return control_file_.allocate(bytes).has_value();
} catch (...) {
  return false;
}

bool file_backing::lock_pages(std::chrono::milliseconds at_most) noexcept {
  return liveness_.lock_growth(static_cast<std::uint32_t>(at_most.count()));
}

}  // namespace commy::memory
