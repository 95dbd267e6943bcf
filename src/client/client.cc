#include "src/client/client.h"

#include <algorithm>
#include <utility>

#include "absl/synchronization/notification.h"
#include "proto/rpc.grpc.pb.h"
#include "src/client/connections.h"
#include "src/client/keep_alive_stream.h"
#include "src/client/retry.h"

namespace stele::client {
namespace {

using etcdserverpb::Cluster;
using etcdserverpb::KV;
using etcdserverpb::Lease;
using etcdserverpb::Maintenance;

template <typename Stub, typename Request, typename Response>
using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const Request&, Response*);

bool OnlyReads(const google::protobuf::RepeatedPtrField<etcdserverpb::RequestOp>& operations) {
  return std::ranges::all_of(operations,
                             [](const auto& operation) { return operation.has_request_range(); });
}

// Waits between two tries, but not past the deadline.
void Pause(int attempt, absl::Time deadline) {
  absl::Notification never;
  never.WaitForNotificationWithDeadline(std::min(deadline, absl::Now() + RetryPause(attempt)));
}

// Makes one call of Service's `method`, repeated as far as that is safe for its kind.
template <typename Service, typename Request, typename Response>
absl::StatusOr<Response> Call(Connections& connections, CallKind kind,
                              Method<typename Service::Stub, Request, Response> method,
                              const Request& request, const CallOptions& options) {
  const absl::Duration timeout =
      options.timeout > absl::ZeroDuration() ? options.timeout : connections.options().call_timeout;
  const absl::Time deadline = absl::Now() + timeout;
  for (int attempt = 1;; ++attempt) {
    auto connection = connections.Pick(deadline);
    if (!connection.ok()) return connection.status();
    grpc::ClientContext context;
    context.set_deadline(ToDeadline(deadline));
    typename Service::Stub stub(connection->channel);
    Response response;
    const grpc::Status answer = (stub.*method)(&context, request, &response);
    if (answer.ok()) return response;
    const absl::Status status = ToStatus(answer, connection->endpoint);
    connections.MarkFailed(*connection, status);
    if (!MayRetry(kind, status) || absl::Now() >= deadline) return status;
    Pause(attempt, deadline);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Client>> Client::Create(const ClientOptions& options) {
  std::vector<Endpoint> endpoints;
  for (const std::string& text : options.endpoints) {
    auto endpoint = ParseEndpoint(text);
    if (!endpoint.ok()) return endpoint.status();
    endpoints.push_back(*std::move(endpoint));
  }
  if (endpoints.empty()) return absl::InvalidArgumentError("no endpoint is given");
  return std::unique_ptr<Client>(
      new Client(std::make_shared<Connections>(options, std::move(endpoints))));
}

Client::Client(std::shared_ptr<Connections> connections) : connections_(std::move(connections)) {}

Client::~Client() = default;

absl::StatusOr<etcdserverpb::RangeResponse> Client::Range(const etcdserverpb::RangeRequest& request,
                                                          CallOptions options) {
  return Call<KV>(*connections_, CallKind::kRead, &KV::Stub::Range, request, options);
}

absl::StatusOr<etcdserverpb::PutResponse> Client::Put(const etcdserverpb::PutRequest& request,
                                                      CallOptions options) {
  return Call<KV>(*connections_, CallKind::kWrite, &KV::Stub::Put, request, options);
}

absl::StatusOr<etcdserverpb::DeleteRangeResponse> Client::DeleteRange(
    const etcdserverpb::DeleteRangeRequest& request, CallOptions options) {
  return Call<KV>(*connections_, CallKind::kWrite, &KV::Stub::DeleteRange, request, options);
}

absl::StatusOr<etcdserverpb::TxnResponse> Client::Txn(const etcdserverpb::TxnRequest& request,
                                                      CallOptions options) {
  const bool only_reads = OnlyReads(request.success()) && OnlyReads(request.failure());
  return Call<KV>(*connections_, only_reads ? CallKind::kRead : CallKind::kWrite, &KV::Stub::Txn,
                  request, options);
}

absl::StatusOr<etcdserverpb::CompactionResponse> Client::Compact(
    const etcdserverpb::CompactionRequest& request, CallOptions options) {
  return Call<KV>(*connections_, CallKind::kWrite, &KV::Stub::Compact, request, options);
}

absl::StatusOr<mvccpb::KeyValue> Client::Get(const std::string& key) {
  etcdserverpb::RangeRequest request;
  request.set_key(key);
  auto response = Range(request);
  if (!response.ok()) return response.status();
  if (response->kvs().empty()) return absl::NotFoundError("there is no such key");
  return std::move(*response->mutable_kvs(0));
}

absl::StatusOr<etcdserverpb::PutResponse> Client::Put(const std::string& key,
                                                      const std::string& value, int64_t lease_id) {
  etcdserverpb::PutRequest request;
  request.set_key(key);
  request.set_value(value);
  request.set_lease(lease_id);
  return Put(request);
}

absl::StatusOr<etcdserverpb::DeleteRangeResponse> Client::Delete(const std::string& key) {
  etcdserverpb::DeleteRangeRequest request;
  request.set_key(key);
  return DeleteRange(request);
}

absl::StatusOr<etcdserverpb::LeaseGrantResponse> Client::LeaseGrant(int64_t ttl_seconds, int64_t id,
                                                                    CallOptions options) {
  etcdserverpb::LeaseGrantRequest request;
  request.set_ttl(ttl_seconds);
  request.set_id(id);
  return Call<Lease>(*connections_, CallKind::kWrite, &Lease::Stub::LeaseGrant, request, options);
}

absl::StatusOr<etcdserverpb::LeaseRevokeResponse> Client::LeaseRevoke(int64_t id,
                                                                      CallOptions options) {
  etcdserverpb::LeaseRevokeRequest request;
  request.set_id(id);
  return Call<Lease>(*connections_, CallKind::kWrite, &Lease::Stub::LeaseRevoke, request, options);
}

absl::StatusOr<etcdserverpb::LeaseTimeToLiveResponse> Client::LeaseTimeToLive(int64_t id, bool keys,
                                                                              CallOptions options) {
  etcdserverpb::LeaseTimeToLiveRequest request;
  request.set_id(id);
  request.set_keys(keys);
  return Call<Lease>(*connections_, CallKind::kRead, &Lease::Stub::LeaseTimeToLive, request,
                     options);
}

absl::StatusOr<etcdserverpb::LeaseLeasesResponse> Client::LeaseList(CallOptions options) {
  return Call<Lease>(*connections_, CallKind::kRead, &Lease::Stub::LeaseLeases,
                     etcdserverpb::LeaseLeasesRequest(), options);
}

absl::StatusOr<etcdserverpb::LeaseKeepAliveResponse> Client::LeaseKeepAliveOnce(
    int64_t id, CallOptions options) {
  const absl::Duration timeout = options.timeout > absl::ZeroDuration()
                                     ? options.timeout
                                     : connections_->options().call_timeout;
  KeepAliveStream stream(*this);
  return stream.Renew(id, absl::Now() + timeout);
}

absl::StatusOr<etcdserverpb::MemberListResponse> Client::MemberList(bool linearizable,
                                                                    CallOptions options) {
  etcdserverpb::MemberListRequest request;
  request.set_linearizable(linearizable);
  return Call<Cluster>(*connections_, CallKind::kRead, &Cluster::Stub::MemberList, request,
                       options);
}

absl::StatusOr<etcdserverpb::MemberAddResponse> Client::MemberAdd(
    const std::vector<std::string>& peer_urls, bool learner, CallOptions options) {
  etcdserverpb::MemberAddRequest request;
  *request.mutable_peerurls() = {peer_urls.begin(), peer_urls.end()};
  request.set_islearner(learner);
  return Call<Cluster>(*connections_, CallKind::kWrite, &Cluster::Stub::MemberAdd, request,
                       options);
}

absl::StatusOr<etcdserverpb::MemberRemoveResponse> Client::MemberRemove(uint64_t id,
                                                                        CallOptions options) {
  etcdserverpb::MemberRemoveRequest request;
  request.set_id(id);
  return Call<Cluster>(*connections_, CallKind::kWrite, &Cluster::Stub::MemberRemove, request,
                       options);
}

absl::StatusOr<etcdserverpb::MemberUpdateResponse> Client::MemberUpdate(
    uint64_t id, const std::vector<std::string>& peer_urls, CallOptions options) {
  etcdserverpb::MemberUpdateRequest request;
  request.set_id(id);
  *request.mutable_peerurls() = {peer_urls.begin(), peer_urls.end()};
  return Call<Cluster>(*connections_, CallKind::kWrite, &Cluster::Stub::MemberUpdate, request,
                       options);
}

absl::StatusOr<etcdserverpb::MemberPromoteResponse> Client::MemberPromote(uint64_t id,
                                                                          CallOptions options) {
  etcdserverpb::MemberPromoteRequest request;
  request.set_id(id);
  return Call<Cluster>(*connections_, CallKind::kWrite, &Cluster::Stub::MemberPromote, request,
                       options);
}

absl::StatusOr<etcdserverpb::MoveLeaderResponse> Client::MoveLeader(uint64_t target,
                                                                    CallOptions options) {
  etcdserverpb::MoveLeaderRequest request;
  request.set_targetid(target);
  return Call<Maintenance>(*connections_, CallKind::kWrite, &Maintenance::Stub::MoveLeader, request,
                           options);
}

absl::StatusOr<etcdserverpb::StatusResponse> Client::Status(CallOptions options) {
  return Call<Maintenance>(*connections_, CallKind::kRead, &Maintenance::Stub::Status,
                           etcdserverpb::StatusRequest(), options);
}

std::string PrefixRangeEnd(std::string prefix) {
  while (!prefix.empty()) {
    if (static_cast<unsigned char>(prefix.back()) != 0xff) {
      prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
      return prefix;
    }
    prefix.pop_back();
  }
  // No key is behind all of them: the range has no end.
  return std::string(1, '\0');
}

}  // namespace stele::client
