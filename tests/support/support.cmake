# What tests of shared memory have in common: folders, copies, worlds, traces.
include_guard(GLOBAL)
set(here ${CMAKE_CURRENT_LIST_DIR})
add_library(commy_test_support STATIC
  ${here}/block_trace.cpp ${here}/segment_copy.cpp ${here}/test_folder.cpp
  ${here}/worlds.cpp)
if(NOT WIN32)
  target_sources(commy_test_support PRIVATE ${here}/forked.cpp)
endif()
commy_target_defaults(commy_test_support)
commy_reuse_pch(commy_test_support)
target_compile_features(commy_test_support PUBLIC cxx_std_20)
target_include_directories(commy_test_support PUBLIC ${here}/..)
target_link_libraries(commy_test_support PUBLIC commy::memory)
