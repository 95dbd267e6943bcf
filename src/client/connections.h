// The gRPC channels of one client: one an endpoint, made on first use, and the knowledge of which
// of them worked last. Internal to src/client; the only header there that shows gRPC.
//
// Thread-safe.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "src/client/client_options.h"
#include "src/client/endpoints.h"

namespace stele::client {

// A channel that was connected when it was picked.
struct Connection {
  size_t position = 0;  // of its endpoint in the list
  std::string endpoint;
  std::shared_ptr<grpc::Channel> channel;
};

class Connections {
 public:
  Connections(ClientOptions options, std::vector<Endpoint> endpoints);
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;
  ~Connections();

  // A connected channel: the one that worked last when it still does, else the first that answers.
  // Waits up to the dial timeout and never past `deadline`; Unavailable, naming every endpoint that
  // was tried, when none answers, so nothing has been sent.
  absl::StatusOr<Connection> Pick(absl::Time deadline);

  // What became of a call or stream on `connection`: the next Pick starts behind an endpoint that
  // is gone, silent or shutting down (a stream's end without an error). Other errors change
  // nothing.
  void MarkFailed(const Connection& connection, const absl::Status& status);

  const ClientOptions& options() const { return options_; }
  const std::vector<Endpoint>& endpoints() const { return endpoints_; }

 private:
  // Asks for a notice in `changes_` when the channel leaves `state`, unless one is pending already.
  void Await(size_t position, grpc_connectivity_state state)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(dial_mutex_);

  // Waits for any channel to change; false at the deadline.
  bool WaitForChange(absl::Time deadline) ABSL_EXCLUSIVE_LOCKS_REQUIRED(dial_mutex_);

  const ClientOptions options_;
  const std::vector<Endpoint> endpoints_;
  std::vector<std::shared_ptr<grpc::Channel>> channels_;  // parallel to endpoints_, constant
  std::vector<size_t> notice_tags_;  // position i at i: the addresses are the queue's tags
  absl::Mutex dial_mutex_;           // held while looking for a connected channel; before mutex_
  grpc::CompletionQueue changes_ ABSL_GUARDED_BY(dial_mutex_);
  std::vector<bool> notice_pending_ ABSL_GUARDED_BY(dial_mutex_);
  absl::Mutex mutex_;
  size_t preferred_ ABSL_GUARDED_BY(mutex_) = 0;
};

// The gRPC status with its code and its exact text; never OK for a status that is not.
absl::Status ToStatus(const grpc::Status& status);

// As above, remembering the endpoint that answered; see EndpointOf.
absl::Status ToStatus(const grpc::Status& status, const std::string& endpoint);

// The gRPC deadline of a point in time.
std::chrono::system_clock::time_point ToDeadline(absl::Time time);

}  // namespace stele::client
