#include "tests/server/front/test_client.h"

#include <latch>
#include <utility>

namespace stele::server {

void RunOn(EventLoop* loop, absl::FunctionRef<void()> step) {
  std::latch ran(1);
  loop->Post([&] {
    step();
    ran.count_down();
  });
  ran.wait();
}

TestCall::~TestCall() {
  RunOn(loop_, [this] {
    if (stream_ != nullptr) stream_->Cancel();
    stream_.reset();
  });
}

bool TestCall::Write(std::string message) {
  bool written = false;
  RunOn(loop_, [&] { written = stream_->Write(std::move(message)); });
  return written;
}

void TestCall::HalfClose() {
  RunOn(loop_, [this] { stream_->HalfClose(); });
}

void TestCall::Cancel() {
  RunOn(loop_, [this] { stream_->Cancel(); });
}

std::size_t TestCall::queued_bytes() {
  std::size_t bytes = 0;
  RunOn(loop_, [&] { bytes = stream_->queued_bytes(); });
  return bytes;
}

absl::StatusOr<std::string> TestCall::Next() {
  std::unique_lock lock(mutex_);
  const auto ready = [this]() { return ended_ || !messages_.empty(); };
  if (!changed_.wait_for(lock, absl::ToChronoSeconds(kTestPatience), ready)) {
    return absl::DeadlineExceededError("test: no message");
  }
  if (messages_.empty()) return status_.ok() ? absl::OutOfRangeError("end") : status_;
  std::string message = std::move(messages_.front());
  messages_.pop_front();
  return message;
}

absl::Status TestCall::End(std::vector<std::string>* messages) {
  while (true) {
    absl::StatusOr<std::string> next = Next();
    if (!next.ok()) {
      return absl::IsOutOfRange(next.status()) ? absl::OkStatus() : next.status();
    }
    if (messages != nullptr) messages->push_back(*std::move(next));
  }
}

void TestCall::OnMessage(std::string_view message) {
  std::unique_lock lock(mutex_);
  messages_.emplace_back(message);
  changed_.notify_all();
}

void TestCall::OnEnd(const absl::Status& status) {
  std::unique_lock lock(mutex_);
  ended_ = true;
  status_ = status;
  changed_.notify_all();
}

TestClient::TestClient(GrpcClientOptions options) : loop_("test-client") {
  loop_.Start();
  RunOn(&loop_, [&] {
    connection_ = std::make_unique<GrpcClientConnection>(&loop_, std::move(options), this);
  });
}

TestClient::~TestClient() {
  RunOn(&loop_, [this] { connection_.reset(); });
}

absl::Status TestClient::Connect() {
  {
    std::unique_lock lock(mutex_);
    connected_ = lost_ = false;
  }
  RunOn(&loop_, [this] { connection_->Connect(); });
  std::unique_lock lock(mutex_);
  const auto settled = [this]() { return connected_ || lost_; };
  if (!changed_.wait_for(lock, absl::ToChronoSeconds(kTestPatience), settled)) {
    return absl::DeadlineExceededError("test: not connected");
  }
  return connected_ ? absl::OkStatus() : reason_;
}

std::unique_ptr<TestCall> TestClient::Open(const std::string& path,
                                           const GrpcClientConnection::Metadata& metadata,
                                           absl::Duration timeout) {
  auto call = std::make_unique<TestCall>(&loop_);
  RunOn(&loop_, [&] { call->stream_ = connection_->Open(path, metadata, timeout, call.get()); });
  if (call->stream_ == nullptr) return nullptr;
  return call;
}

absl::StatusOr<std::string> TestClient::Unary(const std::string& path, std::string request,
                                              const GrpcClientConnection::Metadata& metadata,
                                              absl::Duration timeout) {
  const std::unique_ptr<TestCall> call = Open(path, metadata, timeout);
  if (call == nullptr) return absl::UnavailableError("test: not connected");
  call->Write(std::move(request));  // refused if the server's answer was faster; it follows below
  call->HalfClose();
  absl::StatusOr<std::string> answer = call->Next();
  if (!answer.ok()) return answer;
  if (const absl::Status end = call->End(); !end.ok()) return end;
  return answer;
}

absl::Status TestClient::AwaitLoss() {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, absl::ToChronoSeconds(kTestPatience), [this] { return lost_; })) {
    return absl::DeadlineExceededError("test: still connected");
  }
  return reason_;
}

void TestClient::OnConnected() {
  std::unique_lock lock(mutex_);
  connected_ = true;
  changed_.notify_all();
}

void TestClient::OnConnectionLost(const absl::Status& reason) {
  std::unique_lock lock(mutex_);
  lost_ = true;
  reason_ = reason;
  changed_.notify_all();
}

}  // namespace stele::server
