# The functions every CMakeLists.txt of the tree uses to declare its targets.
include_guard(GLOBAL)

# Adds a folder of the tree if it is there.
macro(commy_add_if_present folder)
  if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/CMakeLists.txt)
    add_subdirectory(${folder})
  endif()
endmacro()

# The compilers that this tree is kept free of warnings for. Others warn of other
# things, some of them wrongly, and must not stop a newcomer's first build.
set(COMMY_OUR_COMPILER OFF)
if((CMAKE_CXX_COMPILER_ID STREQUAL "GNU"
    AND CMAKE_CXX_COMPILER_VERSION MATCHES "^12\\.")
    OR (CMAKE_CXX_COMPILER_ID STREQUAL "Clang"
    AND CMAKE_CXX_COMPILER_VERSION MATCHES "^19\\."))
  set(COMMY_OUR_COMPILER ON)
endif()

# Warnings, hidden symbols and position independence for one of our targets.
function(commy_target_defaults target)
  set_target_properties(${target} PROPERTIES
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  # Only PRIVATE: who embeds Commy chooses his own warnings.
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
  if(PROJECT_IS_TOP_LEVEL AND COMMY_OUR_COMPILER)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

# One precompiled header for all our targets. An embedding project builds few
# enough of our sources to do without.
if(PROJECT_IS_TOP_LEVEL)
  file(WRITE ${commy_BINARY_DIR}/pch/pch.cpp.new "")
  file(COPY_FILE ${commy_BINARY_DIR}/pch/pch.cpp.new
    ${commy_BINARY_DIR}/pch/pch.cpp ONLY_IF_DIFFERENT)
  add_library(commy_pch OBJECT ${commy_BINARY_DIR}/pch/pch.cpp)
  commy_target_defaults(commy_pch)
  target_precompile_headers(commy_pch PRIVATE ${commy_SOURCE_DIR}/cmake/pch.hpp)
  target_link_libraries(commy_pch PRIVATE
    Threads::Threads Microsoft.GSL::GSL tl::expected)
endif()

function(commy_reuse_pch target)
  if(TARGET commy_pch)
    target_precompile_headers(${target} REUSE_FROM commy_pch)
  endif()
endfunction()

# commy_add_library(<area> [SOURCES ...] [HEADERS ...] [PUBLIC lib...]
#                   [PRIVATE lib...])
# One area of runtime/: the target commy_<area>, known as commy::<area>, and
# installed with its headers. Without SOURCES it is an interface target.
function(commy_add_library area)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;HEADERS;PUBLIC;PRIVATE")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "commy_add_library(${area}): unknown argument "
      "'${arg_UNPARSED_ARGUMENTS}'")
  endif()
  set(target commy_${area})
  if(arg_SOURCES)
    add_library(${target} STATIC ${arg_SOURCES})
    set(scope PUBLIC)
    commy_target_defaults(${target})
    commy_reuse_pch(${target})
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
    list(APPEND arg_PUBLIC ${arg_PRIVATE})
    set(arg_PRIVATE "")
  endif()
  add_library(commy::${area} ALIAS ${target})
  target_sources(${target} ${scope}
    FILE_SET HEADERS
    BASE_DIRS ${commy_SOURCE_DIR}/runtime
    FILES ${arg_HEADERS})
  target_compile_features(${target} ${scope} cxx_std_20)
  target_link_libraries(${target} ${scope} ${arg_PUBLIC})
  if(arg_PRIVATE)
    target_link_libraries(${target} PRIVATE ${arg_PRIVATE})
  endif()
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${area})
  install(TARGETS ${target} EXPORT commy-targets
    COMPONENT runtime
    FILE_SET HEADERS COMPONENT runtime)
  set_property(GLOBAL APPEND PROPERTY COMMY_LIBRARIES ${target})
endfunction()

# commy_add_program(<name> SOURCES ... [LINK lib...])
# An executable of ours: a tool, a sample, a process that a test starts.
function(commy_add_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "commy_add_program(${name}): unknown argument "
      "'${arg_UNPARSED_ARGUMENTS}'")
  endif()
  add_executable(${name} ${arg_SOURCES})
  commy_target_defaults(${name})
  commy_reuse_pch(${name})
  target_compile_features(${name} PRIVATE cxx_std_20)
  target_link_libraries(${name} PRIVATE ${arg_LINK})
endfunction()

# commy_compile_plainly(<source>...): for sources that are little but templates
# of a large library, and tests of many short checks. Under sanitizers their
# optimized form takes a minute or two and says nothing more.
function(commy_compile_plainly)
  if(COMMY_SANITIZE)
    # The precompiled header was made with other options.
    set_source_files_properties(${ARGN} PROPERTIES
      COMPILE_OPTIONS -O0 SKIP_PRECOMPILE_HEADERS ON)
  endif()
endfunction()

# commy_add_test(<name> SOURCES ... [LINK lib...] [LABELS label...]
#                [TIMEOUT seconds] [SERIAL])
# A Catch2 program whose test cases ctest knows one by one. Labels default to
# `unit`. A test case that needs longer than TIMEOUT (default 60, under
# sanitizers or Wine four times that) is killed and fails. SERIAL test cases run
# while no other test does: for what measures time or fills /dev/shm.
function(commy_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SERIAL" "TIMEOUT" "SOURCES;LINK;LABELS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "commy_add_test(${name}): unknown argument "
      "'${arg_UNPARSED_ARGUMENTS}'")
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  if(COMMY_SANITIZE OR CMAKE_CROSSCOMPILING)
    math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * 4")
  endif()
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  commy_add_program(${name} SOURCES ${arg_SOURCES}
    LINK ${arg_LINK} Catch2::Catch2WithMain)
  set(serial)
  if(arg_SERIAL)
    set(serial RUN_SERIAL ON)
  endif()
  # Test cases are asked for when ctest starts, not while building: a program
  # that cannot start must fail its tests, not the build.
  catch_discover_tests(${name}
    TEST_PREFIX "${name}: "
    DISCOVERY_MODE PRE_TEST
    PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}" ${serial})
endfunction()
