# Run by ctest; see CMakeLists.txt.
cmake_minimum_required(VERSION 3.25)

file(REMOVE_RECURSE ${work})
function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE status
    OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(NOT status EQUAL 0)
    list(JOIN ARGV " " line)
    message(FATAL_ERROR "failed with ${status}: ${line}\n${said}")
  endif()
endfunction()

run(${CMAKE_COMMAND} --install ${build} --component runtime
  --prefix ${work}/prefix)
run(${CMAKE_COMMAND} -S ${source} -B ${work}/build -G Ninja
  -DCMAKE_CXX_COMPILER=${compiler} -DCMAKE_PREFIX_PATH=${work}/prefix)
run(${CMAKE_COMMAND} --build ${work}/build)
file(MAKE_DIRECTORY ${work}/segments)
run(${work}/build/consumer ${work}/segments)
