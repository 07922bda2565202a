# Catch2::Catch2WithMain and catch_discover_tests, for Linux and Windows.
include_guard(GLOBAL)

if(NOT CMAKE_CROSSCOMPILING)
  # Debian 12 also offers 2.x, whose headers have other names.
  find_package(Catch2 3 CONFIG REQUIRED)
  include(Catch)
  return()
endif()
include(${CMAKE_CURRENT_LIST_DIR}/windows-catch2.cmake)
