// One call of a GrpcClientConnection: messages out, messages in, one final status.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "src/server/front/event_loop.h"
#include "src/server/front/grpc_framing.h"
#include "src/server/front/stream_output.h"

namespace stele::server {

class GrpcClientConnection;

// All methods are for the loop's thread. After the end they do nothing. The object may outlive its
// connection.
class GrpcClientStream {
 public:
  using Bytes = std::shared_ptr<const std::string>;

  class Events {
   public:
    virtual ~Events() = default;
    // One complete response message, valid during the call only.
    virtual void OnMessage(std::string_view message) = 0;
    // The last event: the server's status, or kUnavailable when the connection broke. Must not
    // destroy the connection (post that).
    virtual void OnEnd(const absl::Status& status) = 0;
  };

  // Queues one message made of `parts`. False, and nothing queued, when the stream has ended, was
  // half-closed, or would hold more than its bound.
  [[nodiscard]] bool Write(std::span<const Bytes> parts);
  [[nodiscard]] bool Write(std::string message);
  // No more messages will be written.
  void HalfClose();
  // Gives the call up; no event follows.
  void Cancel();

  // Written and not yet taken by the server's flow-control window.
  std::size_t queued_bytes() const { return output_.size(); }
  // Calls `drained` once, from the loop, when queued_bytes() <= threshold. Replaces an earlier
  // wish.
  void NotifyDrained(std::size_t threshold, std::function<void()> drained);
  bool ended() const { return connection_ == nullptr; }

 private:
  friend class GrpcClientConnection;
  friend struct GrpcClientCallbacks;

  void OnHeader(std::string_view name, std::string_view value);
  void OnBody(std::string_view bytes);
  // Delivers the final event. `reset_code`: HTTP/2's error code of the stream's end.
  void OnClosed(std::uint32_t reset_code);
  void End(const absl::Status& status);
  absl::Status FinalStatus(std::uint32_t reset_code) const;
  void TakeBody(std::size_t bytes, OutputBuffer* output);
  void Resume();

  GrpcClientConnection* connection_ = nullptr;  // null once ended
  Events* events_ = nullptr;                    // null once ended or cancelled
  std::int32_t id_ = 0;
  std::size_t max_queued_bytes_ = 0;
  EventLoop* loop_ = nullptr;
  EventLoop::TimerId deadline_timer_;

  StreamOutput output_;
  std::size_t reserved_ = 0;  // bytes the framing layer will still take, even after the end
  bool half_closed_ = false;
  bool body_deferred_ = false;
  std::size_t drain_threshold_ = 0;
  std::function<void()> drained_;
  std::shared_ptr<bool> alive_ =
      std::make_shared<bool>(true);  // false once ended, for posted tasks

  GrpcMessageReader reader_;
  absl::Status read_error_;
  int http_status_ = 0;
  bool is_grpc_ = false;
  std::string grpc_status_;
  std::string grpc_message_;
};

}  // namespace stele::server
