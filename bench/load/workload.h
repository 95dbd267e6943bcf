// What the clients ask for. A workload knows messages and keys; it knows no sockets, no clocks and
// no threads. Each thread has its own.
//
// A new kind of load is one more file that implements this and one more row in workload_table.cc.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace stele::load {

// A request as it goes into a DATA frame: the gRPC prefix and the message. Each client owns one and
// reuses its bytes from operation to operation.
struct Request {
  std::size_t operation = 0;  // index into Workload::operations()
  std::string_view path;      // of the gRPC method, static
  std::string body;
  // Which prepared message `body` was copied from. A workload that finds its own here only patches
  // what changes.
  const void* shape = nullptr;
  std::uint64_t received = 0;  // for workloads whose answer has many parts
};

// How the operations of a workload and the calls of the protocol belong together.
enum class CallKind : std::uint8_t {
  kUnary,          // each operation is a call
  kStream,         // each client keeps one call; an operation is a message and its answer
  kStreamForEach,  // each operation is a call of many answers that the client ends
};

// What an answer on a stream means for the operation under way.
enum class Verdict : std::uint8_t { kMore, kDone, kFailed };

class Workload {
 public:
  virtual ~Workload() = default;
  // Names of the kinds of operation, each of which gets its own line in the report.
  virtual std::span<const std::string_view> operations() const = 0;
  virtual CallKind call_kind() const { return CallKind::kUnary; }
  // Makes `request` the next one. The request was made by this workload before, or is new.
  virtual void Prepare(Request* request) = 0;
  // Judges one answer to `request` on a stream; after kFailed, `failure` says why. Never called for
  // kUnary, whose operations end with the call.
  virtual Verdict OnMessage(Request* request, std::string_view message, std::string* failure);
  // Events in the answers so far, for loads of watches.
  virtual std::uint64_t events() const { return 0; }
};

inline Verdict Workload::OnMessage(Request* /*request*/, std::string_view /*message*/,
                                   std::string* failure) {
  *failure = "an answer that nobody expects";
  return Verdict::kFailed;
}

}  // namespace stele::load
