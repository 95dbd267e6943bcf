#include "src/server/watch/watch_service.h"

#include <memory>
#include <string_view>
#include <utility>

#include "proto/rpc.pb.h"
#include "src/server/api/parse_request.h"

namespace stele::server {
namespace {

class WatchStreamHandler : public CallHandler {
 public:
  WatchStreamHandler(WatchHub* hub, const std::shared_ptr<Call>& call)
      : hub_(hub), stream_(hub->OpenStream(call, call->Metadata("hasleader") == "true")) {}

  // The call may have ended in a way that no event reported.
  ~WatchStreamHandler() override { Close(absl::CancelledError()); }

  void OnMessage(std::string_view message) override {
    etcdserverpb::WatchRequest request;
    const absl::Status fault = ParseStreamMessage(message, &request);
    if (!fault.ok()) return Close(fault);
    switch (request.request_union_case()) {
      case etcdserverpb::WatchRequest::kCreateRequest:
        hub_->Create(stream_, std::move(*request.mutable_create_request()));
        break;
      case etcdserverpb::WatchRequest::kCancelRequest:
        hub_->Cancel(stream_, request.cancel_request().watch_id());
        break;
      case etcdserverpb::WatchRequest::kProgressRequest:
        hub_->RequestProgress(stream_);
        break;
      case etcdserverpb::WatchRequest::REQUEST_UNION_NOT_SET:
        break;  // of a later version of the API, or empty: there is nothing to answer
    }
  }

  void OnHalfClose() override { Close(absl::OkStatus()); }
  void OnCancel() override { Close(absl::CancelledError("etcdserver: watch canceled")); }

 private:
  void Close(const absl::Status& status) {
    if (std::exchange(closed_, true)) return;
    hub_->CloseStream(stream_, status);
  }

  WatchHub* const hub_;
  const WatchStreamId stream_;
  bool closed_ = false;
};

// Takes the place of a stream that was not admitted.
class RefusedStream : public CallHandler {
 public:
  void OnMessage(std::string_view /*message*/) override {}
};

}  // namespace

WatchService::WatchService(WatchHub* hub, std::function<absl::Status()> admit)
    : hub_(hub), admit_(std::move(admit)) {}

Method WatchService::WatchMethod() {
  Method method;
  method.path = "/etcdserverpb.Watch/Watch";
  method.kind = MethodKind::kBidiStream;
  method.on_stream = [this](const std::shared_ptr<Call>& call) -> std::unique_ptr<CallHandler> {
    if (const absl::Status status = admit_ ? admit_() : absl::OkStatus(); !status.ok()) {
      call->Finish(status);
      return std::make_unique<RefusedStream>();
    }
    return std::make_unique<WatchStreamHandler>(hub_, call);
  };
  return method;
}

}  // namespace stele::server
