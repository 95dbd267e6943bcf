// A client's connection of the load generator and the server's HTTP/2 session for it, joined by a
// pair of sockets and served by the caller's thread alone, in turns.
//
//   pair.client().Start(...)          any number of calls
//   pair.Exchange()                   until nothing moves any more
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/connection.h"
#include "src/server/front/connection_protocol.h"
#include "src/server/front/event_loop.h"
#include "src/server/front/front_loop_state.h"
#include "src/server/front/http2_session.h"
#include "src/server/front/socket_stream.h"

namespace stele::paths {

class SessionPair final : public server::ConnectionHost {
 public:
  // `methods` and `routes` outlive this. `run_rooms` does what handlers have left to others.
  SessionPair(const server::MethodTable& methods, server::HttpRoutes* routes,
              std::function<void()> run_rooms);
  ~SessionPair() override;
  SessionPair(const SessionPair&) = delete;
  SessionPair& operator=(const SessionPair&) = delete;

  load::Connection& client() { return *client_; }
  // Client and server in turns until neither has anything to say.
  void Exchange();
  // From here on the server's turns are taken by CountedTurn.
  void set_counted(bool counted) { counted_ = counted; }

  // ConnectionHost.
  void Wake() override {}
  const std::shared_ptr<const std::string>& peer() const override { return peer_; }

 private:
  // All that the server does with what has arrived, answers included: what instruction counts
  // collect, by this name. Returns whether anything moved. Weak: what the linker might replace is
  // neither inlined nor cloned.
  [[gnu::weak]] bool CountedTurn();
  bool ServerTurn();
  bool ReadClient();
  bool WriteAnswers();
  void RunTasks();

  const std::function<void()> run_rooms_;
  const std::shared_ptr<const std::string> peer_ = std::make_shared<const std::string>("pair");
  server::EventLoop loop_{"never-started"};
  const server::FrontOptions options_ = {};
  server::FrontLoopState state_;
  std::unique_ptr<server::SocketStream> socket_;  // the server's end
  std::unique_ptr<server::Http2Session> session_;
  server::OutputBuffer output_;
  std::vector<server::EventLoop::Task> tasks_;
  std::unique_ptr<load::Connection::ReadBuffer> client_buffer_;
  std::unique_ptr<load::Connection> client_;
  bool counted_ = false;
  std::uint64_t counted_turns_ = 0;
};

}  // namespace stele::paths
