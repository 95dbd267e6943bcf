// The client side of gRPC on HTTP/2, for member-to-member traffic: one TCP connection on an
// EventLoop, many calls on it. Never reconnects by itself; it tells at once when the connection is
// lost, and the owner decides.
//
// Threads: everything happens on the loop's thread: constructor, methods, callbacks, destructor.
// (The destructor may also run after the loop has stopped.) Callbacks must not destroy the
// connection; they post that.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "src/server/front/byte_stream.h"
#include "src/server/front/event_loop.h"
#include "src/server/front/grpc_client_stream.h"
#include "src/server/front/output_buffer.h"
#include "src/server/front/socket_address.h"

namespace stele::server {

struct GrpcClientOptions {
  std::string address;  // "host:port" or "unix:/path"
  absl::Duration connect_timeout = absl::Seconds(5);
  std::size_t max_receive_message_bytes = 64 * 1024 * 1024;
  // Bound of what one stream may hold unsent; Write refuses more.
  std::size_t max_queued_bytes = 64 * 1024 * 1024;
  std::uint32_t stream_window_bytes = 1024 * 1024;
  std::uint32_t connection_window_bytes = 4 * 1024 * 1024;
  // A silent server with open calls is asked for a sign of life after `interval` and given up
  // `timeout` later. Servers refuse intervals under 5 s.
  absl::Duration keepalive_interval = absl::Seconds(10);
  absl::Duration keepalive_timeout = absl::Seconds(5);
  // The kernel gives the server up when our bytes stay unacknowledged this long.
  absl::Duration unacknowledged_timeout = absl::Seconds(10);
};

class GrpcClientConnection final : public EventLoop::FdEvents, public EventLoop::PassEnd {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    // The server has answered the HTTP/2 handshake.
    virtual void OnConnected() = 0;
    // Not connected (any more), after every call heard OnEnd(kUnavailable). Connect may be called
    // again, from here too.
    virtual void OnConnectionLost(const absl::Status& reason) = 0;
  };
  using Metadata = std::vector<std::pair<std::string, std::string>>;

  // `owner` and `loop` outlive the connection.
  GrpcClientConnection(EventLoop* loop, GrpcClientOptions options, Owner* owner);
  ~GrpcClientConnection() override;
  GrpcClientConnection(const GrpcClientConnection&) = delete;
  GrpcClientConnection& operator=(const GrpcClientConnection&) = delete;

  // Starts to connect and returns; OnConnected or OnConnectionLost follows. Does nothing while
  // connecting or connected. Host names are resolved on a thread of their own.
  void Connect();
  // Drops the connection; calls hear OnEnd(kUnavailable), the owner hears nothing.
  void Close();
  bool connected() const { return phase_ == Phase::kConnected; }

  // Starts a call; null when not connected or when the server is going away. `path` as in
  // "/steleserverpb.Peer/Messages", `metadata` names in lower case ("-bin" values are encoded
  // here). An infinite timeout sends none. `events` outlives the stream's last event.
  std::shared_ptr<GrpcClientStream> Open(const std::string& path, const Metadata& metadata,
                                         absl::Duration timeout, GrpcClientStream::Events* events);

  void OnFdEvents(std::uint32_t events) override;
  void OnPassEnd() override;

 private:
  friend class GrpcClientStream;
  friend struct GrpcClientCallbacks;
  enum class Phase { kIdle, kResolving, kConnecting, kConnected };

  // For the streams.
  void Wake();
  void ResumeBody(std::int32_t id);
  void ResetStream(std::int32_t id, std::uint32_t code);

  void OnResolved(const absl::StatusOr<SocketAddress>& address);
  void OnSocketConnected();
  void StartSession();
  void OnSettings();
  void OnStreamClosed(std::int32_t id, std::uint32_t code);
  void ReadSome();
  void Flush();
  void CheckKeepalive();
  // Ends everything; tells the owner.
  void Lose(const absl::Status& reason);
  void Teardown(const absl::Status& reason);

  EventLoop* const loop_;
  const GrpcClientOptions options_;
  const std::string authority_;
  Owner* const owner_;
  Phase phase_ = Phase::kIdle;
  std::shared_ptr<GrpcClientConnection*> self_;  // lets a late resolver see that we are gone
  std::unique_ptr<ByteStream> stream_;
  nghttp2_session* session_ = nullptr;
  std::vector<std::shared_ptr<GrpcClientStream>> streams_;
  OutputBuffer output_;
  bool in_session_ = false;    // inside nghttp2: losing the connection must wait
  absl::Status pending_loss_;  // not OK: lose it as soon as we are out of nghttp2
  bool socket_connected_ = false;
  bool going_away_ = false;  // the server sent GOAWAY
  bool readable_ = false;
  bool read_to_end_ = false;
  bool writable_ = false;
  bool pass_end_asked_ = false;
  std::int64_t last_input_ns_ = 0;
  std::int64_t ping_sent_ns_ = 0;
  EventLoop::TimerId connect_timer_;
  EventLoop::TimerId keepalive_timer_;
};

}  // namespace stele::server
