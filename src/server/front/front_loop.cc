#include "src/server/front/front_loop.h"

#include <algorithm>
#include <utility>

#include "src/server/front/socket_stream.h"

namespace stele::server {

FrontLoop::FrontLoop(const std::string& name, const FrontOptions& options,
                     const MethodTable& methods, HttpRoutes& routes,
                     ConnectionCount* connection_count)
    : options_(options),
      connection_count_(connection_count),
      loop_(name),
      state_{options, methods, routes, loop_} {}

FrontLoop::~FrontLoop() { loop_.Stop(); }

void FrontLoop::Begin() { Sweep(); }

void FrontLoop::Adopt(std::unique_ptr<ByteStream> stream, std::string peer) {
  TuneTcpSocket(stream->fd(), options_.unacknowledged_timeout);
  auto connection =
      std::make_unique<ServerConnection>(this, &state_, std::move(stream), std::move(peer));
  connection->slot = connections_.size();
  if (draining_ || !connection->Start()) {
    connection_count_->Decrement();
    return;
  }
  connections_.push_back(std::move(connection));
}

void FrontLoop::Drain() {
  draining_ = true;
  for (const auto& connection : connections_) connection->Drain();
}

void FrontLoop::CloseAll() {
  draining_ = true;
  for (const auto& connection : connections_) connection->Close();
}

void FrontLoop::OnConnectionClosed(ServerConnection* connection) {
  const std::size_t slot = connection->slot;
  const std::unique_ptr<ServerConnection> closed = std::move(connections_[slot]);
  if (slot + 1 != connections_.size()) {
    connections_[slot] = std::move(connections_.back());
    connections_[slot]->slot = slot;
  }
  connections_.pop_back();
  connection_count_->Decrement();
}

void FrontLoop::Sweep() {
  for (const auto& connection : connections_) connection->CheckTimeouts();
  const absl::Duration shortest = std::min(
      {options_.header_timeout, options_.receive_stall_timeout, options_.write_stall_timeout,
       options_.http1_idle_timeout, options_.http2_idle_timeout, options_.keepalive_interval,
       options_.keepalive_timeout});
  loop_.SetTimer(std::clamp(shortest / 4, absl::Milliseconds(5), absl::Seconds(1)),
                 [this] { Sweep(); });
}

}  // namespace stele::server
