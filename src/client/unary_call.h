// One call of one method with its repetitions. Internal to src/client; shows gRPC.
#pragma once

#include <grpcpp/grpcpp.h>

#include <algorithm>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "src/client/client.h"
#include "src/client/connections.h"
#include "src/client/retry.h"

namespace stele::client {

template <typename Stub, typename Request, typename Response>
using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const Request&, Response*);

// When a call that starts now has to end.
inline absl::Time DeadlineOf(const Connections& connections, const CallOptions& options) {
  return absl::Now() + (options.timeout > absl::ZeroDuration()
                            ? options.timeout
                            : connections.options().call_timeout);
}

// Waits between two tries, but not past the deadline.
inline void PauseBeforeRetry(int attempt, absl::Time deadline) {
  absl::Notification never;
  never.WaitForNotificationWithDeadline(std::min(deadline, absl::Now() + RetryPause(attempt)));
}

// Calls Service's `method`, repeated as far as that is safe for its kind.
template <typename Service, typename Request, typename Response>
absl::StatusOr<Response> Call(Connections& connections, CallKind kind,
                              Method<typename Service::Stub, Request, Response> method,
                              const Request& request, const CallOptions& options) {
  const absl::Time deadline = DeadlineOf(connections, options);
  for (int attempt = 1;; ++attempt) {
    auto connection = connections.Pick(deadline);
    if (!connection.ok()) return connection.status();
    grpc::ClientContext context;
    context.set_deadline(ToDeadline(deadline));
    typename Service::Stub stub(connection->channel);
    Response response;
    const grpc::Status answer = (stub.*method)(&context, request, &response);
    if (answer.ok()) return response;
    const absl::Status status = ToStatus(answer, connection->endpoint);
    connections.MarkFailed(*connection, status);
    if (!MayRetry(kind, status) || absl::Now() >= deadline) return status;
    PauseBeforeRetry(attempt, deadline);
  }
}

}  // namespace stele::client
