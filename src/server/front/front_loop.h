// The connections of one loop.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "src/server/front/byte_stream.h"
#include "src/server/front/connection_count.h"
#include "src/server/front/event_loop.h"
#include "src/server/front/front_loop_state.h"
#include "src/server/front/server_connection.h"

namespace stele::server {

// Methods are for the loop's thread unless they say otherwise.
class FrontLoop final : public ServerConnection::Owner {
 public:
  FrontLoop(const std::string& name, const FrontOptions& options, const MethodTable& methods,
            HttpRoutes& routes, ConnectionCount* connection_count);
  ~FrontLoop() override;

  EventLoop& loop() { return loop_; }  // any thread

  // A new connection, already counted in connection_count.
  void Adopt(std::unique_ptr<ByteStream> stream, std::string peer);
  void Drain();
  void CloseAll();
  void OnConnectionClosed(ServerConnection* connection) override;
  // Starts the sweep for time limits.
  void Begin();

 private:
  void Sweep();

  const FrontOptions& options_;
  ConnectionCount* const connection_count_;
  EventLoop loop_;
  FrontLoopState state_;
  std::vector<std::unique_ptr<ServerConnection>> connections_;  // each knows its slot
  bool draining_ = false;
};

}  // namespace stele::server
