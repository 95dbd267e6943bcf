// The network front: listens, speaks HTTP/2 with gRPC and HTTP/1.1 on one port, and hands complete
// requests to the method table. docs/front.md shows its threads, buffers and limits.
//
// Threads: Start, GracefulStop and Stop belong to the owner's thread. Handlers run on the front's
// loops and must not block; they may answer from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "src/server/api/call.h"
#include "src/server/front/connection_count.h"
#include "src/server/front/front_loop.h"
#include "src/server/front/http_routes.h"
#include "src/server/front/listener.h"
#include "src/server/front/options.h"

namespace stele::server {

class Front {
 public:
  explicit Front(FrontOptions options);
  // Stops.
  ~Front();
  Front(const Front&) = delete;
  Front& operator=(const Front&) = delete;

  // Takes every address, so that a conflict shows early; nobody is served yet. `methods` and
  // `routes` outlive the front.
  absl::Status Bind(const MethodTable* methods, HttpRoutes* routes);
  // Serves. REQUIRES: Bind succeeded.
  absl::Status Serve();
  // Bind and Serve. On an error nothing is served.
  absl::Status Start(const MethodTable* methods, HttpRoutes* routes);

  // After Start, in the order of FrontOptions::listen_addresses; 0 for a unix socket.
  const std::vector<std::uint16_t>& ports() const { return ports_; }

  // Refuses new connections, tells clients to go (GOAWAY), ends streams with Unavailable, lets
  // running unary calls finish, and closes. Calls still running after `patience` are cut off.
  void GracefulStop(absl::Duration patience);
  // Cuts everything off now: running handlers hear OnCancel. Idempotent.
  void Stop();

  std::size_t connection_count() const { return connection_count_.value(); }
  // One of the loops, to share with member-to-member connections. After Start.
  EventLoop& loop(std::size_t index = 0) { return loops_[index]->loop(); }
  std::size_t loop_count() const { return loops_.size(); }

 private:
  void OnAccepted(int fd, std::string peer);
  // Runs `step` on the loop's thread and waits until it ran.
  static void RunOn(EventLoop* loop, const std::function<void()>& step);
  void CloseListeners();

  FrontOptions options_;
  ConnectionCount connection_count_;
  std::vector<std::unique_ptr<FrontLoop>> loops_;
  std::vector<std::unique_ptr<Listener>> listeners_;  // all on loops_[0]
  std::vector<std::uint16_t> ports_;
  std::size_t next_loop_ = 0;  // loops_[0]'s thread
  bool running_ = false;
};

}  // namespace stele::server
