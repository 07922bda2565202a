#include <commy/host/host_lock.hpp>
#include <commy/platform/file.hpp>
#include <commy/platform/liveness.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <span>
#include <utility>

namespace commy::host {
namespace {

using platform::access;
using platform::file;
using platform::file_lock;

// Another host can end between two of our steps, which then begin anew; more
// often in a row than this it does so on purpose.
constexpr int attempts = 16;

std::string pid_in(const std::string& path) {
  std::array<std::byte, 10> bytes{};
  const auto opened = file::open(path, access::read_only);
  if (!opened) return "unknown";
  const auto size = opened->size();
  if (!size || *size == 0 || *size > bytes.size()) return "unknown";
  const std::span used{bytes.data(), static_cast<std::size_t>(*size)};
  if (!opened->read_at(0, used)) return "unknown";
  std::string text;
  for (const auto b : used) {
    const auto c = std::to_integer<char>(b);
    if (c < '0' || c > '9') return "unknown";
    text += c;
  }
  return text.substr(std::min(text.find_first_not_of('0'), text.size()));
}

}  // namespace

std::string_view describe(host_lock_error error) noexcept {
  switch (error) {
    case host_lock_error::held:
      return "another host serves this tenant here; stop it, or give this one "
             "another tenant or another folder for its segments";
    case host_lock_error::refused:
      return "the folder for segments cannot be used";
  }
  return "unknown host lock error";
}

result<host_lock, host_lock_error> host_lock::take(
    const std::string& segment_folder, const std::string& tenant) {
  namespace fs = std::filesystem;
  // A name no segment can have, since those do not begin with a dot.
  const auto folder = (fs::path{segment_folder} / ".hosts").string();
  const auto path = (fs::path{folder} / tenant).string();
  const auto refuse = [](const auto& why) {
    return unexpected{host_lock_error::refused, why.error().message()};
  };
  for (int i = 0; i < attempts; ++i) {
    if (auto made = platform::make_folders(folder); !made) return refuse(made);
    if (auto made = file::create(path);
        !made && !(made.error() == platform::file_error::exists)) {
      // The folder may just have been removed by a host that ended.
      if (made.error() == platform::file_error::not_found) continue;
      return refuse(made);
    }
    auto lock = file_lock::open(path, access::read_write);
    if (!lock && lock.error() == platform::file_error::not_found) continue;
    if (!lock) return refuse(lock);
    if (!lock->try_lock(0, platform::lock_mode::exclusive)) {
      return unexpected{host_lock_error::held,
                        "tenant " + tenant + " in " + segment_folder +
                            ": the host with pid " + pid_in(path)};
    }
    // What we have locked may have been removed before we did, and another
    // file may bear its name by now: then nobody holds that one.
    const auto other = file_lock::open(path, access::read_only);
    if (!other || !other->held_by_another(0)) continue;
    host_lock taken;
    taken.path_ = path;
    taken.lock_ = std::move(*lock);
    const auto pid = std::to_string(platform::this_process().pid);
    auto writing = file::open(path, access::read_write);
    if (!writing) return refuse(writing);
    // Padded: a former host's longer number must not show through.
    std::array<std::byte, 10> bytes{};
    bytes.fill(std::byte{'0'});
    std::transform(pid.rbegin(), pid.rend(), bytes.rbegin(),
                   [](char c) { return static_cast<std::byte>(c); });
    if (auto written = writing->write_at(0, bytes); !written) {
      return refuse(written);
    }
    return taken;
  }
  return unexpected{host_lock_error::refused,
                    path + ": other hosts come and go too fast"};
}

host_lock& host_lock::operator=(host_lock&& other) noexcept {
  host_lock old{std::move(*this)};
  std::swap(path_, other.path_);
  std::swap(lock_, other.lock_);
  return *this;
}

host_lock::~host_lock() {
  if (!lock_.is_open()) return;
  // Before the lock is dropped: whoever gets it later checks the name.
  static_cast<void>(platform::remove(path_));
  // Both only when nothing else is in them.
  const std::filesystem::path folder =
      std::filesystem::path{path_}.parent_path();
  static_cast<void>(platform::remove(folder.string()));
  static_cast<void>(platform::remove(folder.parent_path().string()));
}

}  // namespace commy::host
