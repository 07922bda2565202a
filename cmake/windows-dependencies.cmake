# The same dependency targets for the cross-build, from the headers of the
# build machine. Its include folder as a whole would bring glibc's headers in
# front of Windows's, so a folder of links offers just those we use.
include_guard(GLOBAL)

set(links ${commy_BINARY_DIR}/header-links)
file(MAKE_DIRECTORY ${links})
foreach(name IN ITEMS boost gsl tl nlohmann CLI spdlog fmt catch2)
  if(EXISTS /usr/include/${name})
    file(CREATE_LINK /usr/include/${name} ${links}/${name} SYMBOLIC)
  endif()
endforeach()

find_package(Threads REQUIRED)

function(commy_header_target name)
  if(NOT TARGET ${name})
    add_library(${name} INTERFACE IMPORTED GLOBAL)
    target_include_directories(${name} SYSTEM INTERFACE ${links})
    target_compile_definitions(${name} INTERFACE ${ARGN})
  endif()
endfunction()

commy_header_target(Microsoft.GSL::GSL)
commy_header_target(tl::expected)
commy_header_target(Boost::headers)
commy_header_target(nlohmann_json::nlohmann_json)
commy_header_target(CLI11::CLI11)
commy_header_target(fmt::fmt FMT_HEADER_ONLY)
commy_header_target(spdlog::spdlog
  SPDLOG_HEADER_ONLY FMT_HEADER_ONLY SPDLOG_FMT_EXTERNAL)
