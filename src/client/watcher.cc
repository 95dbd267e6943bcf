#include "src/client/watcher.h"

#include <grpcpp/alarm.h>

#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "proto/rpc.grpc.pb.h"
#include "src/client/connections.h"
#include "src/client/key_prefix.h"
#include "src/client/retry.h"
#include "src/client/watch_cursor.h"

namespace stele::client {
namespace {

using etcdserverpb::Watch;
using etcdserverpb::WatchCreateRequest;
using etcdserverpb::WatchRequest;
using etcdserverpb::WatchResponse;

// One gRPC stream with at most one operation under way; ended and drained by its destructor.
struct OpenStream {
  Connection connection;
  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<WatchRequest, WatchResponse>> wire;
  WatchResponse incoming;
  grpc::Status ending;
};

// What the completion queue's only outstanding operation is.
enum class Operation { kNone, kOpen, kSend, kReceive, kFinish, kPause };

}  // namespace

class Watcher::Stream {
 public:
  Stream(const Client& client, WatchCreateRequest request)
      : connections_(client.connections()),
        key_prefix_(client.key_prefix()),
        request_(WithPrefix(key_prefix_, std::move(request))),
        cursor_(request_.start_revision()) {}

  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  ~Stream() {
    Cancel();
    pause_.Cancel();
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
    }
  }

  absl::Status WaitUntilCreated(absl::Time deadline) {
    while (!created_) {
      absl::Status step = Step(deadline);
      if (!step.ok()) return step;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<WatchResponse> Next(absl::Time deadline) {
    while (!ready_.has_value()) {
      if (ended_) return absl::FailedPreconditionError("the watch has ended");
      absl::Status step = Step(deadline);
      if (!step.ok()) return step;
    }
    WatchResponse response = *std::exchange(ready_, std::nullopt);
    return response;
  }

  void Cancel() {
    absl::MutexLock lock(&mutex_);
    cancelled_ = true;
    if (open_ != nullptr) open_->context.TryCancel();
  }

  bool cancelled() const {
    absl::MutexLock lock(&mutex_);
    return cancelled_;
  }

  int64_t next_revision() const { return cursor_.next_revision(); }
  int64_t reopened_count() const { return reopened_count_; }

 private:
  // Does one thing: starts an operation or waits for the end of the one that is under way.
  absl::Status Step(absl::Time deadline) {
    if (!failure_.ok()) return failure_;
    if (operation_ == Operation::kNone) {
      absl::Status opened = Open(deadline);
      if (!opened.ok()) return opened;
    }
    void* tag = nullptr;
    bool ok = false;
    if (queue_.AsyncNext(&tag, &ok, ToDeadline(deadline)) != grpc::CompletionQueue::GOT_EVENT) {
      return absl::DeadlineExceededError("nothing new on the watch");
    }
    Completed(std::exchange(operation_, Operation::kNone), ok);
    return failure_;
  }

  absl::Status Open(absl::Time deadline) {
    auto connection = connections_->Pick(deadline);
    {
      absl::MutexLock lock(&mutex_);
      if (cancelled_) return failure_ = absl::CancelledError("the watch was cancelled");
    }
    if (!connection.ok()) {
      if (absl::Now() >= deadline) {
        return absl::DeadlineExceededError(connection.status().message());
      }
      // Nobody answers at the moment. A watch that was never created says so; one that lives waits.
      if (!created_) return connection.status();
      StartPause();
      return absl::OkStatus();
    }
    auto open = std::make_unique<OpenStream>();
    open->connection = *connection;
    if (connections_->options().watch_requires_leader) {
      open->context.AddMetadata("hasleader", "true");
    }
    Watch::Stub stub(connection->channel);
    open->wire = stub.PrepareAsyncWatch(&open->context, &queue_);
    absl::MutexLock lock(&mutex_);
    open_ = std::move(open);
    if (cancelled_) open_->context.TryCancel();
    operation_ = Operation::kOpen;
    open_->wire->StartCall(Tag());
    return absl::OkStatus();
  }

  void Completed(Operation operation, bool ok) {
    switch (operation) {
      case Operation::kNone:
      case Operation::kPause:
        return;  // the next step opens the watch again
      case Operation::kOpen:
        return ok ? SendCreate() : Finish();
      case Operation::kSend:
        return ok ? Receive() : Finish();
      case Operation::kReceive:
        return ok ? Received() : Finish();
      case Operation::kFinish:
        return Finished();
    }
  }

  void SendCreate() {
    WatchRequest request;
    *request.mutable_create_request() = request_;
    request.mutable_create_request()->set_start_revision(cursor_.next_revision());
    request.mutable_create_request()->set_watch_id(0);
    operation_ = Operation::kSend;
    open_->wire->Write(request, Tag());
  }

  void Receive() {
    operation_ = Operation::kReceive;
    open_->wire->Read(&open_->incoming, Tag());
  }

  void Received() {
    attempt_ = 0;
    if (open_->incoming.created()) created_ = true;
    if (open_->incoming.canceled()) ended_ = true;
    ready_ = cursor_.Take(std::exchange(open_->incoming, WatchResponse()));
    if (ready_.has_value() && !key_prefix_.empty()) StripPrefixFrom(key_prefix_, *ready_);
    // Events are read only when they are asked for, so that a slow user slows the server down. The
    // one response that is read ahead also notices the loss of the connection.
    if (ended_) {
      open_->context.TryCancel();
      Finish();
    } else {
      Receive();
    }
  }

  void Finish() {
    operation_ = Operation::kFinish;
    open_->wire->Finish(&open_->ending, Tag());
  }

  void Finished() {
    absl::Status status = ToStatus(open_->ending, open_->connection.endpoint);
    connections_->MarkFailed(open_->connection, status);
    cursor_.ForgetFragments();
    absl::MutexLock lock(&mutex_);
    open_.reset();
    if (ended_) return;
    if (cancelled_) {
      failure_ = absl::CancelledError("the watch was cancelled");
    } else if (status.ok() || MayReopenStream(status)) {
      // A member that shuts down in good order ends its streams without an error.
      ++reopened_count_;
      StartPause();
    } else {
      failure_ = status;
    }
  }

  void StartPause() {
    operation_ = Operation::kPause;
    pause_.Set(&queue_, ToDeadline(absl::Now() + RetryPause(++attempt_)), Tag());
  }

  void* Tag() { return this; }

  const std::shared_ptr<Connections> connections_;
  const std::string key_prefix_;
  const WatchCreateRequest request_;
  WatchCursor cursor_;
  grpc::CompletionQueue queue_;
  grpc::Alarm pause_;
  Operation operation_ = Operation::kNone;
  int attempt_ = 0;
  int64_t reopened_count_ = 0;
  bool created_ = false;
  bool ended_ = false;  // by the server's word
  std::optional<WatchResponse> ready_;
  absl::Status failure_;  // final once it is not OK

  mutable absl::Mutex mutex_;  // for Cancel by another thread
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<OpenStream> open_;  // replaced only under mutex_, read by the using thread
};

Watcher::Watcher(const Client& client, WatchCreateRequest request)
    : stream_(std::make_unique<Stream>(client, std::move(request))) {}

Watcher::~Watcher() = default;

absl::Status Watcher::WaitUntilCreated(absl::Time deadline) {
  return stream_->WaitUntilCreated(deadline);
}

absl::StatusOr<WatchResponse> Watcher::Next(absl::Time deadline) { return stream_->Next(deadline); }

int64_t Watcher::next_revision() const { return stream_->next_revision(); }

int64_t Watcher::reopened_count() const { return stream_->reopened_count(); }

void Watcher::Cancel() { stream_->Cancel(); }

bool Watcher::cancelled() const { return stream_->cancelled(); }

}  // namespace stele::client
