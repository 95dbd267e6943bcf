include(GoogleTest)

# stele_test(NAME SOURCES file... LIBS target... [TIMEOUT seconds] [LABELS label...]
#            [ARGS argument...] [WHOLE])
# Registers every case with ctest. Every case has a time limit. WHOLE registers the program as one
# test, for suites whose cases share expensive set-up.
function(stele_test name)
  cmake_parse_arguments(ARG "WHOLE" "TIMEOUT" "SOURCES;LIBS;LABELS;ARGS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  if(STELE_SANITIZE)
    math(EXPR ARG_TIMEOUT "4 * ${ARG_TIMEOUT}")  # sanitizers slow programs down two to ten times
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_compile_definitions(${name} PRIVATE
    STELE_SOURCE_DIR="${CMAKE_SOURCE_DIR}" STELE_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
  target_link_libraries(${name} PRIVATE stele_options ${ARG_LIBS} GTest::gtest GTest::gmock
                        GTest::gtest_main)
  set(properties TIMEOUT ${ARG_TIMEOUT})
  if(ARG_LABELS)
    list(APPEND properties LABELS "${ARG_LABELS}")
  endif()
  if(ARG_WHOLE)
    add_test(NAME ${name} COMMAND ${name} ${ARG_ARGS})
    set_tests_properties(${name} PROPERTIES ${properties})
  else()
    gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES ${properties})
  endif()
endfunction()
