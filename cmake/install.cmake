# Installs the libraries as the CMake package `commy`.
include_guard(GLOBAL)
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

get_property(libraries GLOBAL PROPERTY COMMY_LIBRARIES)
if(NOT libraries OR CMAKE_CROSSCOMPILING)
  return()
endif()

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/commy)
configure_package_config_file(
  ${commy_SOURCE_DIR}/cmake/commy-config.cmake.in
  ${commy_BINARY_DIR}/commy-config.cmake
  INSTALL_DESTINATION ${package})
# Until 1.0 a minor version may change any interface.
write_basic_package_version_file(${commy_BINARY_DIR}/commy-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(EXPORT commy-targets
  NAMESPACE commy:: DESTINATION ${package} COMPONENT runtime)
install(FILES
  ${commy_BINARY_DIR}/commy-config.cmake
  ${commy_BINARY_DIR}/commy-config-version.cmake
  ${commy_SOURCE_DIR}/cmake/commy-dependencies.cmake
  DESTINATION ${package} COMPONENT runtime)
