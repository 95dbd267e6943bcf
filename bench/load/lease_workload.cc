#include "bench/load/lease_workload.h"

#include <array>

#include "bench/load/grpc_frame.h"
#include "proto/rpc.pb.h"

namespace stele::load {

LeaseGrantWorkload::LeaseGrantWorkload(const KeySequence::Options& numbers, LeaseIds ids,
                                       std::int64_t ttl_s)
    : ids_(ids), ttl_s_(ttl_s), numbers_(numbers) {}

std::span<const std::string_view> LeaseGrantWorkload::operations() const {
  static constexpr std::array<std::string_view, 1> kOperations = {"grant"};
  return kOperations;
}

void LeaseGrantWorkload::Prepare(Request* request) {
  etcdserverpb::LeaseGrantRequest grant;
  grant.set_ttl(ttl_s_);
  grant.set_id(ids_.Of(numbers_.Next()));
  request->path = "/etcdserverpb.Lease/LeaseGrant";
  request->body = FrameGrpcMessage(grant.SerializeAsString());
}

LeaseKeepAliveWorkload::LeaseKeepAliveWorkload(const KeySequence::Options& numbers, LeaseIds ids)
    : ids_(ids), numbers_(numbers) {}

std::span<const std::string_view> LeaseKeepAliveWorkload::operations() const {
  static constexpr std::array<std::string_view, 1> kOperations = {"keepalive"};
  return kOperations;
}

void LeaseKeepAliveWorkload::Prepare(Request* request) {
  etcdserverpb::LeaseKeepAliveRequest renewal;
  renewal.set_id(ids_.Of(numbers_.Next()));
  request->path = "/etcdserverpb.Lease/LeaseKeepAlive";
  request->body = FrameGrpcMessage(renewal.SerializeAsString());
}

Verdict LeaseKeepAliveWorkload::OnMessage(Request* /*request*/, std::string_view message,
                                          std::string* failure) {
  etcdserverpb::LeaseKeepAliveResponse answer;
  if (!answer.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
    *failure = "the answer cannot be parsed";
    return Verdict::kFailed;
  }
  if (answer.ttl() > 0) return Verdict::kDone;
  *failure = "the lease is gone";
  return Verdict::kFailed;
}

}  // namespace stele::load
