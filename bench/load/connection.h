// One HTTP/2 connection to a member, carrying gRPC calls. It has no thread and never waits: its
// owner polls the socket and says when it is ready.
//
//   Start(call) ... Flush()      requests go out
//   Open(call), Send(call) ... Flush()   the same for calls of many messages
//   OnReadable() ... Flush()     answers come in; each call ends exactly once by OnEnd
//
// All calls still under way end when the connection is lost or destroyed. OnEnd must not start a
// call: its owner does that once it is back in its own loop. Not thread-safe.
#pragma once

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "bench/load/unique_fd.h"

namespace stele::load {

// How a call ended. The views live until OnEnd returns.
struct CallEnd {
  int grpc_status = -1;  // -1: the server sent none
  std::string_view grpc_message;
  std::string_view transport;  // what broke, when there is no grpc_status
  bool ok() const { return grpc_status == 0; }
};

// One call and who wants to hear of it. Lives longer than the call.
class Call {
 public:
  virtual ~Call() = default;
  // A piece of the response, in the server's cuts, gRPC prefixes included.
  virtual void OnData(std::string_view bytes) = 0;
  virtual void OnEnd(const CallEnd& end) = 0;

 private:
  friend class Connection;
  std::string_view unsent_;
  bool stream_ = false;  // more messages may follow; `queued_` holds what was not sent
  std::string queued_;   // of a stream
  std::int32_t stream_id_ = -1;
  std::size_t position_ = 0;  // in Connection::calls_
  int http_status_ = 0;
  int grpc_status_ = -1;
  std::string grpc_message_;
};

class Connection {
 public:
  // `authority` outlives this. The socket is connected and non-blocking.
  Connection(UniqueFd fd, std::string_view authority);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int fd() const { return fd_.get(); }
  // Whether calls can be started. Never becomes true again.
  bool usable() const { return usable_; }
  std::size_t calls_in_flight() const { return calls_.size(); }

  // Starts a call of the method `path` with one framed message, both kept by the caller until the
  // call ends, which may be before Start returns. REQUIRES: usable() and the call is not under way.
  void Start(Call* call, std::string_view path, std::string_view body);
  // Starts a call that sends as many messages as its caller likes and ends only with the server,
  // the connection or Cancel. REQUIRES as Start; the call may have ended before this returns.
  void Open(Call* call, std::string_view path);
  // Sends one framed message, which is copied, on a call that Open started and that has not ended.
  void Send(Call* call, std::string_view framed);
  // Gives a call up; it ends with `reason`.
  void Cancel(Call* call, std::string_view reason);

  // Room for one read, shared by all connections of a thread so that it stays in the cache.
  static constexpr std::size_t kReadBytes = 64U << 10;
  using ReadBuffer = std::array<std::uint8_t, kReadBytes>;

  // Reads what there is. Afterwards the connection may not be usable any more.
  void OnReadable(ReadBuffer* buffer);
  // Sends what can be sent. Returns whether some is left for when the socket is writable.
  bool Flush();

 private:
  struct Callbacks;  // nghttp2's side
  friend struct Callbacks;

  void Submit(Call* call, std::string_view path);
  void Finish(Call* call, std::string_view transport);
  void Lose(std::string_view reason);

  UniqueFd fd_;
  const std::string_view authority_;
  nghttp2_session* session_ = nullptr;
  bool usable_ = true;
  std::vector<Call*> calls_;  // under way
  std::string unsent_;        // serialised by nghttp2, not yet taken by the socket
  std::size_t sent_ = 0;      // of unsent_
};

}  // namespace stele::load
