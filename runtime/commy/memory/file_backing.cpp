#include <commy/memory/file_backing.hpp>
#include <commy/memory/image.hpp>

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

unexpected<segment_error> refuse(const failure<file_error>& why,
                                 const std::string& path) {
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
    case file_error::io:
      break;
  }
  const auto& said = why.detail().text.view();
  return {code, said.empty() ? std::string_view{path} : said};
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

}  // namespace

result<platform::file_lock, segment_error> file_backing::format(
    const std::string& folder, const geometry& sizes) {
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
  // The chunk's head page and what the first step of growth gives.
  const auto first = std::uint64_t{sizes.page_bytes} + sizes.grow_min_bytes;
  const auto extents = extents_at(sizes);
  for (auto [grown, bytes] :
       {std::pair{&*data, first}, std::pair{&*control, extents}}) {
    if (auto done = grown->allocate(bytes); !done) {
      return refuse(done.error(), folder);
    }
  }
  auto bytes =
      platform::mapping::map(*data, sizes.capacity, access::read_write);
  if (!bytes) return refuse(bytes.error(), folder);
  auto lanes = platform::mapping::map(*control, control_capacity(sizes),
                                      access::read_write);
  if (!lanes) return refuse(lanes.error(), folder);
  auto& header = *reinterpret_cast<data_header*>(bytes->data());
  header.layout = layout_version;
  header.abi = abi_mark;
  header.boot = platform::boot_id();
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
  return std::move(*busy);
}

result<std::unique_ptr<file_backing>, segment_error> file_backing::open(
    const std::string& folder, access mode, platform::lock_mode how) {
  const auto data_at = data_path(folder);
  const auto control_at = control_path(folder);
  std::unique_ptr<file_backing> made{new file_backing};
  made->writable_ = mode == access::read_write;

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

  alignas(data_header) std::array<std::byte, sizeof(data_header)> data_bytes;
  alignas(control_header) std::array<std::byte, sizeof(control_header)>
      control_bytes;
  if (auto r = read_header<data_header>(*data, data_at, data_bytes); !r) {
    return unexpected{r.error()};
  }
  if (auto r = read_header<control_header>(*control, control_at, control_bytes);
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
  if (d.boot != platform::boot_id()) {
    return mismatch(segment_error::stale, data_at, "boot id",
                    platform::boot_id()[0], d.boot[0]);
  }
  const auto data_size = data->size();
  const auto said = d.committed.load(std::memory_order_relaxed);
  if (!data_size || said > *data_size || said > d.sizes.capacity ||
      said < d.sizes.page_bytes || said % d.sizes.page_bytes != 0) {
    return mismatch(segment_error::not_a_segment, data_at, "committed bytes",
                    data_size ? *data_size : 0, said);
  }
  const auto control_size = control->size();
  const auto control_said = c.committed.load(std::memory_order_relaxed);
  if (!control_size || control_said > *control_size ||
      control_said < extents_at(c.sizes)) {
    return mismatch(segment_error::not_a_segment, control_at, "committed bytes",
                    control_size ? *control_size : 0, control_said);
  }

  // Between our opening the file and our locking it the segment may have been
  // removed, and made again: the name must still lead to the same creation.
  alignas(data_header) std::array<std::byte, sizeof(data_header)> again;
  auto named = file::open(data_at, access::read_only);
  if (!named) return refuse(named.error(), data_at);
  if (auto r = read_header<data_header>(*named, data_at, again); !r) {
    return unexpected{r.error()};
  }
  if (reinterpret_cast<const data_header*>(again.data())->nonce != d.nonce) {
    return unexpected{segment_error::not_found, folder};
  }

  auto bytes = platform::mapping::map(*data, d.sizes.capacity, mode);
  if (!bytes) return refuse(bytes.error(), data_at);
  auto lanes =
      platform::mapping::map(*control, control_capacity(c.sizes), mode);
  if (!lanes) return refuse(lanes.error(), control_at);
  auto live = platform::liveness::open(control_at);
  if (!live) return refuse(live.error(), control_at);

  made->nonce_ = d.nonce;
  made->sizes_ = d.sizes;
  made->data_file_ = std::move(*data);
  made->control_file_ = std::move(*control);
  made->data_ = std::move(*bytes);
  made->control_ = std::move(*lanes);
  made->opener_ = std::move(*opener);
  made->liveness_ = std::move(*live);
  made->lot_ = platform::parking_lot{made->nonce_};
  return made;
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
