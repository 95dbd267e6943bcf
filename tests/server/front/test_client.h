// A blocking face on GrpcClientConnection for tests. Every wait is bounded.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "src/server/front/event_loop.h"
#include "src/server/front/grpc_client_connection.h"

namespace stele::server {

inline constexpr absl::Duration kTestPatience = absl::Seconds(20);

class TestCall final : public GrpcClientStream::Events {
 public:
  explicit TestCall(EventLoop* loop) : loop_(loop) {}
  ~TestCall() override;

  bool Write(std::string message);
  void HalfClose();
  void Cancel();
  std::size_t queued_bytes();
  // The next message, or the end's status; kDeadlineExceeded ("test: ...") after kTestPatience.
  // An OK end comes as kOutOfRange.
  absl::StatusOr<std::string> Next();
  // Reads to the end.
  absl::Status End(std::vector<std::string>* messages = nullptr);

  void OnMessage(std::string_view message) override;
  void OnEnd(const absl::Status& status) override;

 private:
  friend class TestClient;
  EventLoop* const loop_;
  std::shared_ptr<GrpcClientStream> stream_;  // loop's thread
  absl::Mutex mutex_;
  std::deque<std::string> messages_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

class TestClient final : public GrpcClientConnection::Owner {
 public:
  explicit TestClient(GrpcClientOptions options);
  ~TestClient() override;

  // Connects and waits; the reason if that fails.
  absl::Status Connect();
  // Null if the connection takes no calls.
  std::unique_ptr<TestCall> Open(const std::string& path,
                                 const GrpcClientConnection::Metadata& metadata = {},
                                 absl::Duration timeout = absl::InfiniteDuration());
  absl::StatusOr<std::string> Unary(const std::string& path, std::string request,
                                    const GrpcClientConnection::Metadata& metadata = {},
                                    absl::Duration timeout = absl::InfiniteDuration());
  // Waits until the connection is lost, for the reason; kDeadlineExceeded if it is not.
  absl::Status AwaitLoss();

  void OnConnected() override;
  void OnConnectionLost(const absl::Status& reason) override;

  EventLoop& loop() { return loop_; }

 private:
  EventLoop loop_;
  std::unique_ptr<GrpcClientConnection> connection_;
  absl::Mutex mutex_;
  bool connected_ ABSL_GUARDED_BY(mutex_) = false;
  bool lost_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status reason_ ABSL_GUARDED_BY(mutex_);
};

// Runs `step` on the loop's thread and waits for it.
void RunOn(EventLoop* loop, absl::FunctionRef<void()> step);

}  // namespace stele::server
