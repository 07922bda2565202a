# The package `commy_plugin_sdk`: what an outsider needs to build a plugin.
include_guard(GLOBAL)
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(sdk_package ${CMAKE_INSTALL_LIBDIR}/cmake/commy_plugin_sdk)
set(sdk_headers)
foreach(name IN ITEMS alarm_message.h plugin.h plugin.hpp plugin_host.hpp
    plugin_test.hpp)
  list(APPEND sdk_headers ${commy_SOURCE_DIR}/runtime/commy/host/${name})
endforeach()
configure_package_config_file(
  ${commy_SOURCE_DIR}/cmake/commy_plugin_sdk-config.cmake.in
  ${commy_BINARY_DIR}/commy_plugin_sdk-config.cmake
  INSTALL_DESTINATION ${sdk_package}
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR)
# The C interface has a version of its own; the package follows the project's.
write_basic_package_version_file(
  ${commy_BINARY_DIR}/commy_plugin_sdk-config-version.cmake
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${sdk_headers}
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/commy/host COMPONENT plugin_sdk)
install(FILES
  ${commy_BINARY_DIR}/commy_plugin_sdk-config.cmake
  ${commy_BINARY_DIR}/commy_plugin_sdk-config-version.cmake
  DESTINATION ${sdk_package} COMPONENT plugin_sdk)

# The SDK as it is installed, for the plugins of this tree.
set(COMMY_PLUGIN_SDK ${commy_BINARY_DIR}/plugin-sdk)
add_custom_command(
  OUTPUT ${commy_BINARY_DIR}/plugin-sdk.stamp
  COMMAND ${CMAKE_COMMAND} --install ${commy_BINARY_DIR}
    --component plugin_sdk --prefix ${COMMY_PLUGIN_SDK}
  COMMAND ${CMAKE_COMMAND} -E touch ${commy_BINARY_DIR}/plugin-sdk.stamp
  DEPENDS ${sdk_headers}
    ${commy_BINARY_DIR}/commy_plugin_sdk-config.cmake
  COMMENT "Installing the plugin SDK into the build tree"
  VERBATIM)
add_custom_target(commy_plugin_sdk DEPENDS
  ${commy_BINARY_DIR}/plugin-sdk.stamp)

# commy_build_plugin(<name>) builds plugins/<name> as a project of its own, as
# if somebody far away did it, into lib/commy/plugins of the build tree.
function(commy_build_plugin name)
  include(ExternalProject)
  # The launcher is a list, whose separator has to survive the command line.
  list(JOIN CMAKE_CXX_COMPILER_LAUNCHER "|" launcher)
  set(flags "${CMAKE_CXX_FLAGS}")
  if(COMMY_SANITIZE)
    string(APPEND flags " -fsanitize=${COMMY_SANITIZE}")
  endif()
  ExternalProject_Add(plugin_${name}
    SOURCE_DIR ${commy_SOURCE_DIR}/plugins/${name}
    BINARY_DIR ${commy_BINARY_DIR}/plugins/${name}
    PREFIX ${commy_BINARY_DIR}/plugins/${name}-project
    LIST_SEPARATOR "|"
    CMAKE_ARGS
      -DCMAKE_PREFIX_PATH=${COMMY_PLUGIN_SDK}
      -DCMAKE_BUILD_TYPE=${CMAKE_BUILD_TYPE}
      -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}
      -DCMAKE_CXX_COMPILER_LAUNCHER=${launcher}
      -DCMAKE_CXX_FLAGS=${flags}
      -DCMAKE_LIBRARY_OUTPUT_DIRECTORY=${commy_BINARY_DIR}/lib/commy/plugins
      -DBUILD_TESTING=${COMMY_TESTS}
    BUILD_ALWAYS ON  # It knows best whether anything is to be done.
    INSTALL_COMMAND ""
    DEPENDS commy_plugin_sdk)
  if(COMMY_TESTS)
    add_test(NAME plugin_${name}
      COMMAND ${CMAKE_CTEST_COMMAND} --output-on-failure
        --test-dir ${commy_BINARY_DIR}/plugins/${name})
    set_tests_properties(plugin_${name} PROPERTIES LABELS unit)
  endif()
endfunction()
