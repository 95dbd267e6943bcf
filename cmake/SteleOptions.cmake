# Flags of our own code, as the interface target `stele_options`. Generated code does not link it.
add_library(stele_options INTERFACE)
target_include_directories(stele_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(stele_options INTERFACE
  -Wall -Wextra -Werror -Wconversion -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
  -fno-omit-frame-pointer -fstack-protector-strong
  -pthread)  # some libraries ask for it, and precompiled headers must agree
target_compile_definitions(stele_options INTERFACE _GLIBCXX_ASSERTIONS
  STELE_VERSION="${PROJECT_VERSION}"
  $<$<BOOL:${STELE_SLOW_CHECKS}>:STELE_SLOW_CHECKS>)

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # False positives of g++ 12's optimiser inside the standard library (PR 105329, 105651, 109849).
  target_compile_options(stele_options INTERFACE -Wno-restrict -Wno-stringop-overflow)
  # ccache sees precompiled headers only with this.
  target_compile_options(stele_options INTERFACE -fpch-preprocess)
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

# The headers that nearly every file includes, parsed once: half of a compilation otherwise. Only
# headers of others; what a file uses it still includes (./dev lint compiles without this).
# stele_precompiled_headers(NAME [HEADERS header...] [LIBS target...])
function(stele_precompiled_headers name)
  cmake_parse_arguments(ARG "" "" "HEADERS;LIBS" ${ARGN})
  file(WRITE ${CMAKE_BINARY_DIR}/gen/${name}.cc "")
  add_library(${name} STATIC ${CMAKE_BINARY_DIR}/gen/${name}.cc)
  target_link_libraries(${name} PRIVATE stele_options stele_proto absl::any_invocable
    absl::flat_hash_map absl::status absl::statusor absl::strings absl::time
    ${ARG_LIBS})
  target_precompile_headers(${name} PRIVATE
    <algorithm> <atomic> <condition_variable> <cstdint> <deque> <functional> <limits> <map> <memory>
    <mutex> <optional> <random> <set> <span> <string> <string_view> <thread> <utility> <variant>
    <vector> <absl/container/flat_hash_map.h> <absl/functional/any_invocable.h>
    <absl/status/statusor.h> <absl/strings/str_cat.h> <absl/time/clock.h> <absl/time/time.h>
    <proto/command.pb.h> <proto/peer.pb.h> <proto/rpc.pb.h> ${ARG_HEADERS})
endfunction()

# stele_library(NAME SOURCES file... LIBS target... [OWN_PCH]): one static library a module, every
# file listed. OWN_PCH: precompiled headers are none or the caller's.
function(stele_library name)
  cmake_parse_arguments(ARG "OWN_PCH" "" "SOURCES;LIBS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC stele_options ${ARG_LIBS})
  if(NOT ARG_OWN_PCH)
    target_precompile_headers(${name} REUSE_FROM stele_pch)
  endif()
endfunction()
