#include "src/server/front/http2_callbacks.h"

#include <algorithm>
#include <string_view>

#include "src/raft/check.h"
#include "src/server/front/server_stream.h"

namespace stele::server {
namespace {

std::string_view View(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

ServerStream* StreamOf(nghttp2_session* session, std::int32_t id) {
  return static_cast<ServerStream*>(nghttp2_session_get_stream_user_data(session, id));
}

}  // namespace

const nghttp2_session_callbacks* Http2Session::Callbacks::Table() {
  static const nghttp2_session_callbacks* const table = [] {
    nghttp2_session_callbacks* made = nullptr;
    STELE_CHECK(nghttp2_session_callbacks_new(&made) == 0);
    nghttp2_session_callbacks_set_on_begin_frame_callback(made, OnBeginFrame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(made, OnBeginHeaders);
    nghttp2_session_callbacks_set_on_header_callback(made, OnHeader);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, OnDataChunk);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made, OnFrameReceived);
    nghttp2_session_callbacks_set_on_frame_send_callback(made, OnFrameSent);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, OnStreamClose);
    nghttp2_session_callbacks_set_send_data_callback(made, SendBody);
    return made;
  }();
  return table;
}

nghttp2_data_provider Http2Session::Callbacks::Body(ServerStream* stream) {
  nghttp2_data_provider provider{};
  provider.source.ptr = stream;
  provider.read_callback = ReadBody;
  return provider;
}

int Http2Session::Callbacks::OnBeginFrame(nghttp2_session* /*session*/,
                                          const nghttp2_frame_hd* header, void* self) {
  return static_cast<Http2Session*>(self)->AdmitFrame(*header) ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

int Http2Session::Callbacks::OnBeginHeaders(nghttp2_session* /*session*/,
                                            const nghttp2_frame* frame, void* self) {
  auto* session = static_cast<Http2Session*>(self);
  session->header_block_since_ns_ = session->state_->loop.now_ns();
  if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) session->OpenStream(frame->hd.stream_id);
  return 0;
}

int Http2Session::Callbacks::OnHeader(nghttp2_session* session, const nghttp2_frame* frame,
                                      const std::uint8_t* name, std::size_t name_size,
                                      const std::uint8_t* value, std::size_t value_size,
                                      std::uint8_t /*flags*/, void* /*self*/) {
  if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;  // trailers mean nothing to gRPC here
  ServerStream* stream = StreamOf(session, frame->hd.stream_id);
  if (stream != nullptr) stream->OnHeader(View(name, name_size), View(value, value_size));
  return 0;
}

int Http2Session::Callbacks::OnDataChunk(nghttp2_session* session, std::uint8_t /*flags*/,
                                         std::int32_t id, const std::uint8_t* bytes,
                                         std::size_t size, void* /*self*/) {
  ServerStream* stream = StreamOf(session, id);
  if (stream != nullptr) stream->OnBody(View(bytes, size));
  return 0;
}

int Http2Session::Callbacks::OnFrameReceived(nghttp2_session* /*session*/,
                                             const nghttp2_frame* frame, void* self) {
  return static_cast<Http2Session*>(self)->OnFrame(*frame);
}

int Http2Session::Callbacks::OnFrameSent(nghttp2_session* /*session*/, const nghttp2_frame* frame,
                                         void* self) {
  static_cast<Http2Session*>(self)->OnFrameSent(*frame);
  return 0;
}

int Http2Session::Callbacks::OnStreamClose(nghttp2_session* session, std::int32_t id,
                                           std::uint32_t /*error_code*/, void* self) {
  ServerStream* stream = StreamOf(session, id);
  if (stream == nullptr) return 0;
  nghttp2_session_set_stream_user_data(session, id, nullptr);
  static_cast<Http2Session*>(self)->CloseStream(stream);
  return 0;
}

ssize_t Http2Session::Callbacks::ReadBody(nghttp2_session* /*session*/, std::int32_t /*id*/,
                                          std::uint8_t* /*buffer*/, std::size_t size,
                                          std::uint32_t* flags, nghttp2_data_source* source,
                                          void* /*self*/) {
  // Nothing is copied into nghttp2's buffer; SendBody moves the bytes to the output.
  auto* stream = static_cast<ServerStream*>(source->ptr);
  const std::size_t ready = std::min(size, stream->body_ready());
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (stream->body_complete() && ready == stream->body_ready()) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (stream->has_trailers()) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      stream->SubmitTrailers();
    }
  } else if (ready == 0) {
    stream->OnBodyDeferred();
    return NGHTTP2_ERR_DEFERRED;
  }
  stream->ReserveBody(ready);
  return static_cast<ssize_t>(ready);
}

int Http2Session::Callbacks::SendBody(nghttp2_session* /*session*/, nghttp2_frame* frame,
                                      const std::uint8_t* frame_header, std::size_t size,
                                      nghttp2_data_source* source, void* self) {
  auto* session = static_cast<Http2Session*>(self);
  STELE_CHECK(frame->data.padlen == 0);  // we never ask for padding
  if (session->output_->size() >= kOutputHighWater) return NGHTTP2_ERR_WOULDBLOCK;
  session->SendBody(static_cast<ServerStream*>(source->ptr), frame_header, size);
  return 0;
}

}  // namespace stele::server
