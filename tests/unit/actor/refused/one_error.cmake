# Compiles SOURCE and passes if that fails with exactly one error, which
# contains the text behind "// Expected: " in the source.
file(STRINGS ${SOURCE} expected REGEX "^// Expected: ")
string(REGEX REPLACE "^// Expected: " "" expected "${expected}")
execute_process(
  COMMAND ${COMPILER} -std=c++20 -fsyntax-only -I${INCLUDES} ${SOURCE}
  RESULT_VARIABLE failed
  OUTPUT_VARIABLE output
  ERROR_VARIABLE output)
string(REGEX MATCHALL "error: " errors "${output}")
list(LENGTH errors count)
string(FIND "${output}" "${expected}" found)
if(NOT failed OR NOT count EQUAL 1 OR found EQUAL -1)
  message(FATAL_ERROR "Expected one error with '${expected}', got ${count}:\n"
    "${output}")
endif()
