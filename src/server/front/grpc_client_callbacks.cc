#include "src/server/front/grpc_client_callbacks.h"

#include <algorithm>
#include <string_view>

#include "src/raft/check.h"
#include "src/server/front/grpc_client_connection.h"
#include "src/server/front/grpc_client_stream.h"

namespace stele::server {
namespace {

std::string_view View(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

GrpcClientStream* StreamOf(nghttp2_session* session, std::int32_t id) {
  return static_cast<GrpcClientStream*>(nghttp2_session_get_stream_user_data(session, id));
}

}  // namespace

const nghttp2_session_callbacks* GrpcClientCallbacks::Table() {
  static const nghttp2_session_callbacks* const table = [] {
    nghttp2_session_callbacks* made = nullptr;
    STELE_CHECK(nghttp2_session_callbacks_new(&made) == 0);
    nghttp2_session_callbacks_set_on_header_callback(made, OnHeader);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, OnDataChunk);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made, OnFrameReceived);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, OnStreamClose);
    nghttp2_session_callbacks_set_send_data_callback(made, SendBody);
    return made;
  }();
  return table;
}

nghttp2_data_provider GrpcClientCallbacks::Body(GrpcClientStream* stream) {
  nghttp2_data_provider provider{};
  provider.source.ptr = stream;
  provider.read_callback = ReadBody;
  return provider;
}

int GrpcClientCallbacks::OnHeader(nghttp2_session* session, const nghttp2_frame* frame,
                                  const std::uint8_t* name, std::size_t name_size,
                                  const std::uint8_t* value, std::size_t value_size,
                                  std::uint8_t /*flags*/, void* /*self*/) {
  GrpcClientStream* stream = StreamOf(session, frame->hd.stream_id);
  if (stream != nullptr) stream->OnHeader(View(name, name_size), View(value, value_size));
  return 0;
}

int GrpcClientCallbacks::OnDataChunk(nghttp2_session* session, std::uint8_t /*flags*/,
                                     std::int32_t id, const std::uint8_t* bytes, std::size_t size,
                                     void* /*self*/) {
  GrpcClientStream* stream = StreamOf(session, id);
  if (stream != nullptr) stream->OnBody(View(bytes, size));
  return 0;
}

int GrpcClientCallbacks::OnFrameReceived(nghttp2_session* /*session*/, const nghttp2_frame* frame,
                                         void* self) {
  auto* connection = static_cast<GrpcClientConnection*>(self);
  if (frame->hd.type == NGHTTP2_SETTINGS && (frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) {
    connection->OnSettings();
  } else if (frame->hd.type == NGHTTP2_GOAWAY) {
    connection->going_away_ = true;
  }
  return 0;
}

int GrpcClientCallbacks::OnStreamClose(nghttp2_session* /*session*/, std::int32_t id,
                                       std::uint32_t error_code, void* self) {
  static_cast<GrpcClientConnection*>(self)->OnStreamClosed(id, error_code);
  return 0;
}

ssize_t GrpcClientCallbacks::ReadBody(nghttp2_session* /*session*/, std::int32_t /*id*/,
                                      std::uint8_t* /*buffer*/, std::size_t size,
                                      std::uint32_t* flags, nghttp2_data_source* source,
                                      void* /*self*/) {
  auto* stream = static_cast<GrpcClientStream*>(source->ptr);
  const std::size_t ready = std::min(size, stream->output_.size());
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (stream->half_closed_ && ready == stream->output_.size()) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
  } else if (ready == 0) {
    stream->body_deferred_ = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  stream->reserved_ = ready;
  return static_cast<ssize_t>(ready);
}

int GrpcClientCallbacks::SendBody(nghttp2_session* /*session*/, nghttp2_frame* frame,
                                  const std::uint8_t* frame_header, std::size_t size,
                                  nghttp2_data_source* source, void* self) {
  constexpr std::size_t kFrameHeaderBytes = 9;
  constexpr std::size_t kOutputHighWater = 256 * 1024;
  auto* connection = static_cast<GrpcClientConnection*>(self);
  STELE_CHECK(frame->data.padlen == 0);
  if (connection->output_.size() >= kOutputHighWater) return NGHTTP2_ERR_WOULDBLOCK;
  connection->output_.Append({reinterpret_cast<const char*>(frame_header), kFrameHeaderBytes});
  static_cast<GrpcClientStream*>(source->ptr)->TakeBody(size, &connection->output_);
  return 0;
}

}  // namespace stele::server
