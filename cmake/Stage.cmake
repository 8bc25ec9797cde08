# quantier_stage(NAME DEPS other stages... LIBS external libraries... WITHOUT patterns of files...)
# One folder = one library that links only what layers.txt allows, and one test binary from the *_test.cc beside it.
# Files are found by pattern, so that adding a file needs no edit here.

add_library(quantier_flags INTERFACE)
target_include_directories(quantier_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(quantier_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-qual -Wformat=2
  # GCC 12 reports std::string concatenation at -O3 as overlapping copies (GCC bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  # Results must not depend on whether the compiler fuses a multiply and an add; kernels ask for FMA explicitly.
  -ffp-contract=off)
if(QUANTIER_WERROR)
  target_compile_options(quantier_flags INTERFACE -Werror)
endif()
if(QUANTIER_SANITIZE)
  target_compile_options(quantier_flags INTERFACE -fsanitize=${QUANTIER_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(quantier_flags INTERFACE -fsanitize=${QUANTIER_SANITIZE})
endif()

# Tests read nothing from a terminal and end by themselves: one that hangs fails after fifteen minutes (the slowest takes three on a
# slow machine with another beside it).
function(quantier_add_test NAME)
  add_test(NAME ${NAME} COMMAND sh -c "exec \"$0\" </dev/null" $<TARGET_FILE:${ARGV1}>)
  set_tests_properties(${NAME} PROPERTIES TIMEOUT 900)
endfunction()

function(quantier_stage NAME)
  cmake_parse_arguments(ARG "" "FOLDER" "DEPS;LIBS;WITHOUT" ${ARGN})
  if(NOT ARG_FOLDER)
    set(ARG_FOLDER ${NAME})
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/quantier/${ARG_FOLDER}/*.cc)
  foreach(pattern ${ARG_WITHOUT})
    list(FILTER sources EXCLUDE REGEX ${pattern})
  endforeach()
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")

  set(targets "")
  foreach(dep ${ARG_DEPS})
    list(APPEND targets quantier_${dep})
  endforeach()
  if(sources)
    add_library(quantier_${NAME} STATIC ${sources})
    target_link_libraries(quantier_${NAME} PUBLIC quantier_flags ${targets} ${ARG_LIBS})
  else()
    add_library(quantier_${NAME} INTERFACE)
    target_link_libraries(quantier_${NAME} INTERFACE quantier_flags ${targets} ${ARG_LIBS})
  endif()
  if(QUANTIER_TESTS AND tests)
    add_executable(${NAME}_test ${tests})
    target_link_libraries(${NAME}_test PRIVATE quantier_${NAME} GTest::gmock GTest::gtest_main)
    target_compile_definitions(${NAME}_test PRIVATE QUANTIER_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    quantier_add_test(${NAME} ${NAME}_test)
  endif()
endfunction()
