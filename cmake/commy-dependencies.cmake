# Finds what Commy builds on. Both the build and the installed package read
# this file, so a consumer finds the same set.
include_guard(GLOBAL)

if(CMAKE_CROSSCOMPILING AND WIN32)
  include(${CMAKE_CURRENT_LIST_DIR}/windows-dependencies.cmake)
  return()
endif()

find_package(Threads REQUIRED)
find_package(Microsoft.GSL CONFIG REQUIRED)
find_package(tl-expected CONFIG REQUIRED)
find_package(Boost 1.81 CONFIG REQUIRED COMPONENTS json)
find_package(nlohmann_json CONFIG REQUIRED)
find_package(fmt CONFIG REQUIRED)
find_package(spdlog CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(PkgConfig REQUIRED)

# libsodium comes with pkg-config's description only: commy::sodium.
if(NOT TARGET commy::sodium)
  pkg_check_modules(COMMY_SODIUM REQUIRED IMPORTED_TARGET GLOBAL libsodium)
  add_library(commy::sodium INTERFACE IMPORTED GLOBAL)
  target_link_libraries(commy::sodium INTERFACE PkgConfig::COMMY_SODIUM)
endif()

# ConcurrentQueue's headers lie in a folder that differs from version to version;
# that folder is on the include path of whoever links commy::concurrentqueue.
if(NOT TARGET commy::concurrentqueue)
  find_path(COMMY_CONCURRENTQUEUE_INCLUDE concurrentqueue.h
    PATH_SUFFIXES concurrentqueue/moodycamel concurrentqueue moodycamel
    DOC "Folder that holds concurrentqueue.h")
  if(NOT COMMY_CONCURRENTQUEUE_INCLUDE)
    message(FATAL_ERROR "concurrentqueue.h was not found: "
      "install libconcurrentqueue-dev, or set COMMY_CONCURRENTQUEUE_INCLUDE")
  endif()
  add_library(commy::concurrentqueue INTERFACE IMPORTED GLOBAL)
  target_include_directories(commy::concurrentqueue
    SYSTEM INTERFACE ${COMMY_CONCURRENTQUEUE_INCLUDE})
endif()
