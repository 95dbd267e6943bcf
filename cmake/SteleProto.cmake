# Generated code lands in <build>/gen/proto and is included as "proto/x.pb.h". It is built without
# our warnings and lightly optimised: it is large and not ours.
set(STELE_GEN_DIR ${CMAKE_BINARY_DIR}/gen)

# stele_proto_library(NAME GRPC|MESSAGES proto...)
function(stele_proto_library name kind)
  file(MAKE_DIRECTORY ${STELE_GEN_DIR})
  set(outputs)
  foreach(proto ${ARGN})
    get_filename_component(stem ${proto} NAME_WE)
    set(base ${STELE_GEN_DIR}/proto/${stem})
    if(kind STREQUAL "GRPC")
      set(generated ${base}.grpc.pb.cc ${base}.grpc.pb.h)
      set(arguments --grpc_out=${STELE_GEN_DIR}
          --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin>)
    else()
      set(generated ${base}.pb.cc ${base}.pb.h)
      set(arguments --cpp_out=${STELE_GEN_DIR})
    endif()
    add_custom_command(
      OUTPUT ${generated}
      COMMAND protobuf::protoc -I ${CMAKE_SOURCE_DIR} ${arguments} proto/${stem}.proto
      WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
      DEPENDS ${CMAKE_SOURCE_DIR}/proto/${stem}.proto VERBATIM)
    list(APPEND outputs ${generated})
  endforeach()
  add_library(${name} STATIC ${outputs})
  target_compile_options(${name} PRIVATE -w -g0)
  target_include_directories(${name} SYSTEM PUBLIC ${STELE_GEN_DIR})
  target_link_libraries(${name} PUBLIC protobuf::libprotobuf)
endfunction()
