// One HTTP/2 request and its response on the loop's thread: a gRPC call, a plain HTTP answer, or a
// refusal. Http2Session turns frames into the calls below; the stream never sees a frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "src/server/api/call.h"
#include "src/server/front/front_loop_state.h"
#include "src/server/front/grpc_call.h"
#include "src/server/front/grpc_framing.h"
#include "src/server/front/http_response_slot.h"
#include "src/server/front/request_head.h"
#include "src/server/front/stream_output.h"

namespace stele::server {

class Http2Session;

class ServerStream final : public HttpResponseTarget {
 public:
  ServerStream(Http2Session* session, FrontLoopState* state) : session_(session), state_(state) {}
  ~ServerStream() override;

  // Streams are reused: Open and Close bracket one request.
  void Open(std::int32_t id);
  // The stream is gone, for whatever reason.
  void Close();

  // Request, in the order of the wire.
  void OnHeader(std::string_view name, std::string_view value);
  // Before OnHeadersEnd; a list that was too large is judged there.
  bool HasWellFormedHead() const;
  void OnHeadersEnd();
  void OnBody(std::string_view bytes);
  void OnRequestEnd();

  // Answers from GrpcCall.
  void SendMessages(OutputParts* parts);
  void FinishCall(const absl::Status& status);
  void OnHttpResponse(HttpResponse response) override;

  // Ends a call that the transport gives up: the handler hears OnCancel, the client `status`.
  void AbortCall(const absl::Status& status);
  // The server is going away: streams end now, unary calls may finish.
  void Drain();

  // Response body for the framing layer.
  std::size_t body_ready() const { return output_.size(); }
  bool body_complete() const { return response_ended_; }
  bool has_trailers() const { return is_grpc_; }
  // The framing layer will take `bytes` with its next TakeBody, whatever happens until then.
  void ReserveBody(std::size_t bytes) { reserved_ = bytes; }
  void TakeBody(std::size_t bytes, OutputBuffer* output);
  // REQUIRES: body_complete().
  void SubmitTrailers();
  // The framing layer found nothing to send and waits for Http2Session::ResumeBody.
  void OnBodyDeferred() { body_deferred_ = true; }

  std::int32_t id() const { return id_; }
  // Place in the session's list of open streams.
  std::size_t slot = 0;
  bool request_ended() const { return request_ended_; }
  bool response_ended() const { return response_ended_; }

  // A bidirectional stream: its handler bounds what it queues, so a slow reader may be slow.
  bool tolerates_stall() const {
    return method_ != nullptr && method_->kind == MethodKind::kBidiStream && !response_ended_;
  }
  // The time limit this stream broke, OK if none did.
  absl::Status CheckStall(std::int64_t now_ns) const;

 private:
  void StartCall();
  absl::Status FindMethod();
  void StartHttp();
  void RefuseHttp(int status, std::string_view text);
  bool OnMessage(std::string_view message, std::string* buffer);
  void CountPartial();
  // A call that never reached a handler, or whose request is broken.
  void FailCall(const absl::Status& status);
  void EndResponse(const absl::Status& status);
  void ResumeBody();
  void CancelHandler();

  Http2Session* const session_;
  FrontLoopState* const state_;

  std::int32_t id_ = 0;
  RequestHead head_;
  bool is_grpc_ = false;
  const Method* method_ = nullptr;  // null unless a call is running or ran
  std::shared_ptr<GrpcCall> call_;
  std::unique_ptr<CallHandler> handler_;
  std::shared_ptr<HttpResponseSlot> http_slot_;
  EventLoop::TimerId deadline_timer_;

  GrpcMessageReader reader_;
  std::size_t counted_partial_ = 0;  // our share of state_->partial_request_bytes
  std::string request_;              // of a unary call, once has_request_
  bool has_request_ = false;
  bool request_ended_ = false;
  std::int64_t last_input_ns_ = 0;

  StreamOutput output_;
  std::size_t reserved_ = 0;  // <= output_.size()
  bool headers_sent_ = false;
  bool body_deferred_ = false;
  bool response_ended_ = false;  // no more output will be added
  absl::Status status_;          // of the trailers
  std::int64_t last_output_ns_ = 0;
};

}  // namespace stele::server
