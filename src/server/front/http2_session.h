// The server side of one HTTP/2 connection: frames by nghttp2, streams by ServerStream, and the
// defences that nghttp2 leaves to its user.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "src/server/front/connection_protocol.h"
#include "src/server/front/flood_guard.h"
#include "src/server/front/front_loop_state.h"
#include "src/server/front/http_routes.h"

namespace stele::server {

class ServerStream;

class Http2Session final : public ConnectionProtocol {
 public:
  Http2Session(ConnectionHost* host, FrontLoopState* state);
  ~Http2Session() override;
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;

  bool Receive(std::string_view bytes) override;
  bool WantsInput() const override { return !failed_; }
  bool OnInputEnd() override { return false; }
  bool Produce(OutputBuffer* output) override;
  bool CheckTimeouts(std::int64_t now_ns, std::int64_t output_stalled_ns) override;
  void Drain() override;
  void Abandon() override;

  // For the streams.
  void SubmitGrpcHeaders(ServerStream* stream);
  void SubmitTrailersOnly(ServerStream* stream, const absl::Status& status);
  void SubmitTrailers(ServerStream* stream, const absl::Status& status);
  void SubmitHttpResponse(ServerStream* stream, const HttpResponse& response,
                          std::size_t content_length, bool has_body);
  // There is more to send, or the end of it.
  void ResumeBody(ServerStream* stream);
  bool draining() const { return draining_; }
  const std::shared_ptr<const std::string>& peer() const { return host_->peer(); }

 private:
  struct Callbacks;  // nghttp2's C functions, which may call the private members

  void OpenStream(std::int32_t id);
  void CloseStream(ServerStream* stream);
  int OnFrame(const nghttp2_frame& frame);
  // False once the client sent too many frames that bring no work.
  bool AdmitFrame(const nghttp2_frame_hd& header);
  void OnFrameSent(const nghttp2_frame& frame);
  void SendBody(ServerStream* stream, const std::uint8_t* frame_header, std::size_t bytes);
  // Sends GOAWAY with a reason, then closes.
  void Terminate(std::uint32_t error_code, std::string_view reason);
  void FinalGoAway();
  bool CheckKeepalive(std::int64_t now_ns);

  ConnectionHost* const host_;
  FrontLoopState* const state_;
  nghttp2_session* session_ = nullptr;
  std::vector<std::unique_ptr<ServerStream>> streams_;  // open ones; each knows its slot
  std::vector<std::unique_ptr<ServerStream>> spare_streams_;
  OutputBuffer* output_ = nullptr;  // during Produce

  FloodGuard flood_guard_;
  TokenBucket stream_resets_;
  bool settings_received_ = false;
  bool failed_ = false;  // close once the output is written
  bool draining_ = false;
  bool last_stream_named_ = false;  // by the final GOAWAY, sent or about to be
  std::int64_t drain_started_ns_ = 0;
  std::int64_t opened_ns_;
  std::int64_t last_input_ns_;
  std::int64_t last_stream_ns_;             // when the last stream closed
  std::int64_t header_block_since_ns_ = 0;  // 0: no header block is open
  std::int64_t ping_sent_ns_ = 0;           // 0: no keepalive ping is unanswered
};

}  // namespace stele::server
