// One connection to one other member: kept up, retried, and honest about being down.
//
// Everything happens on the loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "src/server/front/event_loop.h"
#include "src/server/front/grpc_client_connection.h"
#include "src/server/peer/identity.h"

namespace stele::server {

class PeerLink final : public GrpcClientConnection::Owner, public GrpcClientStream::Events {
 public:
  struct Surroundings {
    // The connection or its stream broke.
    std::function<void(raft::NodeId)> unreachable;
    // The other member says that this one was removed from the cluster.
    std::function<void()> removed;
    // This member's own peer URLs, for members that do not know them yet.
    std::function<std::string()> own_urls;
  };

  // `around` outlives the link.
  PeerLink(EventLoop* loop, const PeerIdentity& identity, PeerAddress address,
           const Surroundings* around);
  ~PeerLink() override;

  void Start();
  const PeerAddress& address() const { return address_; }
  bool connected() const { return connection_ != nullptr && connection_->connected(); }
  // Queues one encoded PeerFrame; dropped when the link is down or too much is queued.
  void Send(std::string frame);
  // A unary call; `done` exactly once.
  void Ask(const std::string& path, std::string request, absl::Duration timeout,
           const std::function<void(absl::StatusOr<std::string>)>& done);
  // A streaming call; null when the link is down.
  std::shared_ptr<GrpcClientStream> Open(const std::string& path, GrpcClientStream::Events* events);

 private:
  void OnConnected() override;
  void OnConnectionLost(const absl::Status& reason) override;
  void OnMessage(std::string_view message) override;
  void OnEnd(const absl::Status& status) override;

  void MakeConnection();
  void RetryLater(const absl::Status& reason);
  GrpcClientConnection::Metadata Metadata() const;

  EventLoop* const loop_;
  const PeerIdentity identity_;
  const PeerAddress address_;
  const Surroundings* const around_;
  std::size_t next_address_ = 0;
  std::unique_ptr<GrpcClientConnection> connection_;
  std::shared_ptr<GrpcClientStream> exchange_;
  EventLoop::TimerId retry_timer_;
  bool retry_pending_ = false;
  std::string last_reason_;  // logged once, not at every attempt
};

}  // namespace stele::server
