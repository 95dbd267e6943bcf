// A blocking face on GrpcClientConnection for tests. Every wait is bounded.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
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
  std::mutex mutex_;                          // guards what follows
  std::condition_variable changed_;
  std::deque<std::string> messages_;
  bool ended_ = false;
  absl::Status status_;
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
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  bool connected_ = false;
  bool lost_ = false;
  absl::Status reason_;
};

// Runs `step` on the loop's thread and waits for it.
void RunOn(EventLoop* loop, absl::FunctionRef<void()> step);

}  // namespace stele::server
