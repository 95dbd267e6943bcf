#include "src/server/membership/fetch_members.h"

#include <future>
#include <memory>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "src/server/front/event_loop.h"
#include "src/server/front/grpc_client_connection.h"
#include "src/server/node_parts.h"

namespace stele::server {
namespace {

constexpr absl::Duration kFetchTimeout = absl::Seconds(10);

// One connection, one call, one answer. Lives on its loop's thread.
class ListCall final : public GrpcClientConnection::Owner, public GrpcClientStream::Events {
 public:
  using Answer = absl::StatusOr<stelepb::MemberList>;

  ListCall(EventLoop* loop, const std::string& address, absl::Duration timeout)
      : timeout_(timeout), connection_(loop, OptionsOf(address, timeout), this) {}

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
    stream_ = connection_.Open("/stelepb.Peer/ListMembers", {}, timeout_, this);
    if (stream_ == nullptr) return Conclude(absl::UnavailableError("the member is going away"));
    (void)stream_->Write(stelepb::MemberListQuestion().SerializeAsString());
    stream_->HalfClose();
  }
  void OnConnectionLost(const absl::Status& reason) override { Conclude(reason); }

  void OnMessage(std::string_view message) override {
    stelepb::MemberList list;
    if (!list.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
      return Conclude(absl::InternalError("malformed answer"));
    }
    Conclude(std::move(list));
  }
  void OnEnd(const absl::Status& status) override {
    Conclude(status.ok() ? absl::UnavailableError("no answer") : status);
  }

  void Conclude(Answer answer) {
    if (std::exchange(concluded_, true)) return;
    answer_.set_value(std::move(answer));
  }

  const absl::Duration timeout_;
  std::promise<Answer> answer_;
  bool concluded_ = false;
  GrpcClientConnection connection_;
  std::shared_ptr<GrpcClientStream> stream_;
};

absl::StatusOr<stelepb::MemberList> FetchFrom(const std::string& address, absl::Duration timeout) {
  EventLoop loop("join");
  ListCall call(&loop, address, timeout);
  std::future<ListCall::Answer> answer = call.answer();
  loop.Post([&call] { call.Start(); });
  loop.Start();
  // The call has a timeout of its own; this one is for a host name that is never resolved.
  const bool answered =
      answer.wait_for(absl::ToChronoMilliseconds(2 * timeout)) == std::future_status::ready;
  loop.Stop();
  if (!answered) return absl::DeadlineExceededError("no answer in time");
  return answer.get();
}

}  // namespace

absl::StatusOr<stelepb::MemberList> FetchMembers(const std::vector<std::string>& host_ports,
                                                 absl::Duration timeout) {
  absl::Status failure = absl::UnavailableError("no other member is named");
  for (const std::string& address : host_ports) {
    absl::StatusOr<stelepb::MemberList> list = FetchFrom(address, timeout);
    if (list.ok()) return list;
    failure = absl::Status(list.status().code(),
                           fmt::format("{}: {}", address, std::string(list.status().message())));
  }
  return failure;
}

absl::StatusOr<JoinPlan> PlanJoin(const Options& options) {
  std::vector<std::string> urls;
  for (const InitialMember& member : options.initial_members) {
    if (member.name == options.name) continue;
    urls.insert(urls.end(), member.peer_urls.begin(), member.peer_urls.end());
  }
  absl::StatusOr<stelepb::MemberList> cluster = FetchMembers(HostPorts(urls), kFetchTimeout);
  if (!cluster.ok()) {
    return absl::Status(
        cluster.status().code(),
        fmt::format("--initial-cluster: cannot fetch cluster info from peer urls: {}",
                    std::string(cluster.status().message())));
  }
  return MatchMembers(options, *cluster);
}

}  // namespace stele::server
