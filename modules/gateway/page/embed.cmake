# Writes OUTPUT, a source that holds the files FILES as page_assets().
set(type_.html "text/html; charset=utf-8")
set(type_.css "text/css; charset=utf-8")
set(type_.js "text/javascript; charset=utf-8")
set(type_.svg "image/svg+xml")

set(arrays "")
set(rows "")
set(index 0)
foreach(file IN LISTS FILES)
  cmake_path(GET file FILENAME name)
  cmake_path(GET file EXTENSION LAST_ONLY extension)
  set(target "/${name}")
  if(name STREQUAL "index.html")
    set(target "/")
  endif()
  set(type "${type_${extension}}")
  if(NOT type)
    message(FATAL_ERROR "${file}: no content type is known for ${extension}")
  endif()
  file(READ ${file} bytes HEX)
  file(SHA256 ${file} hash)
  string(SUBSTRING ${hash} 0 16 tag)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  string(APPEND arrays
    "constexpr unsigned char file_${index}[] = {${bytes}};\n")
  string(APPEND rows "    page_asset{\"${target}\", \"${type}\", "
    "\"\\\"${tag}\\\"\", text_of(file_${index})},\n")
  math(EXPR index "${index} + 1")
endforeach()

file(WRITE ${OUTPUT} "// Made from the gateway's page; do not edit.
#include \"modules/gateway/page_assets.hpp\"

#include <array>
#include <cstddef>

namespace commy::gateway {
namespace {

${arrays}
template <std::size_t N>
std::string_view text_of(const unsigned char (&bytes)[N]) {
  return {reinterpret_cast<const char*>(bytes), N};
}

}  // namespace

std::span<const page_asset> page_assets() noexcept {
  static const std::array assets{
${rows}  };
  return assets;
}

}  // namespace commy::gateway
")
