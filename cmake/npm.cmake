# commy_npm_ci(<folder> <out-var>): what npm's lock file in <folder> names.
include_guard(GLOBAL)

# Installs into the build tree, at configure time, and again only when the lock
# file changes; <out-var> becomes the path of its node_modules. Install scripts
# of packages do not run, and nothing is written into the source tree.
function(commy_npm_ci folder out_var)
  cmake_path(ABSOLUTE_PATH folder BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
    NORMALIZE OUTPUT_VARIABLE source)
  cmake_path(RELATIVE_PATH source BASE_DIRECTORY ${commy_SOURCE_DIR}
    OUTPUT_VARIABLE name)
  set(target ${commy_BINARY_DIR}/npm/${name})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
    ${source}/package-lock.json)

  file(SHA256 ${source}/package-lock.json wanted)
  set(present "")
  if(EXISTS ${target}/installed.sha256)
    file(READ ${target}/installed.sha256 present)
  endif()
  if(NOT present STREQUAL wanted)
    find_program(COMMY_NPM npm DOC "npm, for what the gateway's page shows")
    if(NOT COMMY_NPM)
      message(FATAL_ERROR "npm was not found and ${name} needs it: install "
        "npm, or configure with -DCOMMY_DASHBOARD=OFF")
    endif()
    message(STATUS "npm ci for ${name}")
    file(REMOVE_RECURSE ${target})
    file(MAKE_DIRECTORY ${target})
    # npm reads the project's .npmrc beside the package.json only.
    file(COPY ${source}/package.json ${source}/package-lock.json
      ${commy_SOURCE_DIR}/.npmrc DESTINATION ${target})
    execute_process(
      COMMAND ${COMMY_NPM} ci --ignore-scripts --no-audit --no-fund
      WORKING_DIRECTORY ${target}
      RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said)
    if(NOT status EQUAL 0)
      message(FATAL_ERROR "npm ci failed in ${target}:\n${said}\n"
        "Without network, configure with -DCOMMY_DASHBOARD=OFF.")
    endif()
    file(WRITE ${target}/installed.sha256 ${wanted})
  endif()
  set(${out_var} ${target}/node_modules PARENT_SCOPE)
endfunction()
