// One remote call as a handler sees it, whatever brought it: gRPC on HTTP/2, later the JSON
// gateway, or a test. Handlers know no socket; transports know no method.
//
// Threads: OnStart/OnMessage/OnHalfClose/OnCancel of a handler are called by the transport's thread
// of that call, one at a time and in that order. The Call's own methods may be called by any thread
// at any time, also after the call ended (they then do nothing). A transport keeps a Call alive as
// long as anybody holds it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace stele::server {

class Call {
 public:
  virtual ~Call() = default;

  // Value of a request header (lower-case name; binary headers decoded), nullopt if absent.
  virtual std::optional<std::string> Metadata(std::string_view name) const = 0;
  // absl::InfiniteFuture() when the client set none. The transport itself ends calls that outlive
  // it with kDeadlineExceeded.
  virtual absl::Time deadline() const = 0;
  // "127.0.0.1:4711", for logs.
  virtual std::string peer() const = 0;
  // The client went away, the deadline passed, or Finish was called.
  virtual bool ended() const = 0;

  // Queues one serialised response message. Messages leave in the order of the calls to Write. The
  // bytes are shared, so one encoded event can go to many calls without a copy: a message is the
  // concatenation of `parts`.
  using Bytes = std::shared_ptr<const std::string>;
  virtual void Write(std::span<const Bytes> parts) = 0;
  void Write(std::string message) {
    const Bytes part = std::make_shared<const std::string>(std::move(message));
    Write(std::span<const Bytes>(&part, 1));
  }

  // Ends the call: trailers with the status follow what was written. Only the first Finish counts.
  virtual void Finish(const absl::Status& status) = 0;

  // Write + Finish(OK) in one hand-over to the transport's thread.
  virtual void Reply(std::string message) = 0;

  // Bytes queued by Write and not yet taken by the peer's flow-control window: what a slow reader
  // costs us.
  virtual std::size_t queued_bytes() const = 0;
  // `drained` is called once, by the transport's thread, as soon as queued_bytes() <= `threshold`
  // (maybe at once), or never if the call ends first.
  virtual void NotifyDrained(std::size_t threshold, std::function<void()> drained) = 0;

  // `cancelled` is called once, by the transport's thread, if the client goes away or the deadline
  // passes before Finish or Reply; maybe at once. It is destroyed when the call is over. At most
  // one a call; for handlers of requests, as streams have CallHandler::OnCancel.
  // NOLINTNEXTLINE(performance-unnecessary-value-param): whoever overrides it keeps the function
  virtual void NotifyCancelled(std::function<void()> /*cancelled*/) {}
};

// The server side of one call. Made by the method's factory when headers arrive; destroyed after
// OnCancel or after the call ended and the last event was delivered.
class CallHandler {
 public:
  virtual ~CallHandler() = default;
  // One complete request message. Valid during the call only.
  virtual void OnMessage(std::string_view message) = 0;
  // The client will send no more messages.
  virtual void OnHalfClose() {}
  // The client is gone or the deadline passed before Finish; nothing more can be sent.
  virtual void OnCancel() {}
};

enum class MethodKind : std::uint8_t { kUnary, kServerStream, kBidiStream };

// A row of the method table.
struct Method {
  std::string path;  // "/etcdserverpb.KV/Put"
  MethodKind kind = MethodKind::kUnary;

  // kUnary and kServerStream: called once, with the complete request, after half-close. A unary
  // handler answers by Reply or by Finish(error); it may keep `call`.
  std::function<void(std::shared_ptr<Call> call, std::string_view request)> on_request;

  // kBidiStream: called when headers arrive.
  std::function<std::unique_ptr<CallHandler>(std::shared_ptr<Call> call)> on_stream;
};

// Method rows by path. Filled at start-up, then read by any thread.
class MethodTable {
 public:
  virtual ~MethodTable() = default;
  virtual const Method* Find(std::string_view path) const = 0;
  // Whether any method of this service ("etcdserverpb.KV") exists, to tell "unknown service" from
  // "unknown method".
  virtual bool HasService(std::string_view service) const = 0;
};

}  // namespace stele::server
