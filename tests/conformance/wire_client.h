// gRPC calls of any method, in serialized messages: the suite must be able to say, and to see,
// whatever goes over the wire. Nothing is repeated and nothing is interpreted.
#pragma once

#include <google/protobuf/message.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace stele::conformance {

using Metadata = std::vector<std::pair<std::string, std::string>>;

// How a call ended: the number of a gRPC status code and its text.
struct CallEnd {
  int code = 0;
  std::string text;
};

// One call under way. To be used by one thread. The destructor cancels the call and waits for it.
class WireCall {
 public:
  class Reactor;

  explicit WireCall(std::shared_ptr<Reactor> reactor);
  WireCall(const WireCall&) = delete;
  WireCall& operator=(const WireCall&) = delete;
  ~WireCall();

  // Queues a message; ignored once the call has ended.
  void Write(const std::string& message);
  // Queues the only, or last, message: it goes out together with the end of the stream, as that of
  // an ordinary unary call does. A server need not wait for an end that comes later.
  void WriteLast(const std::string& message);
  // Says that no more messages will be written.
  void HalfClose();
  void Cancel();

  // The next message. Nothing if none arrived within `timeout` or there will be no more.
  std::optional<std::string> Read(absl::Duration timeout);

  // How the call ended; nothing if it goes on after `timeout`. Unread messages stay readable.
  std::optional<CallEnd> WaitForEnd(absl::Duration timeout);

 private:
  std::shared_ptr<Reactor> reactor_;
};

// All answers to one request.
struct Answer {
  std::vector<std::string> messages;
  CallEnd end;
};

class WireClient {
 public:
  // `address` is host:port. Does not wait for a connection; calls do.
  explicit WireClient(const std::string& address);
  WireClient(const WireClient&) = delete;
  WireClient& operator=(const WireClient&) = delete;
  ~WireClient();

  // `path` is "/package.Service/Method". The call ends with DeadlineExceeded after `limit`.
  std::unique_ptr<WireCall> Open(const std::string& path, const Metadata& metadata,
                                 absl::Duration limit);

  // One unary call in the fastest way there is. Fills `response` if the call succeeds.
  CallEnd CallOnce(const std::string& path, const google::protobuf::Message& request,
                   google::protobuf::Message* response);

  // Sends one request and gathers what comes back until the call ends.
  Answer Call(const std::string& path, const std::string& request, const Metadata& metadata,
              absl::Duration limit);

 private:
  struct Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace stele::conformance
