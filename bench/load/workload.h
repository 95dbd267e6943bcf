// What the clients ask for. A workload knows messages and keys; it knows no sockets, no clocks and
// no threads. Each thread has its own.
//
// A new kind of unary load is one more file that implements this and one more row in
// workload_table.cc.
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
};

class Workload {
 public:
  virtual ~Workload() = default;
  // Names of the kinds of operation, each of which gets its own line in the report.
  virtual std::span<const std::string_view> operations() const = 0;
  // Makes `request` the next one. The request was made by this workload before, or is new.
  virtual void Prepare(Request* request) = 0;
};

}  // namespace stele::load
