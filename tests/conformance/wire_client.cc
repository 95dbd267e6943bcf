#include "tests/conformance/wire_client.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <chrono>
#include <deque>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace stele::conformance {
namespace {

constexpr std::chrono::seconds kOnceLimit{30};

grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

std::string ToBytes(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

}  // namespace

// Keeps itself alive until gRPC is done with it. While `holding_`, gRPC may not end the call behind
// our back, so that writes can be started from outside of its callbacks.
class WireCall::Reactor : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  static std::shared_ptr<Reactor> Start(grpc::GenericStub* stub, const std::string& path,
                                        const Metadata& metadata, absl::Duration limit) {
    auto reactor = std::make_shared<Reactor>();
    reactor->self_ = reactor;
    for (const auto& [key, value] : metadata) reactor->context_->AddMetadata(key, value);
    reactor->context_->set_wait_for_ready(true);
    reactor->context_->set_deadline(std::chrono::system_clock::now() +
                                    absl::ToChronoNanoseconds(limit));
    stub->PrepareBidiStreamingCall(reactor->context_.get(), path, grpc::StubOptions(),
                                   reactor.get());
    reactor->AddHold();
    reactor->StartRead(&reactor->incoming_);
    reactor->StartCall();
    return reactor;
  }

  void Write(const std::string& message) {
    const absl::MutexLock lock(&mutex_);
    if (!holding_ || half_close_asked_) return;
    outgoing_.push_back(ToBuffer(message));
    WriteNext();
  }

  void WriteLast(const std::string& message) {
    const absl::MutexLock lock(&mutex_);
    if (!holding_ || half_close_asked_) return;
    outgoing_.push_back(ToBuffer(message));
    half_close_asked_ = true;
    WriteNext();
  }

  void HalfClose() {
    const absl::MutexLock lock(&mutex_);
    half_close_asked_ = true;
    WriteNext();
  }

  void Cancel() {
    const absl::MutexLock lock(&mutex_);
    if (context_ != nullptr) context_->TryCancel();
  }

  std::optional<std::string> Read(absl::Duration timeout) {
    const absl::MutexLock lock(&mutex_);
    const auto readable = [this] {
      mutex_.AssertReaderHeld();
      return !received_.empty() || end_.has_value();
    };
    mutex_.AwaitWithTimeout(absl::Condition(&readable), timeout);
    if (received_.empty()) return std::nullopt;
    std::string message = std::move(received_.front());
    received_.pop_front();
    return message;
  }

  std::optional<CallEnd> WaitForEnd(absl::Duration timeout) {
    const absl::MutexLock lock(&mutex_);
    const auto ended = [this] {
      mutex_.AssertReaderHeld();
      return end_.has_value();
    };
    mutex_.AwaitWithTimeout(absl::Condition(&ended), timeout);
    return end_;
  }

 private:
  void OnReadDone(bool ok) override {
    {
      const absl::MutexLock lock(&mutex_);
      if (ok) {
        received_.push_back(ToBytes(incoming_));
      } else {
        if (!holding_) return;
        holding_ = false;
      }
    }
    if (ok) {
      StartRead(&incoming_);
    } else {
      RemoveHold();
    }
  }

  void OnWriteDone(bool ok) override {
    const absl::MutexLock lock(&mutex_);
    writing_ = false;
    if (!ok) outgoing_.clear();
    WriteNext();
  }

  void OnDone(const grpc::Status& status) override {
    std::shared_ptr<Reactor> last;
    const absl::MutexLock lock(&mutex_);
    // It holds the channel, and gRPC's own thread, which this is, must not be the last to let go of
    // that.
    context_.reset();
    end_ = CallEnd{.code = status.error_code(), .text = status.error_message()};
    last.swap(self_);  // Released after the lock, whoever of us is the last.
  }

  void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || !holding_ || half_closed_) return;
    if (!outgoing_.empty()) {
      writing_ = true;
      current_.Swap(&outgoing_.front());
      outgoing_.pop_front();
      if (half_close_asked_ && outgoing_.empty()) {
        half_closed_ = true;
        StartWriteLast(&current_, grpc::WriteOptions());
      } else {
        StartWrite(&current_);
      }
    } else if (half_close_asked_) {
      half_closed_ = true;
      StartWritesDone();
    }
  }

  grpc::ByteBuffer incoming_;
  grpc::ByteBuffer current_;
  absl::Mutex mutex_;
  // Null once the call has ended; changes under the mutex.
  std::unique_ptr<grpc::ClientContext> context_ = std::make_unique<grpc::ClientContext>();
  std::deque<grpc::ByteBuffer> outgoing_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::string> received_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool holding_ ABSL_GUARDED_BY(mutex_) = true;
  bool half_close_asked_ ABSL_GUARDED_BY(mutex_) = false;
  bool half_closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<CallEnd> end_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<Reactor> self_ ABSL_GUARDED_BY(mutex_);
};

WireCall::WireCall(std::shared_ptr<Reactor> reactor) : reactor_(std::move(reactor)) {}

WireCall::~WireCall() {
  reactor_->Cancel();
  reactor_->WaitForEnd(absl::InfiniteDuration());
}

void WireCall::Write(const std::string& message) { reactor_->Write(message); }
void WireCall::WriteLast(const std::string& message) { reactor_->WriteLast(message); }
void WireCall::HalfClose() { reactor_->HalfClose(); }
void WireCall::Cancel() { reactor_->Cancel(); }
std::optional<std::string> WireCall::Read(absl::Duration timeout) {
  return reactor_->Read(timeout);
}
std::optional<CallEnd> WireCall::WaitForEnd(absl::Duration timeout) {
  return reactor_->WaitForEnd(timeout);
}

struct WireClient::Connection {
  explicit Connection(const std::shared_ptr<grpc::Channel>& to) : channel(to), stub(to) {}
  const std::shared_ptr<grpc::Channel> channel;
  grpc::GenericStub stub;
};

WireClient::WireClient(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  // Every client has a connection of its own, and a server that comes back is found quickly.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
  connection_ = std::make_unique<Connection>(
      grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
}

WireClient::~WireClient() = default;

std::unique_ptr<WireCall> WireClient::Open(const std::string& path, const Metadata& metadata,
                                           absl::Duration limit) {
  return std::make_unique<WireCall>(
      WireCall::Reactor::Start(&connection_->stub, path, metadata, limit));
}

CallEnd WireClient::CallOnce(const std::string& path, const google::protobuf::Message& request,
                             google::protobuf::Message* response) {
  using google::protobuf::MessageLite;
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  context.set_deadline(std::chrono::system_clock::now() + kOnceLimit);
  // What generated stubs call; a generic stub has no blocking form.
  const grpc::internal::RpcMethod method(path.c_str(), grpc::internal::RpcMethod::NORMAL_RPC);
  const grpc::Status status =
      grpc::internal::BlockingUnaryCall<MessageLite, MessageLite, MessageLite, MessageLite>(
          connection_->channel.get(), method, &context, request, response);
  return {.code = status.error_code(), .text = status.error_message()};
}

Answer WireClient::Call(const std::string& path, const std::string& request,
                        const Metadata& metadata, absl::Duration limit) {
  const std::unique_ptr<WireCall> call = Open(path, metadata, limit);
  call->WriteLast(request);
  Answer answer;
  while (std::optional<std::string> message = call->Read(absl::InfiniteDuration())) {
    answer.messages.push_back(*std::move(message));
  }
  answer.end = *call->WaitForEnd(absl::InfiniteDuration());
  return answer;
}

}  // namespace stele::conformance
