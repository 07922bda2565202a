// modules/gateway/page_assets.hpp: the page's files, built into the program.
#pragma once

#include <span>
#include <string_view>

namespace commy::gateway {

struct page_asset {
  std::string_view target;  // "/app.js"
  std::string_view content_type;
  std::string_view etag;  // With its quotes.
  std::string_view bytes;
};

/// All of them; "/" is the page itself. Built without the page, "/" is a notice
/// that says so.
std::span<const page_asset> page_assets() noexcept;

}  // namespace commy::gateway
