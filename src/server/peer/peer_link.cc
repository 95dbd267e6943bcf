#include "src/server/peer/peer_link.h"

#include <utility>

#include "fmt/format.h"
#include "spdlog/spdlog.h"
#include "src/server/api/errors.h"

namespace stele::server {
namespace {

constexpr absl::Duration kRetryInterval = absl::Milliseconds(100);

// Collects the one answer of a unary call; deletes itself after the end.
class UnaryAnswer final : public GrpcClientStream::Events {
 public:
  explicit UnaryAnswer(std::function<void(absl::StatusOr<std::string>)> done)
      : done_(std::move(done)) {}

  void OnMessage(std::string_view message) override { answer_ = std::string(message); }

  void OnEnd(const absl::Status& status) override {
    if (status.ok()) {
      done_(std::move(answer_));
    } else {
      done_(status);
    }
    delete this;
  }

 private:
  const std::function<void(absl::StatusOr<std::string>)> done_;
  std::string answer_;
};

}  // namespace

PeerLink::PeerLink(EventLoop* loop, const PeerIdentity& identity, PeerAddress address,
                   const Surroundings* around)
    : loop_(loop), identity_(identity), address_(std::move(address)), around_(around) {}

PeerLink::~PeerLink() {
  loop_->CancelTimer(&retry_timer_);
  if (exchange_ != nullptr) exchange_->Cancel();
}

void PeerLink::Start() { MakeConnection(); }

void PeerLink::Send(std::string frame) {
  if (exchange_ == nullptr) return;
  (void)exchange_->Write(
      std::move(frame));  // refused when too much is queued: the core sends again
}

void PeerLink::Ask(const std::string& path, std::string request, absl::Duration timeout,
                   const std::function<void(absl::StatusOr<std::string>)>& done) {
  if (connection_ == nullptr || !connection_->connected()) {
    return done(absl::UnavailableError("not connected to the member"));
  }
  auto* answer = new UnaryAnswer(done);
  std::shared_ptr<GrpcClientStream> call = connection_->Open(path, Metadata(), timeout, answer);
  if (call == nullptr) {
    delete answer;
    return done(absl::UnavailableError("the member is going away"));
  }
  (void)call->Write(std::move(request));
  call->HalfClose();
}

std::shared_ptr<GrpcClientStream> PeerLink::Open(const std::string& path,
                                                 GrpcClientStream::Events* events) {
  if (connection_ == nullptr || !connection_->connected()) return nullptr;
  return connection_->Open(path, Metadata(), absl::InfiniteDuration(), events);
}

void PeerLink::MakeConnection() {
  GrpcClientOptions options;
  options.address = address_.host_ports[next_address_ % address_.host_ports.size()];
  ++next_address_;
  connection_ = std::make_unique<GrpcClientConnection>(loop_, std::move(options), this);
  connection_->Connect();
}

void PeerLink::OnConnected() {
  exchange_ = connection_->Open("/stelepb.Peer/Exchange", Metadata(), absl::InfiniteDuration(),
                                static_cast<GrpcClientStream::Events*>(this));
  if (exchange_ == nullptr) return RetryLater(absl::UnavailableError("the member is going away"));
  if (!last_reason_.empty()) {
    spdlog::info("connected to member {:x} again", address_.id.value);
    last_reason_.clear();
  }
}

void PeerLink::OnConnectionLost(const absl::Status& reason) { RetryLater(reason); }

void PeerLink::OnMessage(std::string_view) {}  // nothing comes back on this stream

void PeerLink::OnEnd(const absl::Status& status) {
  if (IsMemberRemoved(status)) around_->removed();
  RetryLater(status);
}

void PeerLink::RetryLater(const absl::Status& reason) {
  exchange_.reset();
  if (retry_pending_) return;
  retry_pending_ = true;
  around_->unreachable(address_.id);
  const std::string text(reason.message());
  if (text != last_reason_) {
    spdlog::warn("cannot reach member {:x} at {}: {}; trying on", address_.id.value,
                 fmt::join(address_.host_ports, ","), text);
    last_reason_ = text;
  }
  retry_timer_ = loop_->SetTimer(kRetryInterval, [this] {
    retry_pending_ = false;
    MakeConnection();
  });
}

GrpcClientConnection::Metadata PeerLink::Metadata() const {
  return {{"stele-cluster-id", fmt::format("{:x}", identity_.cluster_id)},
          {"stele-from", fmt::format("{:x}", identity_.self.value)},
          {"stele-to", fmt::format("{:x}", address_.id.value)},
          {"stele-peer-urls", around_->own_urls()}};
}

}  // namespace stele::server
