// The server side of one HTTP/1.1 connection: GET and HEAD for HttpRoutes, with keep-alive and
// pipelining. Requests are answered one after another; while one waits for its answer, no more
// input is read.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "src/server/front/connection_protocol.h"
#include "src/server/front/front_loop_state.h"
#include "src/server/front/http1_parser.h"
#include "src/server/front/http_response_slot.h"

namespace stele::server {

class Http1Session final : public ConnectionProtocol, public HttpResponseTarget {
 public:
  Http1Session(ConnectionHost* host, FrontLoopState* state);
  ~Http1Session() override;

  bool Receive(std::string_view bytes) override;
  bool WantsInput() const override { return !waiting_ && !closing_; }
  bool OnInputEnd() override;
  bool Produce(OutputBuffer* output) override;
  bool CheckTimeouts(std::int64_t now_ns, std::int64_t output_stalled_ns) override;
  void Drain() override;
  void Abandon() override;

  void OnHttpResponse(HttpResponse response) override;

 private:
  // Handles what input_ holds, as far as it goes.
  void Advance();
  void StartRequest();
  void Refuse(int status);
  void AppendResponse(const HttpResponse& response, bool with_body);

  ConnectionHost* const host_;
  FrontLoopState* const state_;
  std::string input_;
  std::string output_;
  Http1Head request_;
  std::uint64_t body_to_discard_ = 0;
  bool waiting_ = false;  // for the answer to request_
  bool closing_ = false;  // after output_
  bool input_ended_ = false;
  std::shared_ptr<HttpResponseSlot> slot_;
  std::int64_t request_since_ns_;  // when the current head began or the last answer left
  bool head_begun_ = false;
  bool first_request_ = true;
};

}  // namespace stele::server
