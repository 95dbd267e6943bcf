#include "src/server/peer/call_once.h"

#include <future>
#include <memory>
#include <string_view>
#include <utility>

#include "src/server/front/event_loop.h"
#include "src/server/front/grpc_client_connection.h"

namespace stele::server {
namespace {

// One connection, one call, one answer. Lives on its loop's thread.
class SingleCall final : public GrpcClientConnection::Owner, public GrpcClientStream::Events {
 public:
  using Answer = absl::StatusOr<std::string>;

  SingleCall(EventLoop* loop, const std::string& address, std::string path, std::string request,
             absl::Duration timeout)
      : path_(std::move(path)),
        request_(std::move(request)),
        timeout_(timeout),
        connection_(loop, OptionsOf(address, timeout), this) {}

  std::future<Answer> answer() { return answer_.get_future(); }
  void Start() { connection_.Connect(); }

 private:
  static GrpcClientOptions OptionsOf(const std::string& address, absl::Duration timeout) {
    GrpcClientOptions options;
    options.address = address;
    options.connect_timeout = timeout;
    return options;
  }

  void OnConnected() override {
    stream_ = connection_.Open(path_, {}, timeout_, this);
    if (stream_ == nullptr) return Conclude(absl::UnavailableError("the member is going away"));
    (void)stream_->Write(std::move(request_));
    stream_->HalfClose();
  }
  void OnConnectionLost(const absl::Status& reason) override { Conclude(reason); }

  void OnMessage(std::string_view message) override { Conclude(std::string(message)); }
  void OnEnd(const absl::Status& status) override {
    Conclude(status.ok() ? absl::UnavailableError("no answer") : status);
  }

  void Conclude(Answer answer) {
    if (std::exchange(concluded_, true)) return;
    answer_.set_value(std::move(answer));
  }

  const std::string path_;
  std::string request_;
  const absl::Duration timeout_;
  std::promise<Answer> answer_;
  bool concluded_ = false;
  GrpcClientConnection connection_;
  std::shared_ptr<GrpcClientStream> stream_;
};

}  // namespace

absl::StatusOr<std::string> CallOnce(const std::string& address, const std::string& path,
                                     const std::string& request, absl::Duration timeout) {
  EventLoop loop("call");
  SingleCall call(&loop, address, path, request, timeout);
  std::future<SingleCall::Answer> answer = call.answer();
  loop.Post([&call] { call.Start(); });
  loop.Start();
  // The call has a timeout of its own; this one is for a host name that is never resolved.
  const bool answered =
      answer.wait_for(absl::ToChronoMilliseconds(2 * timeout)) == std::future_status::ready;
  loop.Stop();
  if (!answered) return absl::DeadlineExceededError("no answer in time");
  return answer.get();
}

}  // namespace stele::server
