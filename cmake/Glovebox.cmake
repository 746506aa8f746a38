# How every library, program and test of Glovebox is declared. One call a folder; no globs;
# dependencies by find_package from the distribution, and DuckDB from deps/duckdb, where
# `./dev setup` puts it.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

option(GBX_IMAGE "Build the room so that its bytes do not tell where and when" OFF)
set(OPENSSL_USE_STATIC_LIBS ${GBX_IMAGE})
set(GBX_SECCOMP $<IF:$<BOOL:${GBX_IMAGE}>,-l:libseccomp.a,seccomp>)

find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED COMPONENTS Crypto)
find_package(GTest REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
include(GoogleTest)

option(GBX_SIM "Build the sim platform, whose evidence anybody can forge" ON)
option(GBX_FUZZ "Build the fuzz targets with libFuzzer (clang)" OFF)
set(GBX_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them")

add_library(gbx_flags INTERFACE)
target_include_directories(gbx_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(gbx_flags INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wswitch-enum -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough
  -fstack-protector-strong -fno-omit-frame-pointer
  $<$<CXX_COMPILER_ID:GNU>:-ftrivial-auto-var-init=zero>
  # GCC 12 at -O3 warns of the inside of std::string and std::vector (GCC bugs 105651, 107852).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict> $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overflow> $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overread>
  # The same of uninitialised strings; at -Og the warning stays.
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<CONFIG:Release>>:-Wno-maybe-uninitialized>
  # libstdc++ 12 uses its own deprecated parts in std::stable_sort.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>
  # Precompiled headers come from ccache too, with other times.
  "$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>"
  $<$<CONFIG:Debug>:-Og> $<$<CONFIG:Debug>:-g1>)
target_compile_definitions(gbx_flags INTERFACE _GLIBCXX_ASSERTIONS
  $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
target_link_options(gbx_flags INTERFACE -Wl,-z,relro,-z,now)
if(GBX_SANITIZE)
  target_compile_options(gbx_flags INTERFACE -fsanitize=${GBX_SANITIZE} -fno-sanitize-recover=all
    -U_FORTIFY_SOURCE
    # Instrumented code makes gcc warn of what is not in the source; dev and clang hold warnings.
    -Wno-error)
  target_link_options(gbx_flags INTERFACE -fsanitize=${GBX_SANITIZE})
endif()
if(GBX_IMAGE)
  # No path of this machine in asserts, debug information and constants; no build id of them.
  target_compile_options(gbx_flags INTERFACE -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
  target_link_options(gbx_flags INTERFACE -Wl,--build-id=none -s)
endif()
if(GBX_FUZZ)
  target_compile_options(gbx_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(GBX_SIM)
  target_compile_definitions(gbx_flags INTERFACE GBX_SIM=1)
endif()

# What decides: no exceptions.
add_library(gbx_trusted_flags INTERFACE)
target_compile_options(gbx_trusted_flags INTERFACE -fno-exceptions)

add_library(duckdb SHARED IMPORTED GLOBAL)
set_target_properties(duckdb PROPERTIES
  IMPORTED_LOCATION ${CMAKE_SOURCE_DIR}/deps/duckdb/libduckdb.so
  INTERFACE_INCLUDE_DIRECTORIES ${CMAKE_SOURCE_DIR}/deps/duckdb)
if(NOT EXISTS ${CMAKE_SOURCE_DIR}/deps/duckdb/libduckdb.so)
  message(FATAL_ERROR "deps/duckdb is empty: run ./dev setup first")
endif()

# Headers that nearly every file reads are compiled once: those of tests always; under sanitizers
# those of libraries and of what decides too. The other presets, lint among them, read what such a
# file asks for, so that a forgotten #include is found there.
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/headers.cc CONTENT "")
add_executable(gbx_headers_test EXCLUDE_FROM_ALL ${CMAKE_BINARY_DIR}/headers.cc)
target_link_libraries(gbx_headers_test PRIVATE gbx_flags GTest::gmock GTest::gtest_main)
target_precompile_headers(gbx_headers_test PRIVATE
  <gtest/gtest.h> <filesystem> <fstream> <sstream> <thread>
  <algorithm> <array> <functional> <map> <memory> <optional> <set> <span> <string> <vector>)
if(GBX_SANITIZE)
  add_library(gbx_headers_library OBJECT ${CMAKE_BINARY_DIR}/headers.cc)
  add_library(gbx_headers_trusted OBJECT ${CMAKE_BINARY_DIR}/headers.cc)
  target_link_libraries(gbx_headers_trusted PRIVATE gbx_trusted_flags)
  foreach(kind library trusted)
    target_link_libraries(gbx_headers_${kind} PRIVATE gbx_flags)
    # Not <filesystem>: it brings std::quoted(), which argument-dependent lookup takes for ours.
    target_precompile_headers(gbx_headers_${kind} PRIVATE <algorithm> <array> <cstdint>
      <functional> <limits> <map> <memory> <optional> <set> <span> <string> <string_view> <vector>)
  endforeach()
endif()

# gbx_library(name [TRUSTED] SOURCES a.cc ... DEPS other ... [LIBS external ...])
function(gbx_library name)
  cmake_parse_arguments(ARG "TRUSTED" "" "SOURCES;DEPS;LIBS" ${ARGN})
  add_library(gbx_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(gbx_${name} PRIVATE gbx_flags $<$<BOOL:${ARG_TRUSTED}>:gbx_trusted_flags>)
  target_include_directories(gbx_${name} INTERFACE ${CMAKE_SOURCE_DIR})
  foreach(dep ${ARG_DEPS})
    target_link_libraries(gbx_${name} PUBLIC gbx_${dep})
  endforeach()
  target_link_libraries(gbx_${name} PRIVATE ${ARG_LIBS})
  if(GBX_SANITIZE AND ARG_TRUSTED)
    target_precompile_headers(gbx_${name} REUSE_FROM gbx_headers_trusted)
  elseif(GBX_SANITIZE)
    target_precompile_headers(gbx_${name} REUSE_FROM gbx_headers_library)
  endif()
endfunction()

# gbx_program(name SOURCES ... DEPS ... [LIBS ...]): an executable in <build>/bin.
function(gbx_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE gbx_flags ${ARG_LIBS})
  foreach(dep ${ARG_DEPS})
    target_link_libraries(${name} PRIVATE gbx_${dep})
  endforeach()
endfunction()

# gbx_test(name [LABEL unit|sql|stat|sim|vectors|e2e|tidy] SOURCES x_test.cc ... DEPS ...
#          [LIBS ...])
# One GoogleTest program; every TEST is a ctest case with the label (default unit). Sanitized
# programs start slowly, so that there the whole program is one case.
function(gbx_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SOURCES;DEPS;LIBS" ${ARGN})
  if(GBX_FUZZ)
    return()
  endif()
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  gbx_program(${name}_test SOURCES ${ARG_SOURCES} DEPS ${ARG_DEPS}
    LIBS ${ARG_LIBS} GTest::gmock GTest::gtest_main)
  target_precompile_headers(${name}_test REUSE_FROM gbx_headers_test)
  target_compile_definitions(${name}_test PRIVATE
    GBX_SOURCE_DIR="${CMAKE_SOURCE_DIR}" GBX_BINARY_DIR="${CMAKE_BINARY_DIR}")
  if(GBX_SANITIZE STREQUAL "")
    gtest_discover_tests(${name}_test TEST_PREFIX ${name}. DISCOVERY_MODE PRE_TEST
      PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT})
  else()
    add_test(NAME ${name} COMMAND ${name}_test)
    math(EXPR whole "10 * ${ARG_TIMEOUT}")
    set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${whole})
  endif()
endfunction()

# gbx_fuzz(name SOURCES x_fuzz.cc DEPS ... [LIBS ...]): LLVMFuzzerTestOneInput. Under the fuzz
# preset a libFuzzer program <build>/bin/<name>_fuzz; otherwise a program that replays
# tests/fuzz/<name>/ and mutations of it, run by ctest.
function(gbx_fuzz name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;LIBS" ${ARGN})
  if(GBX_FUZZ)
    gbx_program(${name}_fuzz SOURCES ${ARG_SOURCES} DEPS ${ARG_DEPS} LIBS ${ARG_LIBS})
    target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
    if(NOT TARGET fuzz_targets)
      add_custom_target(fuzz_targets)
    endif()
    add_dependencies(fuzz_targets ${name}_fuzz)
  else()
    gbx_program(${name}_fuzz SOURCES ${ARG_SOURCES} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay.cc
      DEPS ${ARG_DEPS} LIBS ${ARG_LIBS})
    add_test(NAME fuzz.${name} COMMAND ${name}_fuzz ${CMAKE_SOURCE_DIR}/tests/fuzz/${name})
    set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz TIMEOUT 120)
  endif()
endfunction()
