#include "src/client/client.h"

#include <algorithm>
#include <utility>

#include "proto/rpc.grpc.pb.h"
#include "src/client/connections.h"
#include "src/client/keep_alive_stream.h"
#include "src/client/key_prefix.h"
#include "src/client/unary_call.h"

namespace stele::client {
namespace {

using etcdserverpb::KV;
using etcdserverpb::Lease;

bool OnlyReads(const google::protobuf::RepeatedPtrField<etcdserverpb::RequestOp>& operations) {
  return std::ranges::all_of(operations,
                             [](const auto& operation) { return operation.has_request_range(); });
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
      new Client(std::make_shared<Connections>(options, std::move(endpoints)), ""));
}

Client::Client(std::shared_ptr<Connections> connections, std::string key_prefix)
    : connections_(std::move(connections)), key_prefix_(std::move(key_prefix)) {}

Client::~Client() = default;

std::unique_ptr<Client> Client::InNamespace(const std::string& prefix) const {
  return std::unique_ptr<Client>(new Client(connections_, key_prefix_ + prefix));
}

absl::StatusOr<etcdserverpb::RangeResponse> Client::Range(const etcdserverpb::RangeRequest& request,
                                                          CallOptions options) {
  return StripPrefix(key_prefix_, Call<KV>(*connections_, CallKind::kRead, &KV::Stub::Range,
                                           WithPrefix(key_prefix_, request), options));
}

absl::StatusOr<etcdserverpb::PutResponse> Client::Put(const etcdserverpb::PutRequest& request,
                                                      CallOptions options) {
  return StripPrefix(key_prefix_, Call<KV>(*connections_, CallKind::kWrite, &KV::Stub::Put,
                                           WithPrefix(key_prefix_, request), options));
}

absl::StatusOr<etcdserverpb::DeleteRangeResponse> Client::DeleteRange(
    const etcdserverpb::DeleteRangeRequest& request, CallOptions options) {
  return StripPrefix(key_prefix_, Call<KV>(*connections_, CallKind::kWrite, &KV::Stub::DeleteRange,
                                           WithPrefix(key_prefix_, request), options));
}

absl::StatusOr<etcdserverpb::TxnResponse> Client::Txn(const etcdserverpb::TxnRequest& request,
                                                      CallOptions options) {
  const bool only_reads = OnlyReads(request.success()) && OnlyReads(request.failure());
  return StripPrefix(key_prefix_,
                     Call<KV>(*connections_, only_reads ? CallKind::kRead : CallKind::kWrite,
                              &KV::Stub::Txn, WithPrefix(key_prefix_, request), options));
}

absl::StatusOr<etcdserverpb::CompactionResponse> Client::Compact(
    const etcdserverpb::CompactionRequest& request, CallOptions options) {
  return Call<KV>(*connections_, CallKind::kWrite, &KV::Stub::Compact, request, options);
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
  return StripPrefix(key_prefix_, Call<Lease>(*connections_, CallKind::kRead,
                                              &Lease::Stub::LeaseTimeToLive, request, options));
}

absl::StatusOr<etcdserverpb::LeaseLeasesResponse> Client::LeaseList(CallOptions options) {
  return Call<Lease>(*connections_, CallKind::kRead, &Lease::Stub::LeaseLeases,
                     etcdserverpb::LeaseLeasesRequest(), options);
}

absl::StatusOr<etcdserverpb::LeaseKeepAliveResponse> Client::LeaseKeepAliveOnce(
    int64_t id, CallOptions options) {
  KeepAliveStream stream(*this);
  return stream.Renew(id, DeadlineOf(*connections_, options));
}

}  // namespace stele::client
