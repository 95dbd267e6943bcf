// The calls of Client about members and their upkeep.
#include "proto/rpc.grpc.pb.h"
#include "src/client/client.h"
#include "src/client/unary_call.h"

namespace stele::client {

using etcdserverpb::Cluster;
using etcdserverpb::Maintenance;

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

absl::StatusOr<etcdserverpb::DefragmentResponse> Client::Defragment(CallOptions options) {
  // Rewriting a file twice does no harm, but takes long: a lost answer is for the caller to judge.
  return Call<Maintenance>(*connections_, CallKind::kWrite, &Maintenance::Stub::Defragment,
                           etcdserverpb::DefragmentRequest(), options);
}

absl::StatusOr<etcdserverpb::HashKVResponse> Client::HashKV(int64_t revision, CallOptions options) {
  etcdserverpb::HashKVRequest request;
  request.set_revision(revision);
  return Call<Maintenance>(*connections_, CallKind::kRead, &Maintenance::Stub::HashKV, request,
                           options);
}

absl::StatusOr<etcdserverpb::HashResponse> Client::Hash(CallOptions options) {
  return Call<Maintenance>(*connections_, CallKind::kRead, &Maintenance::Stub::Hash,
                           etcdserverpb::HashRequest(), options);
}

absl::StatusOr<etcdserverpb::AlarmResponse> Client::Alarm(const etcdserverpb::AlarmRequest& request,
                                                          CallOptions options) {
  const bool only_asks = request.action() == etcdserverpb::AlarmRequest::GET;
  return Call<Maintenance>(*connections_, only_asks ? CallKind::kRead : CallKind::kWrite,
                           &Maintenance::Stub::Alarm, request, options);
}

}  // namespace stele::client
