// A gRPC server that answers every call as a script tells it, good or bad; on a stream that the
// client keeps open, every message. For tests of clients.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "bench/load/unique_fd.h"

namespace stele::load {

struct Answer {
  enum class Kind : std::uint8_t { kReply, kSilence, kReset, kCloseConnection };
  Kind kind = Kind::kReply;
  int http_status = 200;
  int grpc_status = 0;  // negative: none is sent
  std::string grpc_message = {};
  std::string message = {};  // of the response, not framed
  // Nothing of the connection is served for so long.
  std::chrono::milliseconds stall{0};
};

class ScriptedServer {
 public:
  // Called on the server's thread with the number of the call (or message), counted from 0.
  using Script = std::function<Answer(std::uint64_t call)>;

  explicit ScriptedServer(Script script);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::string endpoint() const { return "127.0.0.1:" + std::to_string(port_); }
  std::uint64_t calls() const { return calls_.load(); }
  std::uint64_t connections() const { return connections_.load(); }
  // Streams on which something was answered.
  std::uint64_t streams() const { return streams_.load(); }

 private:
  class Peer;

  void Serve();
  void Accept();

  const Script script_;
  UniqueFd listener_;
  UniqueFd stop_;  // an eventfd
  int port_ = 0;
  std::atomic<std::uint64_t> calls_ = 0;
  std::atomic<std::uint64_t> connections_ = 0;
  std::atomic<std::uint64_t> streams_ = 0;
  std::map<int, std::unique_ptr<Peer>> peers_;  // by socket
  std::jthread thread_;
};

}  // namespace stele::load
