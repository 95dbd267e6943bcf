#include "src/client/keep_alive_stream.h"

#include <algorithm>
#include <utility>

#include "absl/synchronization/notification.h"
#include "proto/rpc.grpc.pb.h"
#include "src/client/connections.h"
#include "src/client/retry.h"

namespace stele::client {
namespace {

using etcdserverpb::Lease;
using etcdserverpb::LeaseKeepAliveRequest;
using etcdserverpb::LeaseKeepAliveResponse;

}  // namespace

// An open stream with its own completion queue; operations are done one after the other.
struct KeepAliveStream::Stream {
  explicit Stream(Connection picked) : connection(std::move(picked)) {
    Lease::Stub stub(connection.channel);
    wire = stub.PrepareAsyncLeaseKeepAlive(&context, &queue);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  ~Stream() {
    context.TryCancel();
    queue.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue.Next(&tag, &ok)) {
    }
  }

  // Waits for the operation under way; true when it succeeded, false when the stream is broken or
  // the time is over.
  bool Await(absl::Time deadline) {
    void* tag = nullptr;
    bool ok = false;
    const auto next = queue.AsyncNext(&tag, &ok, ToDeadline(deadline));
    timed_out = next == grpc::CompletionQueue::TIMEOUT;
    return next == grpc::CompletionQueue::GOT_EVENT && ok;
  }

  // Why an operation failed.
  absl::Status Failure(absl::Time deadline) {
    if (timed_out) return absl::DeadlineExceededError("context deadline exceeded");
    wire->Finish(&ending, this);
    Await(deadline);
    absl::Status status = ToStatus(ending, connection.endpoint);
    return status.ok() ? absl::UnavailableError("the server ended the stream") : status;
  }

  Connection connection;
  grpc::CompletionQueue queue;
  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<LeaseKeepAliveRequest, LeaseKeepAliveResponse>>
      wire;
  LeaseKeepAliveResponse incoming;
  grpc::Status ending;
  bool timed_out = false;
};

KeepAliveStream::KeepAliveStream(const Client& client) : connections_(client.connections()) {}

KeepAliveStream::~KeepAliveStream() = default;

absl::Status KeepAliveStream::Open(absl::Time deadline) {
  auto connection = connections_->Pick(deadline);
  if (!connection.ok()) return connection.status();
  stream_ = std::make_unique<Stream>(*std::move(connection));
  stream_->wire->StartCall(stream_.get());
  if (stream_->Await(deadline)) return absl::OkStatus();
  return stream_->Failure(deadline);
}

absl::StatusOr<LeaseKeepAliveResponse> KeepAliveStream::Exchange(int64_t id, absl::Time deadline) {
  if (stream_ == nullptr) {
    absl::Status opened = Open(deadline);
    if (!opened.ok()) return opened;
  }
  LeaseKeepAliveRequest request;
  request.set_id(id);
  stream_->wire->Write(request, stream_.get());
  if (!stream_->Await(deadline)) return stream_->Failure(deadline);
  stream_->wire->Read(&stream_->incoming, stream_.get());
  if (!stream_->Await(deadline)) return stream_->Failure(deadline);
  return stream_->incoming;
}

absl::StatusOr<LeaseKeepAliveResponse> KeepAliveStream::Renew(int64_t id, absl::Time deadline) {
  for (int attempt = 1;; ++attempt) {
    auto response = Exchange(id, deadline);
    if (response.ok()) {
      // The server reports a lease that is gone by a TTL of zero.
      if (response->ttl() > 0) return response;
      return absl::NotFoundError("etcdserver: requested lease not found");
    }
    const absl::Status status = response.status();
    if (stream_ != nullptr) connections_->MarkFailed(stream_->connection, status);
    const bool connected = stream_ != nullptr;
    stream_.reset();
    if (!connected || !MayReopenStream(status) || absl::Now() >= deadline) return status;
    absl::Notification never;
    never.WaitForNotificationWithDeadline(std::min(deadline, absl::Now() + RetryPause(attempt)));
  }
}

}  // namespace stele::client
