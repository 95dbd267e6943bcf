// The stubs behind MemberClient, for the few files that stream.
#pragma once

#include <absl/synchronization/mutex.h>

#include <memory>
#include <string>

#include "proto/rpc.grpc.pb.h"

namespace stele::process {

struct MemberStubs {
  explicit MemberStubs(const std::string& address);

  // To be called before a call that blocks. gRPC makes progress with a connection only while some
  // call waits for it, and calls do not wait after a failure: a caller that just tries again would
  // never see the member come back. Waits a moment if the connection is broken.
  void AdvanceConnection();

  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<etcdserverpb::KV::Stub> kv;
  std::unique_ptr<etcdserverpb::Watch::Stub> watch;
  std::unique_ptr<etcdserverpb::Lease::Stub> lease;
  std::unique_ptr<etcdserverpb::Maintenance::Stub> maintenance;

  absl::Mutex mutex;
  int pending ABSL_GUARDED_BY(mutex) = 0;  // Asynchronous calls without an answer.
};

}  // namespace stele::process
