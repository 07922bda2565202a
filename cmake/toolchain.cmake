# What the compiler and its launcher are told for the whole build.
include_guard(GLOBAL)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

if(NOT PROJECT_IS_TOP_LEVEL)
  return()
endif()

set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# ccache does not trust a precompiled header, whose macros and times it cannot
# see, unless told so; the environment tells it, wherever ninja is started from.
find_program(COMMY_CCACHE ccache DOC "Compiler cache, used when found")
if(COMMY_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros ${COMMY_CCACHE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Keeps the header's name in the preprocessed text that ccache hashes.
    add_compile_options(-fpch-preprocess)
  elseif(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
  endif()
endif()

# x86-64-v2 (SSE4.2, cmpxchg16b) is every 64-bit x86 since 2009.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  add_compile_options(-march=x86-64-v2)
endif()

# One code model for libraries, programs and plugins, so that all of them can
# share the one precompiled header.
if(NOT WIN32)
  add_compile_options(-fPIC)
endif()

if(COMMY_SANITIZE)
  add_compile_options(-fsanitize=${COMMY_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${COMMY_SANITIZE})
  # gcc documents this warning as unreliable under sanitizers; its own <regex>
  # sets it off.
  add_compile_options(-Wno-maybe-uninitialized)
  if(COMMY_SANITIZE MATCHES "undefined")
    # A finding ends the program, so that the test which met it fails.
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()
