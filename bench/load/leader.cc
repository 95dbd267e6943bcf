#include "bench/load/leader.h"

#include <poll.h>

#include <memory>
#include <utility>

#include "absl/time/clock.h"
#include "bench/load/connection.h"
#include "bench/load/grpc_frame.h"
#include "fmt/format.h"
#include "proto/rpc.pb.h"

namespace stele::load {
namespace {

class CollectingCall final : public Call {
 public:
  void OnData(std::string_view bytes) override { framed_.append(bytes); }
  void OnEnd(const CallEnd& end) override {
    ended_ = true;
    if (end.ok()) return;
    status_ = end.grpc_status < 0 ? absl::UnavailableError(std::string(end.transport))
                                  : absl::Status(static_cast<absl::StatusCode>(end.grpc_status),
                                                 std::string(end.grpc_message));
  }

  bool ended() const { return ended_; }
  absl::StatusOr<std::string> Message() const {
    if (!status_.ok()) return status_;
    const std::optional<std::string_view> message = UnframeGrpcMessage(framed_);
    if (!message.has_value()) return absl::DataLossError("the answer is not one gRPC message");
    return std::string(*message);
  }

 private:
  bool ended_ = false;
  std::string framed_;
  absl::Status status_;
};

// Waits until the socket is ready. False when the deadline has passed.
bool Poll(int fd, bool for_writing, absl::Time deadline) {
  const std::int64_t wait_ms = absl::ToInt64Milliseconds(deadline - absl::Now());
  if (wait_ms <= 0) return false;
  pollfd poll_fd = {
      .fd = fd, .events = static_cast<short>(POLLIN | (for_writing ? POLLOUT : 0)), .revents = 0};
  return ::poll(&poll_fd, 1, static_cast<int>(wait_ms)) != 0;
}

}  // namespace

absl::StatusOr<std::string> CallOnce(const Endpoint& endpoint, std::string_view path,
                                     std::string_view message, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  absl::StatusOr<UniqueFd> fd = BeginConnect(endpoint);
  if (!fd.ok()) return fd.status();
  if (!Poll(fd->get(), true, deadline)) return absl::DeadlineExceededError("connect");
  if (absl::Status status = ConnectResult(fd->get()); !status.ok()) return status;

  const std::string framed = FrameGrpcMessage(message);
  CollectingCall call;
  const auto buffer = std::make_unique<Connection::ReadBuffer>();
  Connection connection(*std::move(fd), endpoint.authority);
  connection.Start(&call, path, framed);
  while (!call.ended()) {
    const bool more = connection.Flush();
    if (call.ended()) break;
    if (!Poll(connection.fd(), more, deadline)) return absl::DeadlineExceededError("no answer");
    connection.OnReadable(buffer.get());
  }
  return call.Message();
}

absl::StatusOr<Endpoint> FindLeader(const std::vector<Endpoint>& endpoints,
                                    absl::Duration timeout) {
  std::string refusals;
  for (const Endpoint& endpoint : endpoints) {
    const absl::StatusOr<std::string> answer =
        CallOnce(endpoint, "/etcdserverpb.Maintenance/Status", "", timeout);
    etcdserverpb::StatusResponse status;
    if (!answer.ok()) {
      refusals +=
          fmt::format("; {}: {}", endpoint.authority, std::string(answer.status().message()));
    } else if (!status.ParseFromString(*answer)) {
      refusals += fmt::format("; {}: the answer cannot be parsed", endpoint.authority);
    } else if (status.leader() != 0 && status.leader() == status.header().member_id()) {
      return endpoint;
    } else {
      refusals += fmt::format("; {}: does not lead", endpoint.authority);
    }
  }
  return absl::UnavailableError("no endpoint leads" + refusals);
}

}  // namespace stele::load
