// The C functions nghttp2 calls for a GrpcClientConnection.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>

namespace stele::server {

class GrpcClientStream;

struct GrpcClientCallbacks {
  // Made once, never freed.
  static const nghttp2_session_callbacks* Table();
  // The source of a stream's DATA frames.
  static nghttp2_data_provider Body(GrpcClientStream* stream);

  static int OnHeader(nghttp2_session* session, const nghttp2_frame* frame,
                      const std::uint8_t* name, std::size_t name_size, const std::uint8_t* value,
                      std::size_t value_size, std::uint8_t flags, void* self);
  static int OnDataChunk(nghttp2_session* session, std::uint8_t flags, std::int32_t id,
                         const std::uint8_t* bytes, std::size_t size, void* self);
  static int OnFrameReceived(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int OnStreamClose(nghttp2_session*, std::int32_t id, std::uint32_t error_code, void* self);
  static ssize_t ReadBody(nghttp2_session*, std::int32_t id, std::uint8_t* buffer, std::size_t size,
                          std::uint32_t* flags, nghttp2_data_source* source, void* self);
  static int SendBody(nghttp2_session* session, nghttp2_frame* frame,
                      const std::uint8_t* frame_header, std::size_t size,
                      nghttp2_data_source* source, void* self);
};

}  // namespace stele::server
