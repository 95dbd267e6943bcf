# Flags of our own code, as the interface target `stele_options`. Generated code does not link it.
add_library(stele_options INTERFACE)
target_include_directories(stele_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(stele_options INTERFACE
  -Wall -Wextra -Werror -Wconversion -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
  -fno-omit-frame-pointer -fstack-protector-strong)
target_compile_definitions(stele_options INTERFACE _GLIBCXX_ASSERTIONS
  STELE_VERSION="${PROJECT_VERSION}"
  $<$<BOOL:${STELE_SLOW_CHECKS}>:STELE_SLOW_CHECKS>)

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # False positives of g++ 12's optimiser inside the standard library (PR 105329, 105651, 109849).
  target_compile_options(stele_options INTERFACE -Wno-restrict -Wno-stringop-overflow)
endif()

if(STELE_SANITIZE)
  # Everything in the process, so that the sanitizer sees every allocation and lock of ours.
  add_compile_options(-fsanitize=${STELE_SANITIZE} -fno-omit-frame-pointer)
  if(NOT STELE_SANITIZE STREQUAL "thread")
    add_compile_options(-fno-sanitize-recover=all)
  endif()
  add_link_options(-fsanitize=${STELE_SANITIZE})
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()
find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()

# stele_library(NAME SOURCES file... LIBS target...): one static library a module, every file listed.
function(stele_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC stele_options ${ARG_LIBS})
endfunction()
