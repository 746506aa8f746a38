# Compiles SOURCE as it stands, which must work, and again with MUST_NOT_COMPILE defined, which must
# fail with the words that the file's `// message:` line gives. Both by the compiler in use, syntax
# only.

file(STRINGS ${SOURCE} lines REGEX "^// message: ")
list(LENGTH lines count)
if(NOT count EQUAL 1)
  message(FATAL_ERROR "${SOURCE} needs one `// message: ` line")
endif()
string(REPLACE "// message: " "" wanted "${lines}")

set(command ${COMPILER} -std=c++20 -fsyntax-only -fno-exceptions -Wall -Wextra -Werror -I${ROOT}
  ${SOURCE})
execute_process(COMMAND ${command} RESULT_VARIABLE right ERROR_VARIABLE output)
if(NOT right EQUAL 0)
  message(FATAL_ERROR "the right use does not compile:\n${output}")
endif()
execute_process(COMMAND ${command} -DMUST_NOT_COMPILE RESULT_VARIABLE wrong ERROR_VARIABLE output)
if(wrong EQUAL 0)
  message(FATAL_ERROR "the wrong use compiles")
endif()
if(NOT output MATCHES "${wanted}")
  message(FATAL_ERROR "refused, but not for the reason `${wanted}`:\n${output}")
endif()
