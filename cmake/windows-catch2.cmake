# Catch2 for the cross-build: the sources of the very version whose headers the
# build machine has, fetched once into a cache outside the build tree.
include_guard(GLOBAL)

execute_process(
  COMMAND ${commy_SOURCE_DIR}/setup/fetch-catch2
  OUTPUT_VARIABLE source OUTPUT_STRIP_TRAILING_WHITESPACE
  ERROR_VARIABLE said RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "Catch2's source is needed for Windows:\n${said}")
endif()

add_library(catch2_for_windows STATIC EXCLUDE_FROM_ALL
  ${source}/catch_amalgamated.cpp)
target_include_directories(catch2_for_windows
  SYSTEM PUBLIC ${commy_BINARY_DIR}/header-links)
target_compile_features(catch2_for_windows PUBLIC cxx_std_20)
add_library(Catch2::Catch2WithMain ALIAS catch2_for_windows)

# Debian's package wine64 alone puts no program into PATH. Wine's own folder
# lies in the build tree, and making it (13 s) is a test that the others need.
find_program(COMMY_WINE NAMES wine64 wine PATHS /usr/lib/wine
  DOC "Runs the tests of the cross-build")
if(NOT COMMY_WINE)
  message(FATAL_ERROR "Wine was not found: setup/install-packages --for ci")
endif()
set(CMAKE_CROSSCOMPILING_EMULATOR ${CMAKE_COMMAND} -E env
  WINEDEBUG=-all WINEPREFIX=${commy_BINARY_DIR}/wine ${COMMY_WINE})
add_test(NAME wine_starts COMMAND ${CMAKE_CROSSCOMPILING_EMULATOR} wineboot -i)
set_tests_properties(wine_starts PROPERTIES FIXTURES_SETUP wine TIMEOUT 240)

# In place of Catch2's function of this name: Wine takes seconds to start, so
# a program is one test here, with all its test cases.
function(catch_discover_tests target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TEST_PREFIX;DISCOVERY_MODE"
    "PROPERTIES")
  # Should it be ended for taking too long, its output says how far it was.
  add_test(NAME ${target} COMMAND ${target} --durations yes)
  # All test cases together may take as long as that.
  set_tests_properties(${target} PROPERTIES
    FIXTURES_REQUIRED wine ${arg_PROPERTIES} TIMEOUT 800)
endfunction()
