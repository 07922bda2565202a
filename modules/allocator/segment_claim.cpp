#include "modules/allocator/segment_claim.hpp"

#include <commy/host/quantity.hpp>
#include <commy/platform/file.hpp>

#include <algorithm>
#include <optional>

namespace commy::allocator {
namespace {

segment_options open_options(const claim_options& options) {
  return {.capacity = options.capacity_bytes,
          .folder = options.folder,
          .participant = std::string{host_participant}};
}

/// What the segment says is wrong, short enough to be quoted whole: its name in
/// place of its path, and without the advice that its reader cannot follow.
failure_detail quote(const failure<segment_error>& why,
                     const claim_options& options) {
  auto said = why.detail();
  auto text = std::string{said.text.view()};
  if (text.starts_with(options.folder)) {
    text.erase(0, std::min(text.size(), options.folder.size() + 1));
  }
  if (text.find(options.name) == std::string::npos) {
    text = options.name + (text.empty() ? "" : ": " + text);
  }
  said.text = {};
  said.text.append(text);
  return said;
}

unexpected<claim_error> refuse(const failure<segment_error>& why,
                               const claim_options& options) {
  auto detail = quote(why, options);
  switch (why.code()) {
    case segment_error::in_use:
      return {claim_error::in_use, detail};
    case segment_error::no_space:
      return {claim_error::no_space, detail};
    case segment_error::no_permission:
      return {claim_error::no_permission, detail};
    case segment_error::not_a_segment:
      return {claim_error::not_a_segment, detail};
    case segment_error::foreign_layout:
      return {claim_error::foreign_layout, detail};
    case segment_error::stale:
      return {claim_error::stale, detail};
    case segment_error::poisoned:
      return {claim_error::poisoned, detail};
    default:
      detail.text.append(": ").append(describe(why.code()));
      return {claim_error::refused, detail};
  }
}

/// Nothing, or why a new segment should not be begun here.
std::optional<unexpected<claim_error>> lacks_space(
    const claim_options& options) {
  const auto& folder = options.folder;
  if (const auto made = platform::make_folders(folder); !made) {
    if (made.error() == platform::file_error::no_permission) {
      return unexpected{claim_error::no_permission, folder};
    }
    return unexpected{claim_error::refused, made.error().message()};
  }
  const auto free_bytes = platform::free_space(folder);
  if (!free_bytes || *free_bytes >= options.minimum_free_bytes) return {};
  return unexpected{claim_error::no_space,
                    folder + " has " + std::to_string(*free_bytes >> 20U) +
                        " MiB free, " + options.name + " needs " +
                        host::print_bytes(options.minimum_free_bytes)};
}

}  // namespace

std::string_view describe(claim_error error) noexcept {
  switch (error) {
    case claim_error::in_use:
      return "left by another host and still open somewhere; end those "
             "processes, or set allocator.leftovers to adopt";
    case claim_error::no_space:
      return "not enough memory for a segment; enlarge the file system, remove "
             "old segments, or set COMMY_DIRECTORY";
    case claim_error::no_permission:
      return "this user may not use it; set COMMY_DIRECTORY to a folder of his "
             "own";
    case claim_error::not_a_segment:
      return "not a segment; remove it, or set allocator.leftovers to remove";
    case claim_error::foreign_layout:
      return "made by another version of Commy; use that one, or set "
             "allocator.leftovers to remove";
    case claim_error::stale:
      return "left before the machine was restarted, perhaps half written; set "
             "allocator.leftovers to remove";
    case claim_error::poisoned:
      return "damaged; set allocator.leftovers to remove";
    case claim_error::refused:
      return "the segment cannot be had";
  }
  return "unknown claim error";
}

result<segment_claim, claim_error> claim_segment(const claim_options& options) {
  const auto how = open_options(options);
  if (options.leftovers == leftover_policy::remove) {
    const auto removed = segment::remove(options.name, how);
    if (!removed && removed.error() != segment_error::not_found) {
      return refuse(removed.error(), options);
    }
  }
  auto opened = segment::open(options.name, how);
  const bool was_there = opened.has_value();
  if (!opened && opened.error() == segment_error::not_found) {
    if (const auto why = lacks_space(options)) return *why;
    // Not `create`: a process that needs no host may be as far as this one.
    opened = segment::open_or_create(options.name, how);
  }
  if (!opened) return refuse(opened.error(), options);
  const auto swept = opened->sweep();
  return segment_claim{std::move(*opened), was_there, swept};
}

}  // namespace commy::allocator
